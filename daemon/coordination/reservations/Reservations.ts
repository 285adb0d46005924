/**
 * Leases on file patterns. A lease is granted whole or not at all; its fencing token is the `seq` of its grant,
 * so a later grant always has the greater token, across releases, expiries and restarts.
 *
 * Every decision is taken and written before the next one is taken. A lease past its end counts as free at once,
 * and its expiry is written in the batch that grants the files anew. A cell's lease has no end of its own; when
 * the cell is merged it passes to the epic, which keeps it until it is landed or discarded.
 *
 * The view follows the log: `leasePassed` and `epicReleased` are there for callers who write these events
 * themselves, in one batch with what they belong to.
 */
import { randomUUID } from "node:crypto";
import { Clock, Context, Effect, Layer, Result, Semaphore } from "effect";
import {
  type InvalidInput,
  LeaseConflict,
  type LeaseConflictEntry,
  LockNotHeld,
  type StorageError,
} from "../../../shared/contract/errors.ts";
import type { StoredEvent } from "../../../shared/contract/events.ts";
import { EventStore, type NewEvent, type Origin } from "../../primitives/EventStore.ts";
import { type Claimant, isOver, leaseBook, readPattern } from "./leaseBook.ts";
import { defaultTtlSeconds, type LeaseRequest, readRequest, refusal } from "./leaseRequest.ts";
import { leaseOfRow } from "./leaseRow.ts";

export interface Lease {
  readonly lease: string;
  /** Fencing token: the `seq` of the grant. */
  readonly token: number;
  readonly holder: string;
  /** Absent once the lease has passed to the epic. */
  readonly cell?: string;
  readonly epic?: string;
  readonly patterns: ReadonlyArray<string>;
  readonly exclusive: boolean;
  /** ISO 8601; absent: held until released. */
  readonly expiresAt?: string;
  readonly reason?: string;
  readonly project: string;
}

/** A gate verdict, a merge or a landing of a cell, under the token of its lease. */
export interface Act {
  readonly cell: string;
  readonly epic: string;
  readonly token: number;
  /** The paths that it changes, relative to the root. */
  readonly paths: ReadonlyArray<string>;
}

const stream = "lease";

export class Reservations extends Context.Service<
  Reservations,
  {
    /** The refusal lists every conflict. Files that the same holder has already are no conflict. */
    readonly reserve: (
      origin: Origin,
      request: LeaseRequest,
    ) => Effect.Effect<Lease, LeaseConflict | InvalidInput | StorageError>;
    /** What an exclusive claim would run into now. A text that is no pattern runs into nothing. */
    readonly conflicts: (
      project: string,
      patterns: ReadonlyArray<string>,
      by: Claimant,
    ) => ReadonlyArray<LeaseConflictEntry>;
    /** The leases that cover a path now. */
    readonly check: (project: string, path: string) => ReadonlyArray<Lease>;
    readonly release: (
      origin: Origin,
      lease: string,
      token: number,
      reason: string,
    ) => Effect.Effect<void, LockNotHeld | StorageError>;
    /** Hands a merged cell's lease to its epic. The token stays. */
    readonly passToEpic: (
      origin: Origin,
      lease: string,
      token: number,
      epic: string,
    ) => Effect.Effect<void, LockNotHeld | StorageError>;
    /** Releases whatever an epic and its cells hold: it is landed or discarded. */
    readonly releaseEpic: (origin: Origin, epic: string, reason: string) => Effect.Effect<void, StorageError>;
    /**
     * Appends `events` if the cell still holds its lease under `token` and no path was granted later to somebody
     * outside its epic.
     */
    readonly act: (
      origin: Origin,
      act: Act,
      events: ReadonlyArray<NewEvent>,
    ) => Effect.Effect<ReadonlyArray<StoredEvent>, LockNotHeld | StorageError>;
    readonly list: (project: string) => ReadonlyArray<Lease>;
  }
