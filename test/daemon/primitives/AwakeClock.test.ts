import { assert, describe, it } from "@effect/vitest";
import { Effect, Exit, Fiber } from "effect";
import { AwakeClock } from "../../../daemon/primitives/AwakeClock.ts";
import { type JumpingClock, makeJumpingClock } from "../../support/jumpingClock.ts";

const withClock = <A, E>(
  run: (
    clock: AwakeClock["Service"],
    time: JumpingClock,
  ) => Effect.Effect<A, E, import("effect").Scope.Scope>,
) => {
  const time = makeJumpingClock();
  return Effect.flatMap(AwakeClock, (clock) => run(clock, time)).pipe(
    Effect.provide(AwakeClock.layer),
    Effect.provide(time.layer),
    Effect.scoped,
  );
};

describe("AwakeClock", () => {
  it.live("starts as the wall clock and goes on with the time that passes", () =>
    withClock((clock, time) =>
      Effect.gen(function* () {
        assert.strictEqual(clock.now(), time.wall());
        yield* time.advance("5 hours");
        assert.strictEqual(clock.now(), time.wall());
        assert.strictEqual(clock.wallOf(clock.now()), time.wall());
      }),
    ),
  );

  it.live("does not follow a wall clock that is set, in either direction", () =>
    withClock((clock, time) =>
      Effect.gen(function* () {
        const start = clock.now();
        for (const jump of ["3 days", "-9 days"] as const) {
          yield* time.jumpWall(jump);
          assert.strictEqual(clock.now(), start);
          assert.strictEqual(clock.wallOf(start), time.wall());
          assert.strictEqual(clock.awakeOf(time.wall()), start);
        }
        yield* time.advance("1 minute");
        assert.strictEqual(clock.now(), start + 60_000);
      }),
    ),
  );

  it.live("stands still while the machine sleeps, whether its monotonic clock does or not", () =>
    withClock((clock, time) =>
      Effect.gen(function* () {
        const start = clock.now();
        yield* time.sleepMachine("8 hours", "stands still");
        assert.strictEqual(clock.now(), start);
        yield* time.sleepMachine("8 hours", "goes on");
        assert.strictEqual(clock.now(), start);
        yield* time.advance("1 minute");
        assert.strictEqual(clock.now(), start + 60_000);
        assert.strictEqual(clock.wallOf(clock.now()), time.wall());
      }),
    ),
  );

  it.live("tells of a sleep and of a set clock, once each, and not of small steps", () =>
    withClock((clock, time) =>
      Effect.gen(function* () {
        let heard = 0;
        yield* clock.onJump(Effect.sync(() => void heard++));
        yield* time.advance("1 minute");
        yield* time.jumpWall(400);
        yield* time.advance("1 minute");
        assert.strictEqual(heard, 0);
        yield* time.jumpWall("1 hour");
        // Somebody who reads it first does not keep it from the listeners.
        clock.wallOf(0);
        yield* time.advance("1 minute");
        assert.strictEqual(heard, 1);
        yield* time.sleepMachine("1 hour", "goes on");
        yield* time.advance("1 minute");
        assert.strictEqual(heard, 2);
      }),
    ),
  );

  it.live("gives back the deadline that was written, also when the clocks drift by a little", () =>
    withClock((clock, time) =>
      Effect.gen(function* () {
        const deadline = clock.now() + 5000;
        const written = clock.wallOf(deadline);
        for (const drift of [1, -1, 300, -700]) {
          yield* time.jumpWall(drift);
          assert.strictEqual(clock.awakeOf(written), deadline);
        }
      }),
    ),
  );

  it.live("sleeps until a time awake: a sleep of the machine does not count", () =>
    withClock((clock, time) =>
      Effect.gen(function* () {
        const end = clock.now() + 60_000;
        const sleeper = yield* Effect.forkChild(clock.sleepUntil(end), { startImmediately: true });
        yield* time.advance("30 seconds");
        yield* time.sleepMachine("2 hours", "goes on");
        yield* time.jumpWall("3 days");
        yield* time.advance("29 seconds");
        assert.isUndefined(sleeper.pollUnsafe());
        yield* time.advance("1 second");
        assert.isTrue(Exit.isSuccess(yield* Fiber.await(sleeper)));
        assert.isAtLeast(clock.now(), end);
        // Longer than a timer of the platform can be.
        const long = yield* Effect.forkChild(clock.sleepUntil(clock.now() + 40 * 24 * 3_600_000), {
          startImmediately: true,
        });
        yield* Fiber.interrupt(long);
      }),
    ),
  );
});
