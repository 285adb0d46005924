/**
 * A lock by name: of all who ask for a free or expired one exactly one gets it. It is a lease: who does not renew it
 * loses it, and may not know. Hence the **fencing** token, which grows with every grant for ever: give it along with
 * what the lock protects, and let the receiver refuse a smaller one than it has seen.
 *
 * Waiting is fair: first come, first served, and the next one is served in the transaction that frees the lock. It is
 * not re-entrant. A lock expires in awake time, see `AwakeClock`.
 */
import { randomUUIDv7 } from "node:crypto";
import { Context, Deferred, type Duration, Effect, Exit, Layer, Queue, Result } from "effect";
import type { InvalidInput, LockHeld, LockNotHeld, StorageError } from "../../shared/contract/errors.ts";
import { isKnown, type StoredEvent } from "../../shared/contract/events.ts";
import { AwakeClock } from "./AwakeClock.ts";
import { makeDeadlines } from "./deadlines.ts";
import { EventStore, type NewEvent, neverRejected, type Origin } from "./EventStore.ts";
import { lockLines, type Waiter } from "./lockLines.ts";
import { defaultTtl, lockHeld, lockNotHeld, readLockOptions } from "./lockOptions.ts";
import { lockDeadlines } from "./lockTables.ts";
import { type HeldLock, keyOf, lockView } from "./lockView.ts";
import type { RowChange } from "./Projection.ts";

export interface Held {
  readonly name: string;
  readonly holder: string;
  /** Fencing token: greater than that of every earlier holder. */
  readonly token: number;
  /** Wall time in milliseconds. */
  readonly expiresAt: number;
}

export interface LockOptions {
  readonly holder: string;
  /** Default one minute. */
  readonly ttl?: Duration.Input;
  /** How long to wait for it; by default not at all. */
  readonly wait?: Duration.Input;
}

export class Lock extends Context.Service<
  Lock,
  {
    /** `LockHeld` names the holder; the caller itself too, for the lock is not re-entrant. */
    readonly acquire: (
      origin: Origin,
      name: string,
      options: LockOptions,
    ) => Effect.Effect<Held, LockHeld | InvalidInput | StorageError>;
    /** Moves the end on, never back. */
    readonly renew: (
      origin: Origin,
      held: Pick<Held, "name" | "token">,
      ttl?: Duration.Input,
    ) => Effect.Effect<Held, LockNotHeld | InvalidInput | StorageError>;
    readonly release: (
      origin: Origin,
      held: Pick<Held, "name" | "token">,
    ) => Effect.Effect<void, LockNotHeld | StorageError>;
    /**
     * Holds the lock while `use` works, renews it meanwhile, and releases it whether that succeeds, fails or is
     * interrupted. When the lock is lost, `use` is interrupted and the whole fails with `LockNotHeld`.
     */
    readonly withLock: <A, E, R>(
      origin: Origin,
      name: string,
      options: LockOptions,
      use: (held: Held) => Effect.Effect<A, E, R>,
    ) => Effect.Effect<A, E | LockHeld | LockNotHeld | InvalidInput | StorageError, R>;
    readonly holder: (project: string, name: string) => Held | undefined;
  }
>()("opencode-vibe/primitives/Lock") {
  static readonly layer = Layer.effect(
    Lock,
    Effect.suspend(() => make),
  );
}

type Ref = Pick<Held, "name" | "token">;
type Restore = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>;