>()("opencode-vibe/coordination/Reservations") {
  static readonly layer = Layer.effect(
    Reservations,
    Effect.gen(function* () {
      const store = yield* EventStore;
      const clock = yield* Clock.Clock;
      const turn = yield* Semaphore.make(1);
      const book = leaseBook();
      const early: Array<StoredEvent> = [];
      let follow = (event: StoredEvent): void => void early.push(event);
      yield* store.onCommit((events) => {
        for (const event of events) if (event.stream === stream) follow(event);
      });
      const held = (yield* store.rows("leases")).map(leaseOfRow);
      // In the order of their grants, as when the events themselves are followed.
      for (const lease of held.sort((left, right) => left.token - right.token)) book.put(lease);
      early.forEach(book.apply);
      follow = book.apply;

      const now = () => clock.currentTimeMillisUnsafe();
      /** One decision at a time; once begun, it is written even if its caller goes away. */
      const decide = <A, E>(effect: Effect.Effect<A, E>) => turn.withPermit(Effect.uninterruptible(effect));
      const append = (origin: Origin, events: ReadonlyArray<NewEvent>) =>
        // No expectation and no id is given, and the data is typed: only storage can fail.
        Effect.catchTag(store.append(origin, events), ["ConcurrencyConflict", "EventRejected"], Effect.die);

      const reserve = Effect.fn("Reservations.reserve")(function* (origin: Origin, request: LeaseRequest) {
        const wanted = yield* readRequest(request);
        const { holder, cell, epic, reason, exclusive = true, ttlSeconds = defaultTtlSeconds } = request;
        const lease = randomUUID();
        const by: Claimant = { holder, ...(cell && { cell }), ...(epic && { epic }) };
        return yield* decide(
          Effect.gen(function* () {
            const at = now();
            const conflicts = book.conflicts(origin.project, wanted, { ...by, exclusive }, at);
            if (conflicts.length > 0)
              return yield* new LeaseConflict({ message: refusal(conflicts), conflicts, ahead: 0 });
            const granted: NewEvent = {
              stream,
              type: "lease_granted",
              data: {
                lease,
                ...by,
                patterns: wanted.map((pattern) => pattern.text),
                exclusive,
                ...(reason && { reason }),
                ...(ttlSeconds !== null && { expiresAt: new Date(at + ttlSeconds * 1000).toISOString() }),
              },
            };
            yield* append(origin, [...book.due(origin.project, at).map(leaseExpired), granted]);
            return book.get(origin.project, lease) as Lease;
          }),
        );
      });

      /** The lease, if it is held under this very token. */
      const holding = Effect.fnUntraced(function* (project: string, lease: string, token: number) {
        const held = book.get(project, lease);
        if (held !== undefined && held.token === token && !isOver(held, now())) return held;
        return yield* new LockNotHeld({
          message: `The lease ${lease} is not held under token ${token}: it was released, expired or granted anew. Reserve the files again before you go on.`,
        });
      });

      const change = (origin: Origin, lease: string, token: number, event: NewEvent) =>
        decide(Effect.andThen(holding(origin.project, lease, token), append(origin, [event])));

      const act = Effect.fn("Reservations.act")(function* (
        origin: Origin,
        { cell, epic, token, paths }: Act,
        events: ReadonlyArray<NewEvent>,
      ) {
        return yield* decide(
          Effect.gen(function* () {
            const at = now();
            const own = book
              .list(origin.project, at)
              .find((lease) => lease.token === token && (lease.cell === cell || isKeptBy(lease, epic)));
            if (own === undefined) {
              return yield* new LockNotHeld({
                message: `${cell} does not hold a lease under token ${token} any more, so nothing is recorded for it. Take its files again and repeat the step.`,
              });
            }
            for (const path of paths) {
              const rival = book
                .covering(origin.project, path, at)
                .find(
                  (lease) => lease.token > token && lease.epic !== epic && (lease.exclusive || own.exclusive),
                );
              if (rival === undefined) continue;
              return yield* new LockNotHeld({
                message: `${path} was granted to ${rival.holder} (token ${rival.token}) after ${cell} got it (token ${token}), so nothing is recorded for ${cell}. Wait until it is free and take it again.`,
              });
            }
            return yield* append(origin, events);
          }),
        );
      });

      return Reservations.of({
        reserve,
        act,
        conflicts: (project, patterns, by) => {
          const wanted = patterns.flatMap((text) =>
            Result.getOrElse(
              Result.map(readPattern(text), (one) => [one]),
              () => [],
            ),
          );
          return book.conflicts(project, wanted, { ...by, exclusive: true }, now());
        },
        check: (project, path) => book.covering(project, path, now()),
        list: (project) => book.list(project, now()),
        release: Effect.fn("Reservations.release")(function* (origin, lease, token, reason) {
          yield* change(origin, lease, token, { stream, type: "lease_released", data: { lease, reason } });
        }),
        passToEpic: Effect.fn("Reservations.passToEpic")(function* (origin, lease, token, epic) {
          yield* change(origin, lease, token, leasePassed(lease, epic));
        }),
        releaseEpic: Effect.fn("Reservations.releaseEpic")(function* (origin, epic, reason) {
          yield* decide(
            Effect.suspend(() =>
              append(origin, epicReleased(book.list(origin.project, now()), epic, reason)),
            ),
          );
        }),
      });
    }),
  );
}

/** The event that hands a merged cell's lease to its epic. */
export const leasePassed = (lease: string, epic: string): NewEvent => ({
  stream,
  type: "lease_passed",
  data: { lease, toEpic: epic },
});

/** The events that release whatever of `leases` an epic and its cells hold. */
export const epicReleased = (
  leases: ReadonlyArray<Lease>,
  epic: string,
  reason: string,
): ReadonlyArray<NewEvent> =>
  leases
    .filter((lease) => lease.epic === epic)
    .map(({ lease }) => ({ stream, type: "lease_released", data: { lease, reason } }));

const leaseExpired = ({ lease }: Lease): NewEvent => ({ stream, type: "lease_expired", data: { lease } });

const isKeptBy = (lease: Lease, epic: string) => lease.cell === undefined && lease.epic === epic;
