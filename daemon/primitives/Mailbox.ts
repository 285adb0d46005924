/**
 * Durable mail. `send` returns when the message is on disk. Who receives it has it for a time, the visibility time,
 * and acks it; what is not acked in time comes back: delivery is *at least once*. After five deliveries a message is
 * a dead letter. A thread hands out one message at a time, in the order of sending.
 *
 * `process` makes it *exactly once in the store*: what the handler returns is written together with the ack, or not at
 * all. The id of a delivery is a *fencing* token: whoever was too slow can't ack what another has in hand by now.
 */
import { randomUUID, randomUUIDv7 } from "node:crypto";
import { Context, Duration, Effect, Exit, Layer, Queue, Result, type Stream } from "effect";
import type { DeferredView } from "../../shared/contract/deferredRoutes.ts";
import {
  type DeliveryLost,
  type EventRejected,
  InvalidInput,
  NotFound,
  NotNow,
  type Rejected,
  type StorageError,
  type TimedOut,
} from "../../shared/contract/errors.ts";
import { isKnown, type StoredEvent } from "../../shared/contract/events.ts";
import { AwakeClock } from "./AwakeClock.ts";
import { Deferred, deferredCreated } from "./Deferred.ts";
import { makeDeadlines } from "./deadlines.ts";
import { type Decision, EventStore, type NewEvent, neverRejected, type Origin } from "./EventStore.ts";
import { localTenant } from "./eventQueries.ts";
import * as decisions from "./mailDecisions.ts";
import { type Message, messageOf, type NewMessage, nameFault, readMessage } from "./mailMessage.ts";
import { makeProcess, type Processed } from "./mailProcess.ts";
import { makeRecentMail } from "./mailRecent.ts";
import { dead, mailDeliveries, streamOf, waiting } from "./mailTables.ts";
import { keyOf, mailView } from "./mailView.ts";
import { makeWaiters } from "./mailWaiters.ts";

export type { ReceiveOptions } from "./mailDecisions.ts";
export type { Message, NewMessage } from "./mailMessage.ts";
export type { Processed } from "./mailProcess.ts";

export interface Delivery extends Message {
  /** What acks it. */
  readonly delivery: string;
  /** How often the message was handed out, this time included. */
  readonly deliveries: number;
  /** ISO 8601: then it comes back. */
  readonly visibleAgainAt: string;
}

export interface DeadLetter extends Message {
  readonly recipient: string;
  readonly deliveries: number;
  /** What the last attempt said. */
  readonly error: string;
  /** ISO 8601. */
  readonly deadAt: string;
}

/** A message whose answer is awaited. */
export type Question = Omit<NewMessage, "id" | "replyTo">;

export interface AskOptions {
  /** Until then it can be answered: 1 h unless given; at most 366 days. */
  readonly expires?: Duration.Input;
}

type Json = NonNullable<DeferredView["value"]> | null;

/** Asked in the decision itself: why it is not to be, undefined when it may. It must change nothing. */
export type Refusal<E> = () => E | undefined;

