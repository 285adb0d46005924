/**
 * Leases on file patterns. A lease is granted whole or not at all; its fencing token is the `seq` of its grant,
 * so a later grant always has the greater token, across releases, expiries and restarts.
 *
 * A lease ends when it is released, taken over, handed over, or past its time. That time is awake time: a machine
 * that sleeps and a wall clock that is set end nothing. A cell's lease has no end of its own; when the cell is merged
 * it passes to the epic, which keeps it until it is landed or discarded.
 *
 * Who has to wait may take a place in a fair queue, which lasts across restarts; see `leaseQueue.ts`.
 */
import { randomUUID } from "node:crypto";
import { Context, Deferred, Duration, Effect, Layer, Option, Result, type Scope } from "effect";
import type {
  Deadlock,
  InvalidInput,
  LeaseConflict,
  LeaseConflictEntry,
  LockNotHeld,
  NotFound,
  StorageError,
} from "../../../shared/contract/errors.ts";
import type { StoredEvent } from "../../../shared/contract/events.ts";
import type { NewEvent, Origin } from "../../primitives/EventStore.ts";
import { decideEndEpic, decideRelease, decideReleaseAll, decideWithdraw, holding } from "./decideRelease.ts";
import { decideReserve, decideReserveOrWait, extended, type Granted } from "./decideReserve.ts";
import { decideHandOver, decideTakeOver, type HandOver } from "./decideTransfer.ts";
import { followLeases, leaseIn } from "./followLeases.ts";
import { type Claimant, isOver, type Lease, readKnown, type Ticket } from "./leaseBook.ts";
import { queueAt } from "./leaseQueue.ts";
import { type LeaseRequest, readRequest, readTtl } from "./leaseRequest.ts";
import { released, type Wanted, type Writes } from "./leaseWrites.ts";
import { type Act, mayAct } from "./mayAct.ts";

export type { Lease } from "./leaseBook.ts";

/** A place in the queue, as shown. */
export interface Place extends Omit<Ticket, "compiled" | "seen" | "position" | "ttlSeconds"> {
  /** How many requests come first. */
  readonly ahead: number;
  readonly conflicts: ReadonlyArray<LeaseConflictEntry>;
}

export type Outcome =
  | { readonly kind: "granted"; readonly lease: Lease }
  | { readonly kind: "waiting"; readonly ticket: Place };

/** A lease that its holder acts on. */
export interface HeldLease {
  readonly holder: string;
  readonly lease: string;
  readonly token: number;
}

type Ask<A, E> = Effect.Effect<A, E | StorageError>;

