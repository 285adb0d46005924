/**
 * The leases of all projects in two copies, followed from the log: one ahead of the disk, for decisions, and one of
 * what is durable, for everybody else. What is due is recorded here, and whoever waits is given what has become free.
 */
import { randomUUID } from "node:crypto";
import { Deferred, Effect, Exit, Queue, Result } from "effect";
import { type Deadlock, NotFound, type StorageError } from "../../../shared/contract/errors.ts";
import { type EventOf, isKnown, type StoredEvent } from "../../../shared/contract/events.ts";
import { AwakeClock } from "../../primitives/AwakeClock.ts";
import { type Deadlines, makeDeadlines } from "../../primitives/deadlines.ts";
import { EventStore, neverRejected, type Origin } from "../../primitives/EventStore.ts";
import type { StateChange } from "../../primitives/Projection.ts";
import { decideSettle, expireIfOver, rewriteDeadlines, ticketLife } from "./decideSettle.ts";
import { type Lease, type LeaseBook, leaseBook } from "./leaseBook.ts";
import { leaseDeadlines, leaseTickets } from "./leaseTables.ts";
import type { At, Writes } from "./leaseWrites.ts";

/** A call that waits for a ticket. */
interface Waiter {
  readonly project: string;
  readonly woken: Deferred.Deferred<Lease, Deadlock | NotFound>;
}

/** After a failure of the store an expiry is tried again. */
const tryAgainAfter = 5000;
const soon = 50;

