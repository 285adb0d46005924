/** When leases end: by the time that passes while the machine is awake, whatever its clocks show. */
import { assert, describe, it } from "@effect/vitest";
import { Effect, Layer } from "effect";
import { Reservations } from "../../../../daemon/coordination/reservations/Reservations.ts";
import { EventStore, type Origin } from "../../../../daemon/primitives/EventStore.ts";
import { makeJumpingClock } from "../../../support/jumpingClock.ts";
import { tempFolder } from "../../../support/tempFolder.ts";
import { until } from "../../../support/until.ts";
import { storeIn } from "../storeLayer.ts";

const project = "p";
const origin: Origin = { project, actor: "daemon" };
const ttlSeconds = 3600;

const withClock = <A, E>(
  run: (
    time: ReturnType<typeof makeJumpingClock>,
    life: <B, F>(effect: Effect.Effect<B, F, Reservations | EventStore>) => Effect.Effect<B, F>,
  ) => Effect.Effect<A, E>,
) =>
  Effect.gen(function* () {
    const folder = yield* tempFolder;
    const time = makeJumpingClock();
    return yield* run(
      time,
      (effect) =>
        effect.pipe(
          Effect.provide(Reservations.layer.pipe(Layer.provideMerge(storeIn(folder)))),
          Effect.scoped,
          Effect.provide(time.layer),
          Effect.orDie,
        ) as never,
    );
  }).pipe(Effect.scoped);

const held = Effect.map(Reservations, (all) => all.list(project).length === 1);
const take = Effect.flatMap(Reservations, (all) =>
  all.reserve(origin, { holder: "A", patterns: ["a"], ttlSeconds }),
);
const expiries = Effect.flatMap(EventStore, (store) =>
  Effect.map(store.readAll({ project, types: ["lease_expired"] }), (events) => events.length),
);
const ended = Effect.gen(function* () {
  const context = yield* Effect.context<EventStore>();
  yield* Effect.promise(() =>
    until(() => Effect.runPromise(Effect.map(Effect.provideContext(expiries, context), (n) => n === 1))),
  );
});

describe("a lease", () => {
  it.live("ends after its time, and its end is recorded without anybody asking", () =>
    withClock((time, life) =>
      life(
        Effect.gen(function* () {
          yield* take;
          yield* time.advance("59 minutes");
          assert.isTrue(yield* held);
          yield* time.advance("1 minute");
          assert.isFalse(yield* held);
          yield* ended;
        }),
      ),
    ),
  );

  it.live("does not end because the wall clock is set forward, and not later because it is set back", () =>
    withClock((time, life) =>
      life(
        Effect.gen(function* () {
          yield* take;
          yield* time.jumpWall("5 hours");
          yield* time.advance("30 minutes");
          assert.isTrue(yield* held);
          yield* time.jumpWall("-10 hours");
          yield* time.advance("29 minutes");
          assert.isTrue(yield* held);
          yield* time.advance("1 minute");
          assert.isFalse(yield* held);
          yield* ended;
        }),
      ),
    ),
  );

  it.live.each(["stands still", "goes on"] as const)(
    "is as it was when the machine has slept, on systems whose monotonic time %s",
    (monotonic) =>
      withClock((time, life) =>
        life(
          Effect.gen(function* () {
            yield* take;
            yield* time.advance("30 minutes");
            yield* time.sleepMachine("8 hours", monotonic);
            assert.isTrue(yield* held);
            yield* time.advance("29 minutes");
            assert.isTrue(yield* held);
            assert.strictEqual(yield* expiries, 0);
            yield* time.advance("2 minutes");
            assert.isFalse(yield* held);
          }),
        ),
      ),
  );

  it.live(
    "is kept across a restart after a sleep, as its deadline is written anew; else the wall clock counts",
    () =>
      withClock((time, life) =>
        Effect.gen(function* () {
          yield* life(
            Effect.gen(function* () {
              yield* take;
              yield* time.sleepMachine("8 hours", "stands still");
              // The daemon notices, and writes.
              yield* time.advance("1 minute");
              yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 100)));
            }),
          );
          yield* life(
            Effect.gen(function* () {
              assert.isTrue(yield* held);
            }),
          );
          yield* time.jumpWall("2 hours");
          yield* life(
            Effect.gen(function* () {
              assert.isFalse(yield* held);
              yield* ended;
            }),
          );
        }),
      ),
  );
});