export class Reservations extends Context.Service<
  Reservations,
  {
    /**
     * The refusal lists every conflict. Files that the same holder has already are no conflict, and asking again for
     * exactly what one holds renews it.
     */
    readonly reserve: (origin: Origin, request: LeaseRequest) => Ask<Lease, LeaseConflict | InvalidInput>;
    /**
     * Waits for the files, at most as long as `wait`. Who still waits then keeps its place for 10 minutes, and has it
     * again by asking again for the same. `NotFound`: the request was withdrawn while it waited.
     */
    readonly reserveOrWait: (
      origin: Origin,
      request: LeaseRequest,
      wait: Duration.Input,
    ) => Ask<Outcome, Deadlock | NotFound | InvalidInput>;
    /** Leaves the queue. */
    readonly withdraw: (origin: Origin, holder: string, ticket: string) => Ask<void, NotFound>;
    /** Moves the lease's end on; never back. */
    readonly renew: (
      origin: Origin,
      held: HeldLease,
      ttlSeconds?: number,
    ) => Ask<Lease, LockNotHeld | InvalidInput>;
    readonly release: (origin: Origin, held: HeldLease, reason: string) => Ask<void, LockNotHeld>;
    /** Gives up patterns of leases that the holder took by hand, as `list` shows them. */
    readonly releasePatterns: (
      origin: Origin,
      holder: string,
      patterns: ReadonlyArray<string>,
      reason: string,
    ) => Ask<void, NotFound>;
    /** Gives up everything by hand of a holder, and its places in the queue; answers the patterns. */
    readonly releaseAll: (
      origin: Origin,
      holder: string,
      reason: string,
    ) => Ask<ReadonlyArray<string>, never>;
    /** What `releaseAll` writes, for a decision that ends the holder as well. To be called in a decision only. */
    readonly leaving: (project: string, holder: string, reason: string) => Writes;
    /** Gives up everything of an epic and its cells, in one batch with `events`: it is landed or discarded. */
    readonly endEpic: (
      origin: Origin,
      epic: string,
      reason: string,
      events: ReadonlyArray<NewEvent>,
    ) => Ask<void, never>;
    /** Ends every lease of others that overlaps, and grants the files, past the queue. */
    readonly takeOver: (
      origin: Origin,
      request: LeaseRequest,
    ) => Ask<{ readonly lease: Lease; readonly ended: ReadonlyArray<Lease> }, InvalidInput>;
    /** Gives the leases by hand that have these patterns to another, past the queue. */
    readonly handOver: (origin: Origin, handOver: HandOver) => Ask<ReadonlyArray<Lease>, NotFound>;
    /** Appends `events` if nobody else got what they touch; see `mayAct`. */
    readonly act: (
      origin: Origin,
      act: Act,
      events: ReadonlyArray<NewEvent>,
    ) => Ask<ReadonlyArray<StoredEvent>, LockNotHeld>;
    /** What an exclusive claim would run into now. A text that is no pattern runs into nothing. */
    readonly conflicts: (
      project: string,
      patterns: ReadonlyArray<string>,
      by: Claimant,
    ) => ReadonlyArray<LeaseConflictEntry>;
    /** The leases that cover a path now. */
    readonly check: (project: string, path: string) => ReadonlyArray<Lease>;
    readonly list: (project: string) => ReadonlyArray<Lease>;
    /** Told of a project whose leases, their ends, or queue are others now. */
    readonly onChange: (listener: (project: string) => void) => Effect.Effect<void, never, Scope.Scope>;
    /** Those who wait, the first to come first. */
    readonly queue: (project: string) => ReadonlyArray<Place>;
  }
>()("opencode-vibe/coordination/Reservations") {
  static readonly layer = Layer.effect(
    Reservations,
    Effect.suspend(() => make),
  );
}

/** A waiting call shows this often that it is alive. */
const signOfLife = 5 * 60 * 1000;