export const followLeases = Effect.gen(function* () {
  const store = yield* EventStore;
  const clock = yield* AwakeClock;
  /** Ahead of the disk: for decisions only. */
  const deciding: LeaseBook = leaseBook(clock, () => durable);
  /** What is durable: for everybody else. */
  const durable: LeaseBook = leaseBook(clock, () => deciding);
  const waiters = new Map<string, Waiter>();
  const listeners = new Set<(project: string) => void>();
  const unsettled = yield* Queue.unbounded<string>();

  const at = (project: string): At => ({ book: deciding, clock, project, now: clock.now() });
  const decide = <A, E>(
    origin: Origin,
    decision: (at: At) => Result.Result<readonly [A, Writes], E>,
    answer: (decided: A, stored: ReadonlyArray<StoredEvent>) => void = () => undefined,
  ): Effect.Effect<readonly [A, ReadonlyArray<StoredEvent>], E | StorageError> =>
    neverRejected(
      store.decide(origin, () =>
        Result.map(decision(at(origin.project)), ([decided, writes]) => ({
          ...writes,
          answer: (stored) => {
            answer(decided, stored);
            return [decided, stored] as const;
          },
        })),
      ),
    );

  const schedule = (project: string, id: string, earliest = 0) => {
    const ticket = durable.ticket(project, id);
    const due = ticket === undefined ? durable.get(project, id)?.deadline : ticket.seen + ticketLife;
    if (due === undefined) deadlines.clear(keyOf(project, id));
    else deadlines.set(keyOf(project, id), Math.max(due, earliest));
  };

  const follow = (events: ReadonlyArray<StoredEvent>, state: ReadonlyArray<StateChange>) => {
    const freed = new Set<string>();
    const changed = new Set<string>();
    for (const event of events) {
      if (event.stream !== "lease") continue;
      durable.applyEvent(event);
      schedule(event.project, (event.data as { readonly lease: string }).lease);
      changed.add(event.project);
      if (event.type !== "lease_granted") freed.add(event.project);
    }
    for (const change of state) {
      if (change.table !== leaseDeadlines.name && change.table !== leaseTickets.name) continue;
      durable.applyState(change);
      schedule(change.project, String(change.key.lease ?? change.key.ticket));
      changed.add(change.project);
      if ("delete" in change) freed.add(change.project);
    }
    for (const project of freed) {
      if (durable.tickets(project).length > 0 || waiters.size > 0) Queue.offerUnsafe(unsettled, project);
    }
    for (const project of changed) for (const listener of listeners) listener(project);
  };

  /** Wakes whoever waits in a call for a ticket. */
  const wake = (ticket: string, exit: Exit.Exit<Lease, Deadlock | NotFound>) => {
    const waiter = waiters.get(ticket);
    waiters.delete(ticket);
    if (waiter !== undefined) Deferred.doneUnsafe(waiter.woken, exit);
  };

  const settle = (project: string) =>
    decide(
      { project, actor: "daemon" },
      (now) => Result.succeed(decideSettle(now, randomUUID)),
      ({ granted, deadlocked }, stored) => {
        for (const { ticket, lease } of granted) wake(ticket, Exit.succeed(leaseIn(stored, lease)));
        for (const { ticket, error } of deadlocked) wake(ticket, Exit.fail(error));
        // Whoever else has left the queue.
        for (const [ticket, { project: where }] of waiters) {
          if (where === project && durable.ticket(project, ticket) === undefined) wake(ticket, left);
        }
      },
    );

  /** What is due: ends of leases are recorded, and tickets without a sign of life leave the queue. */
  const expire = (keys: ReadonlyArray<string>): Effect.Effect<void> =>
    Effect.forEach(
      keys,
      (key) => {
        const [project, id] = key.split("\n") as [string, string];
        if (durable.ticket(project, id) !== undefined) return Effect.asVoid(Queue.offer(unsettled, project));
        return decide({ project, actor: "daemon" }, (now) =>
          Result.succeed([undefined, expireIfOver(now, id)] as const),
        ).pipe(
          // It may have been renewed since; then its time is still to come.
          Effect.andThen(Effect.sync(() => schedule(project, id, clock.now() + soon))),
          Effect.catchTag("StorageError", ({ message }) => {
            deadlines.set(key, clock.now() + tryAgainAfter);
            return Effect.logWarning("the end of a lease could not be recorded yet", { message });
          }),
        );
      },
      { discard: true, concurrency: "unbounded" },
    );
  const deadlines: Deadlines = yield* makeDeadlines(clock, expire);

  // What is committed while the tables are read is followed after them: applied twice it changes nothing.
  let early: Array<Parameters<typeof follow>> | undefined = [];
  yield* store.onCommit((events, state) => {
    if (early === undefined) follow(events, state);
    else early.push([events, state]);
  });
  const rows = Effect.all({
    leases: store.rows("leases"),
    deadlines: store.rows(leaseDeadlines.name),
    tickets: store.rows(leaseTickets.name),
  });
  yield* store.attach({
    load: Effect.map(rows, deciding.load),
    applyEvent: (event) => {
      if (event.stream === "lease") deciding.applyEvent(event);
    },
    applyState: deciding.applyState,
  });
  durable.load(yield* rows);
  for (const batch of early) follow(...batch);
  early = undefined;
  for (const project of durable.projects()) {
    for (const { lease } of durable.held(project)) schedule(project, lease);
    for (const { ticket } of durable.tickets(project)) schedule(project, ticket);
    Queue.offerUnsafe(unsettled, project);
  }
  yield* Queue.takeAll(unsettled).pipe(
    Effect.flatMap((projects) =>
      Effect.forEach(new Set(projects), (project) => Effect.ignore(settle(project), { log: "Warn" }), {
        discard: true,
      }),
    ),
    Effect.forever,
    Effect.forkScoped,
  );
  // The ends of leases are kept as wall time, which has come to mean another moment.
  yield* clock.onJump(
    Effect.suspend(() =>
      Effect.forEach(
        durable.projects(),
        (project) =>
          decide({ project, actor: "daemon" }, (now) =>
            Result.succeed([undefined, rewriteDeadlines(now)] as const),
          ).pipe(Effect.ignore({ log: "Warn" })),
        { discard: true },
      ),
    ),
  );

  return { clock, durable, at, decide, waiters, listeners };
});

const keyOf = (project: string, id: string) => `${project}\n${id}`;

const left = Exit.fail(
  new NotFound({ message: "This request left the queue: it was withdrawn, or its agent has ended." }),
);

/** A lease that was granted in this batch. */
export const leaseIn = (stored: ReadonlyArray<StoredEvent>, lease: string): Lease => {
  const event = stored.find(
    (one) => isKnown(one) && one.type === "lease_granted" && one.data.lease === lease,
  ) as EventOf<"lease_granted">;
  return { ...event.data, token: event.seq, project: event.project };
};
