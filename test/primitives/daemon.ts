/**
 * The process of the kill suite that holds the store: every primitive behind a socket. Two consumers of one cursor and
 * two of one inbox work in it all the time, each in the other's way.
 *
 * Arguments: the store's file, the socket.
 */
import { Duration, Effect, Layer, Logger, Stream } from "effect";
import { encodeFailure, refuseRequest } from "../../daemon/api/encodeFailure.ts";
import { listen } from "../../daemon/api/listen.ts";
import { Reservations } from "../../daemon/coordination/reservations/Reservations.ts";
import { sqlLayer } from "../../daemon/platform/Sql.ts";
import { AwakeClock } from "../../daemon/primitives/AwakeClock.ts";
import { Cursor } from "../../daemon/primitives/Cursor.ts";
import { Deferred } from "../../daemon/primitives/Deferred.ts";
import { EventStore, type NewEvent, type Origin } from "../../daemon/primitives/EventStore.ts";
import { Lock } from "../../daemon/primitives/Lock.ts";
import { Mailbox } from "../../daemon/primitives/Mailbox.ts";
import { projections, stateTables } from "../../daemon/tables.ts";
import type { AnyError } from "../../shared/contract/errors.ts";
import { createPlainHandler } from "../../shared/router/createPlainHandler.ts";
import { implement } from "../../shared/router/implement.ts";
import { table } from "./table.ts";

const [file = "", socket = ""] = process.argv.slice(2);
const origin: Origin = { project: "p", actor: "daemon" };
const visibility = Duration.millis(400);

/** The trace that a message or an event was worked on: there must be one for each. */
const trace = (kind: string, id: string): NewEvent => ({
  stream: `agent/${kind}`,
  type: "agent_ended",
  data: { name: `${kind}-${id}`, reason: "worked on" },
});

type Services = Lock | Reservations | Mailbox | Deferred | Cursor | EventStore;
const done = {};

const routes = implement<typeof table, undefined, AnyError, Services>(table, {
  lock: {
    acquire: ({ input: { name, holder, ttl, wait } }) =>
      Effect.flatMap(Lock, (locks) => locks.acquire(origin, name, { holder, ttl, wait })),
    release: ({ input }) => Effect.flatMap(Lock, (locks) => Effect.as(locks.release(origin, input), done)),
  },
  lease: {
    reserve: ({ input: { holder, patterns, wait } }) =>
      Effect.gen(function* () {
        const reservations = yield* Reservations;
        const request = { holder, patterns, ttlSeconds: 2 };
        const outcome = yield* reservations.reserveOrWait(origin, request, wait);
        if (outcome.kind === "granted") return outcome.lease;
        // It may have been granted at this very moment.
        yield* Effect.ignore(reservations.withdraw(origin, holder, outcome.ticket.ticket));
        return null;
      }),
    release: ({ input }) =>
      Effect.flatMap(Reservations, (all) => Effect.as(all.release(origin, input, "done"), done)),
  },
  mail: {
    send: ({ input }) =>
      Effect.flatMap(Mailbox, (mailbox) => mailbox.send(origin, { subject: "work", ...input })),
    receive: ({ input }) =>
      Effect.flatMap(Mailbox, (mailbox) =>
        mailbox.receive(origin.project, input.recipient, { limit: 3, visibility }),
      ),
    ack: ({ input: { recipient, id, delivery } }) =>
      Effect.flatMap(Mailbox, (mailbox) => Effect.as(mailbox.ack(origin, recipient, id, delivery), done)),
  },
  deferred: {
    create: ({ input }) => Effect.flatMap(Deferred, (all) => all.create(origin, input)),
    resolve: ({ input: { id, value } }) => Effect.flatMap(Deferred, (all) => all.resolve(origin, id, value)),
    reject: ({ input: { id, reason } }) => Effect.flatMap(Deferred, (all) => all.reject(origin, id, reason)),
    get: ({ input }) => Effect.flatMap(Deferred, (all) => all.get(origin.project, input.id)),
  },
  left: () =>
    Effect.gen(function* () {
      const messages = yield* (yield* Mailbox).inbox(origin.project, "worker");
      const { position } = yield* (yield* Cursor).open(origin, "consumer");
      const store = yield* EventStore;
      const filter = { project: origin.project, types: ["mail_sent"], after: yield* position };
      return { messages: messages.length, events: (yield* store.readAll(filter)).length };
    }),
  cursor: {
    position: () =>
      Effect.flatMap(Cursor, (cursors) =>
        Effect.gen(function* () {
          return { seq: yield* (yield* cursors.open(origin, "consumer")).position };
        }),
      ),
  },
});

/** Leaves a trace of each message sent to the worker, written with the ack; sometimes too late. */
const worker = Effect.flatMap(Mailbox, (mailbox) =>
  mailbox
    .process(origin, "worker", { visibility }, ({ id }) =>
      Effect.delay(Effect.succeed([trace("worked", id)]), Math.random() < 0.1 ? "500 millis" : "5 millis"),
    )
    .pipe(Stream.runDrain),
);

/** Leaves a trace of each message sent, written with its checkpoint; begins anew when the other one was quicker. */
const consumer = Effect.gen(function* () {
  const cursor = yield* (yield* Cursor).open(origin, "consumer", { types: ["mail_sent"] });
  yield* Stream.runForEach(cursor.stream, (event) =>
    cursor.commit(event.seq, [trace("consumed", String(event.seq))]),
  );
}).pipe(Effect.catchTag("ConcurrencyConflict", () => Effect.void));

const daemon = Effect.gen(function* () {
  const services = yield* Effect.context<Services>();
  for (const work of [worker, worker, Effect.forever(consumer), Effect.forever(consumer)])
    yield* Effect.forkChild(work);
  const handler = createPlainHandler({
    routes,
    services,
    context: () => Effect.succeed(undefined),
    refuse: refuseRequest,
    encodeFailure: encodeFailure((_, cause) => console.error(String(cause))),
  });
  yield* listen({ socket, handler });
  yield* Effect.never;
});

const store = EventStore.layer(projections, stateTables).pipe(
  Layer.provideMerge(AwakeClock.layer),
  Layer.provide(sqlLayer({ file })),
);
const primitives = Layer.mergeAll(Cursor.layer, Lock.layer, Mailbox.layer, Reservations.layer).pipe(
  Layer.provideMerge(Deferred.layer),
  Layer.provideMerge(store),
);
await Effect.runPromise(
  daemon.pipe(Effect.provide(primitives), Effect.scoped, Effect.provide(Logger.layer([]))),
);