const make = Effect.gen(function* () {
  const { clock, durable, at, decide, waiters, listeners } = yield* followLeases;

  const leaseOf = (granted: Granted, stored: ReadonlyArray<StoredEvent>): Lease =>
    granted.already ?? leaseIn(stored, granted.lease);

  /** Who waits for whom is drawn once for all of them. */
  const places = (project: string): ReadonlyArray<Place> => {
    const tickets = durable.tickets(project);
    const queue = queueAt(durable, project, clock.now(), tickets);
    return tickets.map((ticket, at) => {
      const { compiled: _, seen: __, position: ___, ttlSeconds: ____, ...shown } = ticket;
      const { conflicts, ahead } = queue.blockersOf(ticket, tickets.slice(0, at));
      return { ...shown, ahead, conflicts };
    });
  };

  /** Asks once; who has to wait is given what wakes it, before anything can. */
  const join = (origin: Origin, wanted: Wanted) => {
    const fresh = { lease: randomUUID(), ticket: randomUUID() };
    const woken = Deferred.makeUnsafe<Lease, Deadlock | NotFound>();
    return decide(
      origin,
      (now) => decideReserveOrWait(now, wanted, fresh),
      (decided) => {
        if (decided.kind === "waiting" && !waiters.has(decided.ticket))
          waiters.set(decided.ticket, { project: origin.project, woken });
      },
    );
  };

  const reserveOrWait = Effect.fn("Reservations.reserveOrWait")(function* (
    origin: Origin,
    request: LeaseRequest,
    wait: Duration.Input,
  ) {
    const wanted = yield* readRequest(request);
    const until = clock.now() + Duration.toMillis(wait);
    for (;;) {
      const [decided, stored] = yield* join(origin, wanted);
      if (decided.kind === "granted") {
        const outcome: Outcome = { kind: "granted", lease: leaseOf(decided, stored) };
        return outcome;
      }
      const waiter = waiters.get(decided.ticket);
      const pause = Math.min(until - clock.now(), signOfLife);
      const lease =
        waiter === undefined || pause <= 0
          ? Option.none()
          : yield* Deferred.await(waiter.woken).pipe(Effect.timeoutOption(pause));
      if (Option.isSome(lease)) {
        const outcome: Outcome = { kind: "granted", lease: lease.value };
        return outcome;
      }
      if (until - clock.now() > 0) continue;
      const ticket = places(origin.project).find((one) => one.ticket === decided.ticket);
      if (ticket === undefined) continue;
      const outcome: Outcome = { kind: "waiting", ticket };
      return outcome;
    }
  });

  return Reservations.of({
    reserveOrWait,
    reserve: Effect.fn("Reservations.reserve")(function* (origin, request) {
      const wanted = yield* readRequest(request);
      const lease = randomUUID();
      const [granted, stored] = yield* decide(origin, (now) => decideReserve(now, wanted, lease));
      return leaseOf(granted, stored);
    }),
    withdraw: Effect.fn("Reservations.withdraw")(function* (origin, holder, ticket) {
      yield* decide(origin, (now) => decideWithdraw(now, holder, ticket));
    }),
    renew: Effect.fn("Reservations.renew")(function* (origin, held, ttlSeconds) {
      const ttl = yield* readTtl(ttlSeconds);
      const [lease] = yield* decide(origin, (now) =>
        Result.map(holding(now, held), (own) => extended(now, own, ttl)),
      );
      return lease;
    }),
    release: Effect.fn("Reservations.release")(function* (origin, held, reason) {
      yield* decide(origin, (now) =>
        Result.map(holding(now, held), (own) => [undefined, released(own, reason)] as const),
      );
    }),
    releasePatterns: Effect.fn("Reservations.releasePatterns")(function* (origin, holder, patterns, reason) {
      yield* decide(origin, (now) => decideRelease(now, holder, patterns, reason));
    }),
    releaseAll: Effect.fn("Reservations.releaseAll")(function* (origin, holder, reason) {
      const [released] = yield* decide(origin, (now) =>
        Result.succeed(decideReleaseAll(now, holder, reason)),
      );
      return released;
    }),
    leaving: (project, holder, reason) => decideReleaseAll(at(project), holder, reason)[1],
    endEpic: Effect.fn("Reservations.endEpic")(function* (origin, epic, reason, events) {
      yield* decide(origin, (now) =>
        Result.succeed([undefined, decideEndEpic(now, epic, reason, events)] as const),
      );
    }),
    takeOver: Effect.fn("Reservations.takeOver")(function* (origin, request) {
      const wanted = yield* readRequest(request);
      const lease = randomUUID();
      const [taken, stored] = yield* decide(origin, (now) =>
        Result.succeed(decideTakeOver(now, wanted, lease)),
      );
      return { lease: leaseIn(stored, lease), ended: taken.ended };
    }),
    handOver: Effect.fn("Reservations.handOver")(function* (origin, handOver) {
      const [given, stored] = yield* decide(origin, (now) => decideHandOver(now, handOver, randomUUID));
      return given.map((lease) => leaseIn(stored, lease));
    }),
    act: Effect.fn("Reservations.act")(function* (origin, act, events) {
      const [, stored] = yield* decide(origin, (now) =>
        Result.map(mayAct(now, act), () => [undefined, { events, state: [] }] as const),
      );
      return stored;
    }),
    conflicts: (project, patterns, by) =>
      durable
        .conflicts(project, readKnown(patterns), { ...by, exclusive: true }, clock.now())
        .map(({ lease: _, ...entry }) => entry),
    check: (project, path) => durable.covering(project, path, clock.now()).map(durable.shown),
    list: (project) => {
      const now = clock.now();
      return durable.held(project).flatMap((held) => (isOver(held, now) ? [] : [durable.shown(held)]));
    },
    onChange: (listener) =>
      Effect.acquireRelease(
        Effect.sync(() => listeners.add(listener)),
        () => Effect.sync(() => listeners.delete(listener)),
      ),
    queue: places,
  });
});
