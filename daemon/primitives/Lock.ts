/**
 * A lock by name: of all who ask for a free or expired one exactly one gets it. It is a lease: who does not renew it
 * loses it, and may not know. Hence the **fencing** token, which grows with every grant for ever: give it along with
 * what the lock protects, and let the receiver refuse a smaller one than it has seen.
 *
 * Waiting is fair: first come, first served, and the next one is served in the transaction that frees the lock. It is
 * not re-entrant. A lock that expires does so in awake time, see `AwakeClock`.
 */
import { randomUUIDv7 } from "node:crypto";
import { Context, Deferred, Duration, Effect, Exit, Layer, Option, Queue, Result } from "effect";
import { InvalidInput, LockHeld, LockNotHeld, type StorageError } from "../../shared/contract/errors.ts";
import type { StoredEvent } from "../../shared/contract/events.ts";
import { AwakeClock } from "./AwakeClock.ts";
import { makeDeadlines } from "./deadlines.ts";
import { EventStore, type Moment, type NewEvent, neverRejected, type Origin } from "./EventStore.ts";
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

/** Somebody who stands in line. Its grant is known by the id of the event. */
interface Waiter {
  readonly holder: string;
  readonly ttl: number;
  readonly grant: string;
  readonly served: Deferred.Deferred<Held>;
  /** Nobody waits for it any more. */
  gone: boolean;
}

const defaultTtl = Duration.minutes(1);
const longestTtl = Duration.days(366);

