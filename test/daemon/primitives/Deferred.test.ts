import { randomUUID } from "node:crypto";
import { assert, describe, it } from "@effect/vitest";
import { Duration, Effect, Exit, Fiber, Layer } from "effect";
import { TestClock } from "effect/testing";
import { Deferred } from "../../../daemon/primitives/Deferred.ts";
import type { EventStore, Origin } from "../../../daemon/primitives/EventStore.ts";
import { tempFolder } from "../../support/tempFolder.ts";
import { storeIn, temporaryStore } from "../coordination/storeLayer.ts";

const origin: Origin = { project: "p", actor: "daemon" };
const withDeferreds = <A, E>(effect: Effect.Effect<A, E, Deferred | EventStore>) =>
  effect.pipe(Effect.provide(Deferred.layer.pipe(Layer.provideMerge(temporaryStore))));
const aMoment = Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 5)));

describe("Deferred", () => {
  it.effect("wakes all who wait, and answers who comes later", () =>
    withDeferreds(
      Effect.gen(function* () {
        const deferreds = yield* Deferred;
        const { id } = yield* deferreds.create(origin, { owner: "A" });
        const waiters = yield* Effect.forEach(Array.from({ length: 50 }), () =>
          Effect.forkChild(deferreds.await("p", id), { startImmediately: true }),
        );
        const gone = yield* Effect.forkChild(deferreds.await("p", id), { startImmediately: true });
        yield* Fiber.interrupt(gone);
        const view = yield* deferreds.resolve(origin, id, { answer: [42, null] });
        assert.deepInclude(view, { id, state: "resolved", value: { answer: [42, null] } });
        for (const waiter of waiters)
          assert.deepStrictEqual(yield* Fiber.join(waiter), { answer: [42, null] });
        assert.deepStrictEqual(yield* deferreds.await("p", id), { answer: [42, null] });
      }),
    ),
  );

  it.effect("is settled by exactly one of many; the others are told how", () =>
    withDeferreds(
      Effect.gen(function* () {
        const deferreds = yield* Deferred;
        const { id } = yield* deferreds.create(origin);
        const exits = yield* Effect.forEach(
          Array.from({ length: 30 }, (_, n) => n),
          (n) =>
            Effect.exit<unknown, unknown, never>(
              n % 2 === 0 ? deferreds.resolve(origin, id, n) : deferreds.reject(origin, id, `no ${n}`),
            ),
          { concurrency: "unbounded" },
        );
        assert.strictEqual(exits.filter(Exit.isSuccess).length, 1);
        const late = yield* Effect.flip(deferreds.reject(origin, id, "late"));
        assert.deepInclude(late, { _tag: "AlreadySettled", outcome: "resolved" });
      }),
    ),
  );

  it.effect("carries the reason of a rejection, and the end of its time, to the waiter", () =>
    withDeferreds(
      Effect.gen(function* () {
        const deferreds = yield* Deferred;
        const { id } = yield* deferreds.create(origin);
        yield* deferreds.reject(origin, id, "the branch is gone");
        const rejected = yield* Effect.flip(deferreds.await("p", id));
        assert.deepInclude(rejected, { _tag: "Rejected", reason: "the branch is gone" });

        const short = yield* deferreds.create(origin, { expires: "10 seconds" });
        const waiter = yield* Effect.forkChild(Effect.flip(deferreds.await("p", short.id)), {
          startImmediately: true,
        });
        yield* aMoment;
        yield* TestClock.adjust("10 seconds");
        assert.strictEqual((yield* Fiber.join(waiter))._tag, "TimedOut");
        const late = yield* Effect.flip(deferreds.resolve(origin, short.id, 1));
        assert.deepInclude(late, { _tag: "AlreadySettled", outcome: "expired" });
      }),
    ),
  );

  it.effect("tells a call that is tried again what it was told, and nobody else", () =>
    withDeferreds(
      Effect.gen(function* () {
        const deferreds = yield* Deferred;
        const { id } = yield* deferreds.create(origin);
        const other = yield* deferreds.create(origin);
        const callId = randomUUID();
        const first = yield* deferreds.resolve(origin, id, "yes", { callId });
        assert.deepStrictEqual(yield* deferreds.resolve(origin, id, "yes", { callId }), first);
        for (const [value, options] of [
          ["yes", {}],
          ["yes", { callId: randomUUID() }],
          ["no", { callId }],
        ] as const)
          assert.strictEqual(
            (yield* Effect.flip(deferreds.resolve(origin, id, value, options)))._tag,
            "AlreadySettled",
          );
        const reused = yield* Effect.flip(deferreds.resolve(origin, other.id, "yes", { callId }));
        assert.strictEqual(reused._tag, "InvalidInput");
        assert.strictEqual((yield* deferreds.get("p", other.id)).state, "pending");
      }),
    ),
  );

  it.effect("is one deferred for one id, in one project", () =>
    withDeferreds(
      Effect.gen(function* () {
        const deferreds = yield* Deferred;
        const id = randomUUID();
        const views = yield* Effect.forEach(
          ["1 hour", "2 hours", "1 hour"] as const,
          (expires) => deferreds.create(origin, { id, expires }),
          { concurrency: "unbounded" },
        );
        assert.deepStrictEqual(views, [views[0]!, views[0]!, views[0]!]);
        yield* deferreds.resolve(origin, id, 1);
        assert.strictEqual((yield* deferreds.create(origin, { id })).state, "resolved");
        const elsewhere = { ...origin, project: "q" };
        assert.strictEqual((yield* Effect.flip(deferreds.create(elsewhere, { id })))._tag, "InvalidInput");
        assert.strictEqual((yield* Effect.flip(deferreds.get("q", id)))._tag, "NotFound");
        assert.strictEqual((yield* Effect.flip(deferreds.resolve(elsewhere, id, 2)))._tag, "NotFound");
      }),
    ),
  );

  it.effect("refuses what makes no sense, and stays usable", () =>
    withDeferreds(
      Effect.gen(function* () {
        const deferreds = yield* Deferred;
        const { id } = yield* deferreds.create(origin);
        let deep: unknown = 1;
        for (let level = 0; level < 101; level++) deep = [deep];
        let bottomless: unknown = 1;
        for (let level = 0; level < 100_000; level++) bottomless = [bottomless];
        const circular: Record<string, unknown> = {};
        circular.self = circular;
        const values: Array<unknown> = [
          "x".repeat(70_000),
          deep,
          bottomless,
          circular,
          undefined,
          Number.NaN,
          1n,
          () => 1,
          { a: undefined },
        ];
        for (const value of values) {
          const error = yield* Effect.flip(deferreds.resolve(origin, id, value as never));
          assert.strictEqual(error._tag, "InvalidInput");
        }
        const long = yield* Effect.flip(deferreds.reject(origin, id, "x".repeat(70_000)));
        assert.include(long.message, "65536 is the most");
        for (const options of [
          { id: "" },
          { id: "no uuid" },
          { id: "x".repeat(1_000_000) },
          { expires: Duration.millis(-1) },
          { expires: 0 },
          { expires: Duration.infinity },
          { expires: "1000 days" as const },
          { expires: "soon" as never },
          { owner: "x".repeat(1000) },
        ]) {
          const error = yield* Effect.flip(deferreds.create(origin, options));
          assert.strictEqual(error._tag, "InvalidInput");
          assert.isBelow(error.message.length, 200);
        }
        for (const unknown of ["", "nobody", randomUUID(), "x".repeat(1_000_000)]) {
          for (const effect of [
            deferreds.get("p", unknown),
            deferreds.await("p", unknown),
            deferreds.resolve(origin, unknown, 1),
          ]) {
            const error = yield* Effect.flip<
              unknown,
              { readonly _tag: string; readonly message: string },
              never
            >(effect);
            assert.strictEqual(error._tag, "NotFound");
            assert.isBelow(error.message.length, 200);
          }
        }
        const noCall = yield* Effect.flip(deferreds.resolve(origin, id, 1, { callId: "again" }));
        assert.strictEqual(noCall._tag, "InvalidInput");
        assert.deepInclude(yield* deferreds.resolve(origin, id, 1), { state: "resolved", value: 1 });
      }),
    ),
  );

  it.effect(
    "outlives the daemon: pending ones are settled and waited for afterwards, and expire by the wall clock",
    () =>
      Effect.gen(function* () {
        const folder = yield* tempFolder;
        const run = <A, E>(use: (deferreds: Deferred["Service"]) => Effect.Effect<A, E>) =>
          Effect.flatMap(Deferred, use).pipe(
            Effect.provide(Deferred.layer.pipe(Layer.provideMerge(storeIn(folder)))),
            Effect.scoped,
          );
        const [a, b] = yield* run((deferreds) =>
          Effect.all([deferreds.create(origin), deferreds.create(origin, { expires: "1 minute" })]),
        );
        const cut = yield* run((deferreds) =>
          Effect.forkDetach(Effect.exit(deferreds.await("p", a.id)), { startImmediately: true }),
        );
        assert.isTrue(Exit.isFailure(yield* Fiber.join(cut)), "who waits is told that the store was closed");
        yield* TestClock.adjust("2 minutes");
        yield* run((deferreds) =>
          Effect.gen(function* () {
            assert.strictEqual((yield* Effect.flip(deferreds.await("p", b.id)))._tag, "TimedOut");
            const waiter = yield* Effect.forkChild(deferreds.await("p", a.id), { startImmediately: true });
            yield* deferreds.resolve(origin, a.id, "late, and in time");
            assert.strictEqual(yield* Fiber.join(waiter), "late, and in time");
          }),
        );
        yield* run((deferreds) =>
          Effect.map(deferreds.await("p", a.id), (value) => assert.strictEqual(value, "late, and in time")),
        );
      }),
  );
});