const make = Effect.gen(function* () {
  const store = yield* EventStore;
  const clock = yield* AwakeClock;
  const durable = lockView(clock);
  /** Ahead of the disk: for decisions only. */
  const deciding = lockView(clock, durable);
  const lines = lockLines();
  /** Those who work under a lock, by its token: told when it is gone. */
  const working = new Map<number, Deferred.Deferred<never, LockNotHeld>>();
  /** Locks that were granted to somebody who went away at the same moment. */
  const orphans = yield* Queue.unbounded<{ readonly project: string; readonly held: Held }>();

  const iso = (awake: number) => new Date(clock.wallOf(awake)).toISOString();
  const isOver = (lock: HeldLock) => lock.deadline <= clock.now();
  const shown = ({ name, holder, token, deadline }: HeldLock): Held => ({
    name,
    holder,
    token,
    expiresAt: clock.wallOf(deadline),
  });

  const acquired = (name: string, { holder, ttl, grant }: Waiter): NewEvent => ({
    id: grant,
    idIsNew: true,
    stream: `lock/${name}`,
    type: "lock_acquired",
    data: { name, holder, expiresAt: iso(clock.now() + ttl) },
  });
  const ended = (type: "lock_released" | "lock_expired", { name, token }: HeldLock): NewEvent => ({
    stream: `lock/${name}`,
    type,
    data: { name, token },
  });
  const deadlineGone = ({ name, renewed }: HeldLock): ReadonlyArray<RowChange> =>
    renewed ? [{ table: lockDeadlines.name, key: { name }, delete: true }] : [];

  /** Ends `lock`, if one is given, and gives it to who is next, if somebody waits. */
  const passOn = (project: string, name: string, end: NewEvent | undefined, lock: HeldLock | undefined) => {
    const key = keyOf(project, name);
    // Not those who are served by a decision that is being written.
    const waiter = lines.first(key, ({ grant }) => !deciding.wasGranted(grant));
    const answer = (stored: ReadonlyArray<StoredEvent>) => {
      const grant = stored.find(({ type }) => type === "lock_acquired");
      if (waiter === undefined || grant === undefined) return undefined;
      lines.leave(key, waiter);
      deciding.forget(waiter.grant);
      const at = (grant.data as { readonly expiresAt: string }).expiresAt;
      const held = { name, holder: waiter.holder, token: grant.seq, expiresAt: Date.parse(at) };
      if (waiter.gone) Queue.offerUnsafe(orphans, { project, held });
      else Deferred.doneUnsafe(waiter.served, Effect.succeed(held));
      return undefined;
    };
    const events = [
      ...(end === undefined ? [] : [end]),
      ...(waiter === undefined ? [] : [acquired(name, waiter)]),
    ];
    return { events, state: lock === undefined ? [] : deadlineGone(lock), answer };
  };

  /** Serves who is next if the lock is free or over; otherwise answers when it is over, in awake time. */
  const settle = (origin: Origin, name: string) =>
    neverRejected(
      store.decide<number | undefined>(origin, () => {
        const lock = deciding.get(origin.project, name);
        if (lock !== undefined && !isOver(lock)) {
          return Result.succeed({ events: [], answer: () => lock.deadline });
        }
        const end = lock === undefined ? undefined : ended("lock_expired", lock);
        return Result.succeed(passOn(origin.project, name, end, lock));
      }),
    );

  const expire = (key: string) => {
    const [project = "", name = ""] = key.split("\n");
    const again = (at: number | undefined) => {
      if (at !== undefined) deadlines.set(key, at);
    };
    return settle({ project, actor: "daemon" }, name).pipe(
      Effect.map(again),
      Effect.catchTag("StorageError", ({ message }) => {
        again(clock.now() + tryAgainAfter);
        return Effect.logWarning("the end of a lock could not be recorded yet", { message });
      }),
    );
  };
  const deadlines = yield* makeDeadlines(clock, (keys) =>
    // At once, so that they share transactions.
    Effect.forEach(keys, expire, { discard: true, concurrency: "unbounded" }),
  );
  const schedule = (project: string, name: string) => {
    const lock = durable.get(project, name);
    if (lock === undefined) deadlines.clear(keyOf(project, name));
    else deadlines.set(keyOf(project, name), lock.deadline);
  };

  const follow = (event: StoredEvent) => {
    if (!event.stream.startsWith("lock/")) return;
    durable.applyEvent(event);
    durable.forget(event.id);
    const name = event.stream.slice("lock/".length);
    schedule(event.project, name);
    if (!isKnown(event)) return;
    if (event.type === "lock_acquired") {
      const lock = durable.get(event.project, name);
      const refusal = () => lockHeld(lock && shown(lock), name, event.data.holder);
      lines.refuseOthersOf(keyOf(event.project, name), event.data.holder, event.id, refusal);
    } else if (event.type === "lock_released" || event.type === "lock_expired") {
      const lost = working.get(event.data.token);
      if (lost !== undefined) Deferred.doneUnsafe(lost, Effect.fail(lockNotHeld(event.data)));
    }
  };
  yield* store.onCommit((events, state) => {
    for (const event of events) follow(event);
    for (const change of state) {
      if (change.table !== lockDeadlines.name) continue;
      durable.applyState(change);
      schedule(change.project, String(change.key.name));
    }
  });
  const rows = Effect.all([store.rows("locks"), store.rows(lockDeadlines.name)]);
  yield* store.attach({
    load: Effect.map(rows, ([locks, ends]) => deciding.load(locks, ends)),
    applyEvent: deciding.applyEvent,
    applyState: deciding.applyState,
  });
  // Nobody has this service yet, so nothing was written since.
  durable.load(...(yield* rows));
  for (const { project, name } of durable.all()) schedule(project, name);
  yield* Effect.addFinalizer(() => Effect.sync(lines.close));

  const current = (project: string, ref: Ref): Result.Result<HeldLock, LockNotHeld> => {
    const lock = deciding.get(project, ref.name);
    return lock?.token === ref.token && !isOver(lock) ? Result.succeed(lock) : Result.fail(lockNotHeld(ref));
  };

  const release = Effect.fn("Lock.release")(function* (origin: Origin, held: Ref) {
    yield* neverRejected(
      store.decide(origin, () =>
        Result.map(current(origin.project, held), (lock) =>
          passOn(origin.project, lock.name, ended("lock_released", lock), lock),
        ),
      ),
    );
  });

  const endAt = (lock: HeldLock, deadline: number): RowChange => ({
    table: lockDeadlines.name,
    key: { name: lock.name },
    set: { token: lock.token, expires_at: iso(deadline) },
  });
  const renew = Effect.fn("Lock.renew")(function* (
    origin: Origin,
    held: Ref,
    ttl: Duration.Input = defaultTtl,
  ) {
    const { ttl: length } = yield* readLockOptions(held.name, { holder: "-", ttl });
    return yield* neverRejected(
      store.decide(origin, () =>
        Result.map(current(origin.project, held), (lock) => {
          const deadline = Math.max(lock.deadline, clock.now() + length);
          const later = shown({ ...lock, deadline });
          return { events: [], state: [endAt(lock, deadline)], answer: () => later };
        }),
      ),
    );
  });

  // A restart reads the ends of locks as wall time, so they are written anew when that has moved.
  yield* clock.onJump(
    Effect.suspend(() =>
      Effect.forEach(
        new Set(durable.all().map(({ project }) => project)),
        (project) =>
          neverRejected(
            store.decide({ project, actor: "daemon" }, () => {
              const moved = deciding
                .all()
                .filter((lock) => lock.project === project && iso(lock.deadline) !== lock.until);
              const state = moved.map((lock) => endAt(lock, lock.deadline));
              return Result.succeed({ events: [], state, answer: () => undefined });
            }),
          ).pipe(Effect.ignore({ log: "Warn" })),
        { discard: true },
      ),
    ),
  );

  /** Stands in line and waits; only the waiting can be interrupted, so that no lock is granted and then forgotten. */
  const acquire = Effect.fnUntraced(function* (
    restore: Restore,
    origin: Origin,
    name: string,
    options: LockOptions,
  ) {
    const { project } = origin;
    const { holder, ttl, wait } = yield* readLockOptions(name, options);
    const key = keyOf(project, name);
    const before = durable.get(project, name);
    if (before?.holder === holder && !isOver(before)) return yield* lockHeld(shown(before), name, holder);
    const grant = randomUUIDv7();
    const waiter: Waiter = { holder, ttl, grant, served: Deferred.makeUnsafe(), gone: false };
    lines.join(key, waiter);
    const end = clock.now() + wait;
    const goAway = Effect.suspend(() => {
      lines.leave(key, waiter);
      waiter.gone = true;
      // It may have been served at this very moment.
      if (!Deferred.isDoneUnsafe(waiter.served)) return Effect.void;
      return Effect.flatMap(Effect.exit(Deferred.await(waiter.served)), (exit) =>
        Exit.isSuccess(exit) ? Queue.offer(orphans, { project, held: exit.value }) : Effect.void,
      );
    });
    return yield* Effect.gen(function* () {
      yield* settle(origin, name);
      const isServed = () => Deferred.isDoneUnsafe(waiter.served);
      if (!isServed() && wait > 0) {
        const served = Effect.exit(Deferred.await(waiter.served));
        yield* restore(Effect.raceFirst(Effect.asVoid(served), clock.sleepUntil(end)));
      }
      if (isServed()) return yield* Deferred.await(waiter.served);
      const lock = durable.get(project, name);
      return yield* lockHeld(lock && shown(lock), name, holder);
    }).pipe(Effect.onError(() => goAway));
  });

  yield* Queue.take(orphans).pipe(
    Effect.flatMap(({ project, held }) =>
      // Who is told that it is not held any more has nothing to give back.
      release({ project, actor: "daemon" }, held).pipe(
        Effect.catchTag("LockNotHeld", () => Effect.void),
        Effect.ignore({ log: "Warn" }),
      ),
    ),
    Effect.forever,
    Effect.forkScoped,
  );

  /** Renews the lock three times as often as needed; ends when it is over. */
  const keep = Effect.fnUntraced(function* (origin: Origin, held: Held, ttl: number) {
    for (;;) {
      const lock = durable.get(origin.project, held.name);
      if (lock?.token !== held.token || isOver(lock)) return yield* lockNotHeld(held);
      yield* clock.sleepUntil(Math.min(lock.deadline, clock.now() + ttl / 3));
      const renewed = renew(origin, held, ttl).pipe(
        // It is tried again until the lock is over.
        Effect.catchTag("StorageError", ({ message }) =>
          Effect.logWarning("a lock could not be renewed yet", { name: held.name, message }),
        ),
      );
      yield* Effect.raceFirst(renewed, clock.sleepUntil(lock.deadline));
    }
  });

  return Lock.of({
    acquire: (origin, name, options) =>
      Effect.withSpan(
        Effect.uninterruptibleMask((restore) => acquire(restore, origin, name, options)),
        "Lock.acquire",
      ),
    renew,
    release,
    withLock: (origin, name, options, use) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.gen(function* () {
          const { ttl } = yield* readLockOptions(name, options);
          const held = yield* acquire(restore, origin, name, options);
          const lost = Deferred.makeUnsafe<never, LockNotHeld>();
          working.set(held.token, lost);
          const stillHeld = Effect.raceFirst(Deferred.await(lost), keep(origin, held, ttl));
          const work = Effect.raceFirst(
            Effect.suspend(() => use(held)),
            stillHeld,
          );
          const exit = yield* Effect.exit(restore(work));
          working.delete(held.token);
          // After a failure the first error counts.
          if (Exit.isSuccess(exit)) yield* release(origin, held);
          else yield* Effect.ignore(release(origin, held));
          return yield* exit;
        }),
      ).pipe(Effect.withSpan("Lock.withLock")),
    holder: (project, name) => {
      const lock = durable.get(project, name);
      return lock === undefined || isOver(lock) ? undefined : shown(lock);
    },
  });
});

const tryAgainAfter = 5000;
