/**
 * A clock whose wall time and monotonic time a test moves apart: time that passes, a wall clock that is set to
 * another time, a machine that sleeps. Timers follow the monotonic time. Use it with `it.live`, and provide it to
 * everything that reads a clock: `Effect.provide(time.layer)`.
 */
import { setImmediate } from "node:timers/promises";
import { Clock, Duration, Effect, Layer } from "effect";

export interface JumpingClock {
  readonly layer: Layer.Layer<never>;
  readonly clock: Clock.Clock;
  readonly wall: () => number;
  readonly monotonic: () => number;
  /** Time passes on both clocks, and timers run as they come up. */
  readonly advance: (duration: Duration.Input) => Effect.Effect<void>;
  /** The wall clock is set: forward, or back with a negative duration. */
  readonly jumpWall: (duration: Duration.Input) => Effect.Effect<void>;
  /**
   * The machine sleeps: no timer runs meanwhile. The wall clock goes on; the monotonic one stands still, as on
   * Linux, or goes on as well, as on Windows, and then what is due runs late, at the end.
   */
  readonly sleepMachine: (
    duration: Duration.Input,
    monotonic: "stands still" | "goes on",
  ) => Effect.Effect<void>;
}

/** `startAt` is wall time in milliseconds. The monotonic time starts anywhere, as after a boot. */
export const makeJumpingClock = (startAt = Date.UTC(2026, 0, 1)): JumpingClock => {
  let wall = startAt;
  let monotonic = 12_345;
  const sleepers = new Set<{ readonly at: number; readonly wake: () => void }>();

  const clock: Clock.Clock = {
    currentTimeMillisUnsafe: () => wall,
    currentTimeMillis: Effect.sync(() => wall),
    currentTimeNanosUnsafe: () => BigInt(wall) * 1_000_000n,
    currentTimeNanos: Effect.sync(() => BigInt(wall) * 1_000_000n),
    monotonicTimeNanosUnsafe: () => BigInt(monotonic) * 1_000_000n,
    monotonicTimeNanos: Effect.sync(() => BigInt(monotonic) * 1_000_000n),
    sleep: (duration) => {
      const length = Duration.toMillis(duration);
      if (length <= 0) return Effect.yieldNow;
      return Effect.callback<void>((resume) => {
        const sleeper = { at: monotonic + Math.ceil(length), wake: () => resume(Effect.void) };
        sleepers.add(sleeper);
        return Effect.sync(() => void sleepers.delete(sleeper));
      });
    },
  };

  /** Fibers that were woken go on until they wait again. */
  const settle = Effect.promise(async () => {
    for (let turn = 0; turn < 3; turn++) await setImmediate();
  });
  const earliest = (upTo: number) =>
    [...sleepers]
      .filter(({ at }) => at <= upTo)
      .reduce<{ at: number; wake: () => void } | undefined>(
        (first, one) => (first === undefined || one.at < first.at ? one : first),
        undefined,
      );

  /** Wakes who is due up to `end`, the time going on with each. */
  const runTimers = Effect.fnUntraced(function* (end: number) {
    yield* settle;
    for (let next = earliest(end); next !== undefined; next = earliest(end)) {
      const step = Math.max(0, next.at - monotonic);
      monotonic += step;
      wall += step;
      sleepers.delete(next as never);
      next.wake();
      yield* settle;
    }
    const rest = Math.max(0, end - monotonic);
    monotonic += rest;
    wall += rest;
  });

  return {
    layer: Layer.succeed(Clock.Clock, clock),
    clock,
    wall: () => wall,
    monotonic: () => monotonic,
    advance: (duration) =>
      Effect.suspend(() => runTimers(monotonic + Duration.toMillis(Duration.fromInputUnsafe(duration)))),
    jumpWall: (duration) =>
      Effect.andThen(
        Effect.sync(() => {
          wall += Duration.toMillis(Duration.fromInputUnsafe(duration));
        }),
        settle,
      ),
    sleepMachine: (duration, kind) =>
      Effect.suspend(() => {
        const length = Duration.toMillis(Duration.fromInputUnsafe(duration));
        wall += length;
        if (kind === "goes on") monotonic += length;
        return runTimers(monotonic);
      }),
  };
};