const make = Effect.gen(function* () {
  const store = yield* EventStore;
  const clock = yield* AwakeClock;
  /** Ahead of the disk: for decisions only. */
  const deciding = lockView(clock);
  const durable = lockView(clock);
  /** Those who wait, by lock; they are in memory, as the calls are that wait. */
  const lines = new Map<string, Array<Waiter>>();

  /** Locks that were granted to somebody who went away at the same moment. */
  const orphans = yield* Queue.unbounded<{ readonly project: string; readonly held: Held }>();

  const iso = (awake: number) => new Date(clock.wallOf(awake)).toISOString();
  const isOver = (lock: HeldLock) => lock.deadline <= clock.now();
  const shown = ({ name, holder, token, deadline }: HeldLock): Held => ({
    name,
    holder,
    token,
    expiresAt: Math.round(clock.wallOf(deadline)),
  });

  const acquired = (name: string, { holder, ttl, grant }: Waiter): NewEvent => ({
    id: grant,
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

  /** Who is next in line, not counting those served by a decision that is being written. */
  const next = (project: string, name: string): Waiter | undefined =>
    lines.get(keyOf(project, name))?.find(({ grant }) => !deciding.wasGranted(grant));

  /** Ends `lock`, if one is given, and gives it to who is next. */
  const passOn = (project: string, name: string, end: NewEvent | undefined, lock: HeldLock | undefined) => {
    const waiter = next(project, name);
    return {
      events: [
        ...(end === undefined ? [] : [end]),
        ...(waiter === undefined ? [] : [acquired(name, waiter)]),
      ],
      state: lock === undefined ? [] : deadlineGone(lock),
      answer: (stored: ReadonlyArray<StoredEvent>) => {
        const grant = stored.find(({ type }) => type === "lock_acquired");
        if (waiter === undefined || grant === undefined) return;
        leave(project, name, waiter);
        const at = (grant.data as { readonly expiresAt: string }).expiresAt;
        const held = { name, holder: waiter.holder, token: grant.seq, expiresAt: Date.parse(at) };
        if (waiter.gone) Queue.offerUnsafe(orphans, { project, held });
        else Deferred.doneUnsafe(waiter.served, Effect.succeed(held));
      },
    };
  };

  /** Serves who is next if the lock is free or over; answers who has it, if that is somebody else. */
  const settle = (origin: Origin, name: string) =>
    neverRejected(
      store.decide(origin, () => {
        const lock = deciding.get(origin.project, name);
        if (lock !== undefined && !isOver(lock)) {
          return Result.succeed({ events: [], answer: () => undefined });
        }
        const end = lock === undefined ? undefined : ended("lock_expired", lock);
        return Result.succeed(passOn(origin.project, name, end, lock));
      }),
    );

  const deadlines = yield* makeDeadlines(clock, (keys) =>
    Effect.forEach(
      keys,
      (key) => {
        const [project = "", name = ""] = key.split("\n");
        return settle({ project, actor: "daemon" }, name).pipe(
          Effect.catchTag("StorageError", ({ message }) => {
            deadlines.set(key, clock.now() + tryAgainAfter);
            return Effect.logWarning("the end of a lock could not be recorded yet", { message });
          }),
        );
      },
      { discard: true },
    ),
  );
  const schedule = (project: string, name: string) => {
    const lock = durable.get(project, name);
    if (lock === undefined) deadlines.clear(keyOf(project, name));
    else deadlines.set(keyOf(project, name), lock.deadline);
  };

  yield* store.onCommit((events, state) => {
    for (const event of events) {
      if (!event.stream.startsWith("lock/")) continue;
      durable.applyEvent(event);
      durable.forget(event.id);
      schedule(event.project, event.stream.slice("lock/".length));
    }
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

  const heldBy = (lock: Held | undefined, name: string, holder: string) => {
    const until = new Date(lock?.expiresAt ?? 0).toISOString();
    const whose = lock?.holder ?? "somebody who came first";
    const message =
      whose === holder
        ? `${holder} holds the lock ${name} already, until ${until}; it is not re-entrant. Release it, or go on under the one you have.`
        : `The lock ${name} is held by ${whose} until ${until}. Wait for it, or try again later.`;
    return new LockHeld({ message, holder: whose, expiresAt: until });
  };

  const release = Effect.fn("Lock.release")(function* (origin: Origin, held: Pick<Held, "name" | "token">) {
    yield* neverRejected(
      store.decide(origin, () =>
        Result.map(current(origin.project, held), (lock) =>
          passOn(origin.project, lock.name, ended("lock_released", lock), lock),
        ),
      ),
    );
  });

  const current = (project: string, { name, token }: Pick<Held, "name" | "token">) => {
    const lock = deciding.get(project, name);
    if (lock?.token === token && !isOver(lock)) return Result.succeed(lock);
    return Result.fail(
      new LockNotHeld({
        message: `The lock ${name} is not held under token ${token} any more: it was released, or expired and may be another's. Acquire it again before you go on.`,
      }),
    );
  };

  const leave = (project: string, name: string, waiter: Waiter) => {
    const key = keyOf(project, name);
    const left = (lines.get(key) ?? []).filter((one) => one !== waiter);
    if (left.length === 0) lines.delete(key);
    else lines.set(key, left);
    deciding.forget(waiter.grant);
  };

  /** Stands in line and waits; only the waiting can be interrupted, so that no lock is granted and then forgotten. */
  const acquire = Effect.fnUntraced(function* (
    restore: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>,
    origin: Origin,
    name: string,
    options: LockOptions,
  ) {
    const { project } = origin;
    const { holder, ttl, wait } = yield* readOptions(name, options);
    const own = durable.get(project, name);
    if (own?.holder === holder && !isOver(own)) return yield* heldBy(shown(own), name, holder);
    const grant = randomUUIDv7();
    const waiter: Waiter = { holder, ttl, grant, served: Deferred.makeUnsafe(), gone: false };
    const line = lines.get(keyOf(project, name));
    if (line === undefined) lines.set(keyOf(project, name), [waiter]);
    else line.push(waiter);
    const goAway = Effect.suspend(() => {
      leave(project, name, waiter);
      waiter.gone = true;
      // It may have been served at this very moment.
      return Deferred.isDoneUnsafe(waiter.served)
        ? Effect.flatMap(Deferred.await(waiter.served), (held) => Queue.offer(orphans, { project, held }))
        : Effect.void;
    });
    return yield* Effect.gen(function* () {
      yield* settle(origin, name);
      const served = yield* restore(Effect.timeoutOption(Deferred.await(waiter.served), wait));
      if (Option.isSome(served)) return served.value;
      const lock = durable.get(project, name);
      return yield* heldBy(lock && shown(lock), name, holder);
    }).pipe(Effect.onError(() => goAway));
  });

  const renew = Effect.fn("Lock.renew")(function* (
    origin: Origin,
    held: Pick<Held, "name" | "token">,
    ttl: Duration.Input = defaultTtl,
  ) {
    const { ttl: length } = yield* readOptions(held.name, { holder: "-", ttl });
    return yield* neverRejected(
      store.decide(origin, (_: Moment) =>
        Result.map(current(origin.project, held), (lock) => {
          const deadline = Math.max(lock.deadline, clock.now() + length);
          const set = { expires_at: iso(deadline) };
          const later = shown({ ...lock, deadline });
          return {
            events: [],
            state: [{ table: lockDeadlines.name, key: { name: lock.name }, set }],
            answer: () => later,
          };
        }),
      ),
    );
  });

  yield* Queue.take(orphans).pipe(
    Effect.flatMap(({ project, held }) =>
      Effect.ignore(release({ project, actor: "daemon" }, held), { log: "Warn" }),
    ),
    Effect.forever,
    Effect.forkScoped,
  );

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
          const held = yield* acquire(restore, origin, name, options);
          const ttl = Duration.fromInputUnsafe(options.ttl ?? defaultTtl);
          const keep = Effect.sleep(Duration.millis(Duration.toMillis(ttl) / 3)).pipe(
            Effect.andThen(renew(origin, held, ttl)),
            Effect.forever,
          );
          const exit = yield* Effect.exit(restore(Effect.raceFirst(use(held), keep)));
          // After a failure the first error counts.
          if (Exit.isSuccess(exit)) yield* release(origin, held);
          else yield* Effect.ignore(release(origin, held));
          return yield* exit;
        }),
      ),
    holder: (project, name) => {
      const lock = durable.get(project, name);
      return lock === undefined || isOver(lock) ? undefined : shown(lock);
    },
  });
});

const tryAgainAfter = 5000;

const readOptions = Effect.fnUntraced(function* (name: string, options: LockOptions) {
  const ttl = Duration.toMillis(Duration.fromInputUnsafe(options.ttl ?? defaultTtl));
  const wait = Duration.toMillis(Duration.fromInputUnsafe(options.wait ?? 0));
  const invalid = (message: string) => new InvalidInput({ message });
  if (name === "" || name.length > 200 || /[\0\r\n]/.test(name))
    return yield* invalid("A lock needs a name of 1 to 200 characters, without line breaks.");
  if (options.holder === "" || options.holder.length > 200)
    return yield* invalid("A lock needs a holder of 1 to 200 characters; say who acquires it.");
  if (!(ttl >= 1 && ttl <= Duration.toMillis(longestTtl)))
    return yield* invalid(`A lock lasts from a millisecond to 366 days, not ${ttl} ms.`);
  if (!(wait >= 0)) return yield* invalid(`One can't wait ${wait} ms for a lock.`);
  return { holder: options.holder, ttl, wait };
});
