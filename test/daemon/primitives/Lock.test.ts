import { assert, describe, it } from "@effect/vitest";
import { Context, Effect, Exit, Fiber, Layer } from "effect";
import { TestClock } from "effect/testing";
import { EventStore, type Origin } from "../../../daemon/primitives/EventStore.ts";
import { Lock } from "../../../daemon/primitives/Lock.ts";
import { crashingStore, quiet } from "../../support/crashingStore.ts";
import { makeJumpingClock } from "../../support/jumpingClock.ts";
import { tempFolder } from "../../support/tempFolder.ts";
import { storeIn, temporaryStore } from "../coordination/storeLayer.ts";

const origin: Origin = { project: "p", actor: "daemon" };
const layer = Lock.layer.pipe(Layer.provideMerge(temporaryStore));
const withLocks = <A, E>(effect: Effect.Effect<A, E, Lock | EventStore>) =>
  effect.pipe(Effect.provide(layer));
const typesOf = Effect.flatMap(EventStore, (store) =>
  Effect.map(store.readAll({ project: "p" }), (events) => events.map((event) => event.type)),
);

/** Real time, for the store's writes between the steps of the test's clock. */
const aMoment = Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 5)));

describe("Lock", () => {
  it.effect("goes to exactly one of many, free or expired, with a greater token each time", () =>
    withLocks(
      Effect.gen(function* () {
        const locks = yield* Lock;
        let last = 0;
        for (let round = 0; round < 5; round++) {
          const exits = yield* Effect.forEach(
            Array.from({ length: 20 }, (_, n) => `h${n}`),
            (holder) => Effect.exit(locks.acquire(origin, "build", { holder, ttl: "10 seconds" })),
            { concurrency: "unbounded" },
          );
          const won = exits.filter(Exit.isSuccess);
          assert.strictEqual(won.length, 1);
          assert.isAbove(won[0]!.value.token, last);
          last = won[0]!.value.token;
          if (round % 2 === 0) yield* TestClock.adjust("10 seconds");
          else yield* locks.release(origin, won[0]!.value);
        }
      }),
    ),
  );

  it.effect("is not re-entrant, and says who has it", () =>
    withLocks(
      Effect.gen(function* () {
        const locks = yield* Lock;
        const held = yield* locks.acquire(origin, "build", { holder: "A" });
        const own = yield* Effect.flip(locks.acquire(origin, "build", { holder: "A", wait: "1 hour" }));
        assert.strictEqual(own._tag, "LockHeld");
        assert.include(own.message, "not re-entrant");
        const other = yield* Effect.flip(locks.acquire(origin, "build", { holder: "B" }));
        assert.include(other.message, "is held by A until");
        assert.deepStrictEqual(locks.holder("p", "build"), held);
        yield* locks.release(origin, held);
        assert.strictEqual((yield* Effect.flip(locks.release(origin, held)))._tag, "LockNotHeld");
        assert.strictEqual((yield* Effect.flip(locks.renew(origin, held)))._tag, "LockNotHeld");
        assert.isUndefined(locks.holder("p", "build"));
      }),
    ),
  );

  it.effect("serves those who wait in their order, in the transaction that frees it", () =>
    withLocks(
      Effect.gen(function* () {
        const locks = yield* Lock;
        const held = yield* locks.acquire(origin, "build", { holder: "A", ttl: "1 minute" });
        const wait = (holder: string) =>
          Effect.forkChild(locks.acquire(origin, "build", { holder, ttl: "1 minute", wait: "1 hour" }), {
            startImmediately: true,
          });
        const b = yield* wait("B");
        const c = yield* wait("C");
        const d = yield* wait("D");
        yield* Fiber.interrupt(c);
        yield* locks.release(origin, held);
        const second = yield* Fiber.join(b);
        assert.isAbove(second.token, held.token);
        yield* TestClock.adjust("1 minute");
        const third = yield* Fiber.join(d);
        assert.strictEqual(third.holder, "D");
        assert.deepStrictEqual(yield* typesOf, [
          "lock_acquired",
          "lock_released",
          "lock_acquired",
          "lock_expired",
          "lock_acquired",
        ]);
      }),
    ),
  );

  it.effect("does not give the next holder the end that the one before had renewed", () =>
    withLocks(
      Effect.gen(function* () {
        const locks = yield* Lock;
        const store = yield* EventStore;
        const fork = <A, E>(effect: Effect.Effect<A, E>) =>
          Effect.forkChild(effect, { startImmediately: true });
        const held = yield* locks.acquire(origin, "build", { holder: "A", ttl: "1 minute" });
        const next = yield* fork(
          locks.acquire(origin, "build", { holder: "B", ttl: "1 minute", wait: "1 hour" }),
        );
        yield* aMoment;
        // While this is written the others come together, and share a transaction.
        const data = { name: "other", token: 1 };
        yield* fork(store.append(origin, [{ stream: "other", type: "lock_released", data }]));
        yield* fork(locks.renew(origin, held, "10 hours"));
        yield* fork(locks.release(origin, held));
        const got = yield* Fiber.join(next);
        assert.deepStrictEqual(locks.holder("p", "build"), got);
        assert.strictEqual(got.expiresAt, 60_000);
      }),
    ),
  );

  it.effect("refuses the other calls of who gets it, and tells who waits that the store closes", () =>
    Effect.gen(function* () {
      const cut = yield* withLocks(
        Effect.gen(function* () {
          const locks = yield* Lock;
          const wait = (holder: string) =>
            Effect.forkDetach(
              Effect.flip(locks.acquire(origin, "build", { holder, ttl: "1 hour", wait: "1 hour" })),
              { startImmediately: true },
            );
          const held = yield* locks.acquire(origin, "build", { holder: "A" });
          const first = yield* Effect.forkChild(
            locks.acquire(origin, "build", { holder: "B", ttl: "1 hour", wait: "1 hour" }),
            { startImmediately: true },
          );
          const own = yield* wait("B");
          const waiting = yield* wait("C");
          yield* locks.release(origin, held);
          yield* Fiber.join(first);
          assert.include((yield* Fiber.join(own)).message, "B holds the lock build already");
          return waiting;
        }),
      );
      assert.deepInclude(yield* Fiber.join(cut), { _tag: "StorageError", code: "CLOSED" });
    }),
  );

  it.effect("interrupts the work when the lock is lost, and fails for it", () =>
    withLocks(
      Effect.gen(function* () {
        const locks = yield* Lock;
        let ended = false;
        const work = yield* Effect.forkChild(
          Effect.flip(
            locks.withLock(origin, "build", { holder: "A" }, () =>
              Effect.onInterrupt(Effect.never, () =>
                Effect.sync(() => {
                  ended = true;
                }),
              ),
            ),
          ),
          { startImmediately: true },
        );
        while (locks.holder("p", "build") === undefined) yield* aMoment;
        yield* locks.release(origin, locks.holder("p", "build")!);
        assert.strictEqual((yield* Fiber.join(work))._tag, "LockNotHeld");
        assert.isTrue(ended);
        const thrown = yield* Effect.exit(
          locks.withLock(origin, "build", { holder: "A" }, (): Effect.Effect<void> => {
            throw new Error("a defect, on purpose");
          }),
        );
        assert.isTrue(Exit.isFailure(thrown));
        assert.isUndefined(locks.holder("p", "build"));
      }),
    ),
  );

  it.effect("refuses what makes no sense, and stays usable", () =>
    withLocks(
      Effect.gen(function* () {
        const locks = yield* Lock;
        for (const name of ["", "a\nb", "x".repeat(1_000_000)])
          assert.strictEqual(
            (yield* Effect.flip(locks.acquire(origin, name, { holder: "A" })))._tag,
            "InvalidInput",
          );
        for (const options of [
          { holder: "" },
          { holder: "x".repeat(201) },
          { holder: "A", ttl: -1 },
          { holder: "A", ttl: 0 },
          { holder: "A", ttl: "1000 days" as const },
          { holder: "A", ttl: Number.POSITIVE_INFINITY },
          { holder: "A", ttl: "soon" as never },
          { holder: "A", wait: -1 },
          { holder: "A", wait: "never" as never },
        ])
          assert.strictEqual(
            (yield* Effect.flip(locks.acquire(origin, "build", options)))._tag,
            "InvalidInput",
          );
        const held = yield* locks.acquire(origin, "build", { holder: "A" });
        assert.strictEqual((yield* Effect.flip(locks.renew(origin, held, -5)))._tag, "InvalidInput");
        for (const token of [-1, 0, held.token + 1, Number.NaN])
          assert.strictEqual(
            (yield* Effect.flip(locks.release(origin, { ...held, token })))._tag,
            "LockNotHeld",
          );
        assert.deepStrictEqual(locks.holder("p", "build"), held);
        yield* locks.release(origin, held);
      }),
    ),
  );

  it.effect("gives up waiting at the deadline", () =>
    withLocks(
      Effect.gen(function* () {
        const locks = yield* Lock;
        yield* locks.acquire(origin, "build", { holder: "A", ttl: "1 hour" });
        const late = yield* Effect.forkChild(
          Effect.flip(locks.acquire(origin, "build", { holder: "B", wait: "5 seconds" })),
          { startImmediately: true },
        );
        yield* TestClock.adjust("5 seconds");
        assert.strictEqual((yield* Fiber.join(late))._tag, "LockHeld");
      }),
    ),
  );

  it.effect("is renewed while it is worked under, and released however the work ends", () =>
    withLocks(
      Effect.gen(function* () {
        const locks = yield* Lock;
        const options = { holder: "A", ttl: "30 seconds" } as const;
        const work = yield* Effect.forkChild(
          locks.withLock(origin, "build", options, () => Effect.as(Effect.sleep("5 minutes"), "done")),
          { startImmediately: true },
        );
        while (locks.holder("p", "build") === undefined) yield* aMoment;
        for (let step = 1; step <= 30; step++) {
          yield* TestClock.adjust("10 seconds");
          const renewed = () => locks.holder("p", "build")?.expiresAt === (step * 10 + 30) * 1000;
          while (step < 30 && !renewed()) yield* aMoment;
        }
        assert.strictEqual(yield* Fiber.join(work), "done");
        assert.isUndefined(locks.holder("p", "build"));
        const failed = yield* Effect.flip(
          locks.withLock(origin, "build", options, () => Effect.fail("no" as const)),
        );
        assert.strictEqual(failed, "no");
        const cut = yield* Effect.forkChild(
          locks.withLock(origin, "build", options, () => Effect.never),
          { startImmediately: true },
        );
        while (locks.holder("p", "build") === undefined) yield* aMoment;
        yield* Fiber.interrupt(cut);
        assert.isUndefined(locks.holder("p", "build"));
      }),
    ),
  );

  it.effect("outlives the daemon, with its renewal", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder;
      const run = <A, E>(effect: Effect.Effect<A, E, Lock | EventStore>) =>
        effect.pipe(Effect.provide(Lock.layer.pipe(Layer.provideMerge(storeIn(folder)))), Effect.scoped);
      const held = yield* run(
        Effect.gen(function* () {
          const locks = yield* Lock;
          const first = yield* locks.acquire(origin, "build", { holder: "A", ttl: "1 minute" });
          return yield* locks.renew(origin, first, "5 minutes");
        }),
      );
      yield* TestClock.adjust("4 minutes");
      yield* run(Effect.map(Lock, (locks) => assert.deepStrictEqual(locks.holder("p", "build"), held)));
      yield* TestClock.adjust("2 minutes");
      const next = yield* run(
        Effect.flatMap(Lock, (locks) => locks.acquire(origin, "build", { holder: "B" })),
      );
      assert.isAbove(next.token, held.token);
    }),
  );

  it.live("outlives a wall clock that was set and a daemon that died after it", () =>
    Effect.gen(function* () {
      const time = makeJumpingClock();
      const crashing = yield* crashingStore(Lock.layer);
      const open = Effect.provide(crashing.open, time.layer);
      const before = yield* open;
      const held = yield* Context.get(before, Lock).acquire(origin, "build", { holder: "A", ttl: "1 hour" });
      yield* time.sleepMachine("8 hours", "stands still");
      assert.strictEqual(Context.get(before, Lock).holder("p", "build")?.token, held.token);
      // Within ten seconds its end is written anew.
      yield* time.advance("11 seconds");
      yield* quiet(Context.get(before, EventStore));
      yield* crashing.kill;
      const after = Context.get(yield* open, Lock).holder("p", "build");
      assert.strictEqual(after?.expiresAt, held.expiresAt + 8 * 3_600_000);
      yield* crashing.close;
    }).pipe(Effect.scoped),
  );
});