export class Mailbox extends Context.Service<
  Mailbox,
  {
    /** Sent again with the same id it is the same message; other content under that id is an `EventRejected`. */
    readonly send: <E extends object = never>(
      origin: Origin,
      message: NewMessage,
      refusal?: Refusal<E>,
    ) => Effect.Effect<Message, E | InvalidInput | EventRejected | StorageError>;
    /** Hands out what comes first: urgent before high, normal, low; then what was sent first. */
    readonly receive: (
      project: string,
      recipient: string,
      options?: decisions.ReceiveOptions,
    ) => Effect.Effect<ReadonlyArray<Delivery>, InvalidInput | StorageError>;
    readonly ack: (
      origin: Origin,
      recipient: string,
      id: string,
      delivery: string,
    ) => Effect.Effect<void, DeliveryLost | StorageError>;
    /** Acks a message that waits, handed out or not, for a recipient that is known to have dealt with it. */
    readonly seen: (
      origin: Origin,
      recipient: string,
      id: string,
    ) => Effect.Effect<void, NotFound | StorageError>;
    /** Gives the message back at once, with what went wrong; after the last delivery it is a dead letter. */
    readonly fail: (
      origin: Origin,
      recipient: string,
      id: string,
      delivery: string,
      error: string,
    ) => Effect.Effect<{ readonly dead: boolean }, DeliveryLost | StorageError>;
    /**
     * Hands each message to the handler, for ever, one at a time, and says what became of it. The events that the
     * handler returns and the ack are one append, refused when the message's time ran out meanwhile; nothing is open
     * while it works. A handler that fails gives the message back.
     */
    readonly process: <E, R>(
      origin: Origin,
      recipient: string,
      options: { readonly visibility?: Duration.Input },
      handler: (delivery: Delivery) => Effect.Effect<ReadonlyArray<NewEvent>, E, R>,
    ) => Stream.Stream<Processed, InvalidInput | StorageError, R>;
    /** What waits or is out, the first to come first, at most 200; nothing is handed out by it. */
    readonly inbox: (
      project: string,
      recipient: string,
    ) => Effect.Effect<ReadonlyArray<Message>, StorageError>;
    /** The dead letters of a recipient, or of everybody in the project; the latest first, at most 200. */
    readonly dead: (
      project: string,
      recipient?: string,
    ) => Effect.Effect<ReadonlyArray<DeadLetter>, StorageError>;
    /** Puts a dead letter back into its place, with all of its deliveries before it. */
    readonly revive: <E extends object = never>(
      origin: Origin,
      recipient: string,
      id: string,
      refusal?: Refusal<E>,
    ) => Effect.Effect<Message, E | NotFound | NotNow | StorageError>;
    /** Sends a message whose answer settles a deferred; both are written, or neither. */
    readonly request: <E extends object = never>(
      origin: Origin,
      message: Question,
      options?: AskOptions,
      refusal?: Refusal<E>,
    ) => Effect.Effect<
      { readonly message: Message; readonly deferred: DeferredView },
      E | InvalidInput | EventRejected | StorageError
    >;
    /**
     * The answer to a message. Asked again it is another question; who must be able to ask again after a crash makes
     * the deferred and sends the message with ids of its own.
     */
    readonly ask: (
      origin: Origin,
      message: Question,
      options?: AskOptions,
    ) => Effect.Effect<Json, Rejected | TimedOut | NotFound | InvalidInput | EventRejected | StorageError>;
    /**
     * What makes dead letters of all that waits for somebody who will not come any more. To be called in a decision
     * only.
     */
    readonly leaving: (project: string, recipient: string, why: string) => decisions.Writes;
  }
>()("opencode-vibe/primitives/Mailbox") {
  static readonly layer = Layer.effect(
    Mailbox,
    Effect.suspend(() => make),
  );
}

const longestExpiry = Duration.toMillis("366 days");
/** Most that a list shows. */
const listed = 200;
const longestError = 2000;
/** After a failure of the store a return is tried again. */
const tryAgainAfter = 5000;

const make = Effect.gen(function* () {
  const store = yield* EventStore;
  const clock = yield* AwakeClock;
  const answers = yield* Deferred;
  const waiters = makeWaiters();
  const recent = makeRecentMail();
  const givenBack = yield* Queue.unbounded<ReadonlyArray<decisions.Taken>>();
  /** Dead letters that are being revived, and whether that was done by another meanwhile. */
  const reviving = new Set<{ readonly key: string; readonly id: string; done: boolean }>();

  const view = mailView({
    awakeOf: clock.awakeOf,
    onNextReturn: (key, at) => (at === undefined ? deadlines.clear(key) : deadlines.set(key, at)),
  });
  const at = (project: string): decisions.At => ({ view, project, now: clock.now(), wallOf: clock.wallOf });
  const decide = <A, E>(
    origin: Origin,
    decision: (at: decisions.At) => Result.Result<readonly [A, decisions.Writes], E>,
    told: (decided: A) => void = () => undefined,
  ): Effect.Effect<A, E | EventRejected | StorageError> =>
    store.decide(origin, () =>
      Result.map(decision(at(origin.project)), ([decided, writes]) => ({
        ...writes,
        answer: () => {
          told(decided);
          return decided;
        },
      })),
    );
  const byDaemon = (project: string): Origin => ({ project, actor: "daemon" });

  const returns = (keys: ReadonlyArray<string>): Effect.Effect<void> =>
    Effect.forEach(
      keys,
      (key) => {
        const [project, recipient] = key.split("\n") as [string, string];
        return neverRejected(
          decide(
            byDaemon(project),
            (now) => Result.succeed([undefined, decisions.decideReturns(now, recipient)]),
            // When nothing was over, the deadline that asked must be set anew.
            () => view.remind(project, recipient),
          ),
        ).pipe(
          Effect.catchTag("StorageError", ({ message }) => {
            deadlines.set(key, clock.now() + tryAgainAfter);
            return Effect.logWarning("mail that nobody acked could not be taken back yet", { message });
          }),
        );
      },
      { discard: true, concurrency: "unbounded" },
    );
  const deadlines = yield* makeDeadlines(clock, returns);

  yield* store.onCommit((events, state) => {
    for (const event of events) {
      if (!event.stream.startsWith("mail/") || !isKnown(event)) continue;
      if (event.type === "mail_sent") {
        recent.put(messageOf(event as StoredEvent));
        for (const recipient of event.data.to) waiters.wake(keyOf(event.project, recipient), 1);
      }
      // One that was in nobody's hand frees the next of its thread.
      if (event.type === "mail_acked") waiters.wake(keyOf(event.project, event.data.recipient), 1);
      if (event.type === "mail_revived") waiters.wake(keyOf(event.project, event.data.recipient), 1);
    }
    // A message that is in nobody's hand any more frees itself, or the next of its thread.
    for (const change of state) {
      if (change.table === mailDeliveries.name && ("delete" in change || change.set.delivery === null))
        waiters.wake(keyOf(change.project, String(change.key.recipient)), 1);
    }
  });
  yield* store.attach({
    load: Effect.gen(function* () {
      view.load({
        waiting: yield* store.rows(waiting),
        deliveries: yield* store.rows(mailDeliveries.name),
      });
      recent.clear();
      for (const one of reviving) one.done = true;
    }),
    applyEvent: (event) => {
      view.applyEvent(event);
      if (event.type !== "mail_revived" || !isKnown(event) || event.type !== "mail_revived") return;
      for (const one of reviving) {
        if (one.key === keyOf(event.project, event.data.recipient) && one.id === event.data.id)
          one.done = true;
      }
    },
    applyState: view.applyState,
  });
  yield* Queue.take(givenBack).pipe(
    Effect.flatMap((taken) =>
      decide(byDaemon(taken[0]!.project), (now) => Result.succeed(decisions.decideGiveBack(now, taken))),
    ),
    // What can't be given back comes back by itself.
    Effect.ignore,
    Effect.forever,
    Effect.forkScoped,
  );
  const giveBack = (taken: ReadonlyArray<decisions.Taken>) =>
    taken.length === 0 ? false : Queue.offerUnsafe(givenBack, taken);

  // Rows say by wall time when a message comes back, which has come to mean another moment.
  yield* clock.onJump(
    Effect.gen(function* () {
      const rows = yield* store.rows(mailDeliveries.name);
      for (const project of new Set(rows.map((row) => String(row.project))))
        yield* decide(byDaemon(project), (now) => Result.succeed(decisions.rewriteReturns(now)));
    }).pipe(Effect.ignore({ log: "Warn" })),
  );

  /** Messages by their ids; those that are gone from the log are left out. */
  const messages = Effect.fnUntraced(function* (ids: ReadonlyArray<string>) {
    const missing = ids.filter((id) => recent.get(id) === undefined);
    const found = missing.length === 0 ? undefined : yield* store.byId(missing);
    return new Map(
      ids.flatMap((id) => {
        const event = found?.get(id);
        const message = event === undefined ? recent.get(id) : messageOf(event);
        return message === undefined ? [] : [[id, message] as const];
      }),
    );
  });

  /** Hands out what there is, and waits for the first message if told to. */
  const take = (project: string, recipient: string, wanted: decisions.Wanted, call: Call) =>
    Effect.suspend(() => {
      const key = keyOf(project, recipient);
      const until = clock.now() + wanted.wait;
      const waiter = wanted.wait > 0 ? waiters.join(key) : undefined;
      const attempt = neverRejected(
        decide(
          byDaemon(project),
          (now) =>
            Result.succeed(
              call.gone ? nothingTaken : decisions.decideTake(now, recipient, wanted, () => randomUUID()),
            ),
          ({ taken, more }) => {
            call.taken = taken;
            if (call.gone) giveBack(taken);
            if (more) waiters.wake(key, 1);
          },
        ),
      );
      return Effect.gen(function* () {
        for (;;) {
          // A wake-up that comes while the writer decides is not lost.
          waiter?.listen();
          const { taken, returned } = yield* attempt;
          if (taken.length > 0) return taken;
          if (returned) continue;
          if (waiter === undefined || clock.now() >= until) return [];
          yield* Effect.raceFirst(waiter.woken, clock.sleepUntil(until));
        }
      }).pipe(
        Effect.ensuring(
          Effect.sync(() => {
            waiter?.leave();
            if (waiter?.wasWoken()) waiters.wake(key, 1);
          }),
        ),
      );
    });

  const receive = Effect.fn("Mailbox.receive")(function* (
    project: string,
    recipient: string,
    options: decisions.ReceiveOptions = {},
  ) {
    const fault = nameFault("recipient", recipient);
    if (fault !== undefined) return yield* new InvalidInput({ message: fault });
    const wanted = yield* decisions.readReceive(options);
    const call: Call = { gone: false, taken: [] };
    return yield* Effect.gen(function* () {
      const taken = yield* take(project, recipient, wanted, call);
      const found = yield* messages(taken.map(({ id }) => id));
      return taken.flatMap(({ id, delivery, deliveries, until }): ReadonlyArray<Delivery> => {
        const message = found.get(id);
        const visibleAgainAt = new Date(clock.wallOf(until)).toISOString();
        return message === undefined ? [] : [{ ...message, delivery, deliveries, visibleAgainAt }];
      });
    }).pipe(
      // Nobody gets to see what was handed out to this call.
      Effect.onExit((exit) =>
        Effect.sync(() => {
          if (Exit.isSuccess(exit)) return;
          call.gone = true;
          giveBack(call.taken);
        }),
      ),
    );
  });

  const settle = (
    origin: Origin,
    recipient: string,
    { id, delivery }: Pick<Delivery, "id" | "delivery">,
    events: ReadonlyArray<NewEvent>,
  ) => Effect.asVoid(decide(origin, (now) => decisions.decideAck(now, recipient, id, delivery, events)));

  const fail = Effect.fn("Mailbox.fail")(function* (
    origin: Origin,
    recipient: string,
    id: string,
    delivery: string,
    error: string,
  ) {
    const said = error.toWellFormed().slice(0, longestError).toWellFormed();
    return yield* neverRejected(
      decide(origin, (now) => decisions.decideFail(now, recipient, id, delivery, said)),
    );
  });

  /** Writes a message, and what goes with it. */
  const post = Effect.fnUntraced(function* <E extends object = never>(
    origin: Origin,
    message: NewMessage,
    refusal: Refusal<E> = () => undefined,
    beside: ReadonlyArray<NewEvent>,
  ) {
    const { id: given, thread, replyTo, ...fields } = yield* readMessage(message);
    const id = given ?? randomUUIDv7();
    const data = { ...fields, id, thread: thread ?? id, ...(replyTo === undefined ? {} : { replyTo }) };
    const stream = streamOf(data.thread);
    const event: NewEvent = { id, idIsNew: given === undefined, stream, type: "mail_sent", data };
    const send = store.decide(origin, (): Result.Result<Decision<Message>, E> => {
      const why = refusal();
      return why === undefined
        ? Result.succeed({ events: [event, ...beside], answer: ([stored]) => messageOf(stored!) })
        : Result.fail(why);
    });
    if (given === undefined) return yield* send;
    // What was sent before stays sent, whatever would stand in its way by now.
    return yield* Effect.catch(send, (why) =>
      Effect.gen(function* () {
        if (!(yield* store.byId([id])).has(id)) return yield* Effect.fail(why);
        const again = store.append(origin, [event]).pipe(Effect.catchTag("ConcurrencyConflict", Effect.die));
        return messageOf((yield* again)[0]!);
      }),
    );
  });

  const request = Effect.fn("Mailbox.request")(function* <E extends object = never>(
    origin: Origin,
    question: Question,
    { expires = "1 hour" }: AskOptions = {},
    refusal?: Refusal<E>,
  ) {
    const forMillis = Duration.toMillis(expires);
    if (!(forMillis >= 1 && forMillis <= longestExpiry)) {
      const message = "An answer can be awaited for 1 ms to 366 days: choose such a time.";
      return yield* new InvalidInput({ message });
    }
    const replyTo = randomUUIDv7();
    const expiresAt = new Date(clock.wallOf(clock.now() + forMillis)).toISOString();
    const created = deferredCreated({ id: replyTo, expiresAt, owner: question.from });
    const message = yield* post(origin, { ...question, replyTo }, refusal, [{ ...created, idIsNew: true }]);
    const deferred: DeferredView = { id: replyTo, state: "pending", expiresAt };
    return { message, deferred };
  });

  return Mailbox.of({
    send: Effect.fn("Mailbox.send")(function* (origin, message, refusal) {
      return yield* post(origin, message, refusal, []);
    }),
    request,
    ask: Effect.fn("Mailbox.ask")(function* (origin, message, options) {
      const { deferred } = yield* request(origin, message, options);
      return yield* answers.await(origin.project, deferred.id);
    }),
    receive,
    ack: Effect.fn("Mailbox.ack")(function* (origin, recipient, id, delivery) {
      yield* neverRejected(settle(origin, recipient, { id, delivery }, []));
    }),
    seen: Effect.fn("Mailbox.seen")(function* (origin, recipient, id) {
      yield* neverRejected(decide(origin, (now) => decisions.decideSeen(now, recipient, id)));
    }),
    fail,
    process: makeProcess({ receive, settle, fail, giveBack: (taken) => void giveBack([taken]) }),
    inbox: Effect.fn("Mailbox.inbox")(function* (project, recipient) {
      const rows = yield* store.rows(waiting, { tenant: localTenant, project, recipient });
      const ids = rows
        .filter((row) => row.seq !== null)
        .toSorted((a, b) => Number(a.rank) - Number(b.rank) || Number(a.seq) - Number(b.seq))
        .slice(0, listed)
        .map((row) => String(row.id));
      const found = yield* messages(ids);
      return ids.flatMap((id) => found.get(id) ?? []);
    }),
    dead: Effect.fn("Mailbox.dead")(function* (project, recipient) {
      const whose = recipient === undefined ? {} : { recipient };
      const rows = (yield* store.rows(dead, { tenant: localTenant, project, ...whose }))
        .filter((row) => row.dead_at !== null)
        .toSorted((a, b) => (String(a.dead_at) < String(b.dead_at) ? 1 : -1))
        .slice(0, listed);
      const found = yield* messages(rows.map((row) => String(row.id)));
      return rows.flatMap((row): ReadonlyArray<DeadLetter> => {
        const message = found.get(String(row.id));
        if (message === undefined) return [];
        const { deliveries, error, dead_at } = row;
        return [
          {
            ...message,
            recipient: String(row.recipient),
            deliveries: Number(deliveries),
            error: String(error),
            deadAt: String(dead_at),
          },
        ];
      });
    }),
    revive: Effect.fn("Mailbox.revive")(function* <E extends object = never>(
      origin: Origin,
      recipient: string,
      id: string,
      refusal: Refusal<E> = () => undefined,
    ) {
      const { project } = origin;
      const tenant = origin.tenant ?? localTenant;
      const watch = { key: keyOf(project, recipient), id, done: false };
      reviving.add(watch);
      return yield* Effect.gen(function* () {
        for (;;) {
          watch.done = false;
          const [row] = yield* store.rows(dead, { tenant, project, recipient, id });
          const event = (yield* store.byId([id])).get(id);
          if (row === undefined || event === undefined || !isKnown(event) || event.type !== "mail_sent") {
            return yield* new NotFound({
              message: `${recipient} has no dead letter ${id}. \`mail dead\` lists those that there are.`,
            });
          }
          const { thread, importance } = event.data;
          const data = { id, recipient, sent: event.seq, importance };
          const revived: NewEvent = { stream: streamOf(thread), type: "mail_revived", data };
          const done = yield* neverRejected(
            decide(origin, (now): Result.Result<readonly [boolean, decisions.Writes], E | NotNow> => {
              if (watch.done) return Result.succeed([false, { events: [], state: [] }]);
              if (now.view.letter(project, recipient, id) !== undefined) {
                const message = `Message ${id} is back in ${recipient}'s inbox already.`;
                return Result.fail(new NotNow({ message }));
              }
              const why = refusal();
              if (why !== undefined) return Result.fail(why);
              return Result.succeed([true, { events: [revived], state: [] }]);
            }),
          );
          if (done) return messageOf(event as StoredEvent);
        }
      }).pipe(Effect.ensuring(Effect.sync(() => reviving.delete(watch))));
    }),
    leaving: (project, recipient, why) => decisions.decideLeaving(at(project), recipient, why),
  });
});

/** One call of `receive`. */
interface Call {
  /** Its caller has left. */
  gone: boolean;
  taken: ReadonlyArray<decisions.Taken>;
}

const nothingTaken = [
  { taken: [], returned: false, more: false },
  { events: [], state: [] },
] as const;
