/**
 * The clock by which leases, locks, deliveries and promises run out. It goes on with the machine's monotonic time
 * and stands still while the machine sleeps, so a laptop that is opened in the morning finds every lease as it
 * was, and a wall clock that is set to another time ends nothing.
 *
 * A deadline in a row or an event is wall time (it must mean something after a restart and to people), so whoever
 * keeps one writes it anew when the two clocks have moved apart: see `onJump`.
 */
import { Clock, Context, Effect, Layer, type Scope } from "effect";

export class AwakeClock extends Context.Service<
  AwakeClock,
  {
    /** Milliseconds. It equals the wall clock when the daemon starts, and differs from it after a sleep or a jump. */
    readonly now: () => number;
    /** The wall time at which `now` will be `awake`, if nothing jumps again. */
    readonly wallOf: (awake: number) => number;
    readonly awakeOf: (wall: number) => number;
    /** Runs after the machine slept or the wall clock was set; `wallOf` is then another for each deadline. */
    readonly onJump: (listener: Effect.Effect<void>) => Effect.Effect<void, never, Scope.Scope>;
    /** Returns when `now` has reached `awake`. */
    readonly sleepUntil: (awake: number) => Effect.Effect<void>;
  }
>()("opencode-vibe/primitives/AwakeClock") {
  static readonly layer = Layer.effect(
    AwakeClock,
    Effect.gen(function* () {
      const clock = yield* Clock.Clock;
      const monotonic = () => Number(clock.monotonicTimeNanosUnsafe() / 1_000_000n);
      const wall = () => clock.currentTimeMillisUnsafe();
      const scope = yield* Effect.scope;
      const listeners = new Set<Effect.Effect<void>>();
      let seen = monotonic();
      /** What is added to the monotonic time; less for each sleep. */
      let offset = wall() - seen;
      const now = () => {
        const current = monotonic();
        if (current - seen > longestGap) offset -= current - seen;
        seen = current;
        return current + offset;
      };
      let known = 0;
      let told = 0;
      /** How far the wall clock is ahead. It is one number between two jumps, so a deadline read back is what it was. */
      const apart = () => {
        const difference = wall() - now();
        if (Math.abs(difference - known) >= tolerated) known = difference;
        return known;
      };
      const look = Effect.gen(function* () {
        if (apart() === told) return;
        told = known;
        yield* Effect.logInfo("the machine slept, or its clock was set", { apart: told });
        // The clock itself must not wait for them: a silence of the process is taken for a sleep.
        for (const listener of listeners) yield* Effect.forkIn(listener, scope);
      });
      yield* Effect.sleep(lookEvery).pipe(Effect.andThen(look), Effect.forever, Effect.forkScoped);

      const sleepUntil = (awake: number): Effect.Effect<void> =>
        Effect.suspend(() => {
          const left = awake - now();
          return left <= 0
            ? Effect.void
            : Effect.andThen(Effect.sleep(Math.min(left, longestTimer)), () => sleepUntil(awake));
        });

      return AwakeClock.of({
        now,
        wallOf: (awake) => awake + apart(),
        awakeOf: (at) => at - apart(),
        onJump: (listener) =>
          Effect.acquireRelease(
            Effect.sync(() => listeners.add(listener)),
            () => Effect.sync(() => listeners.delete(listener)),
          ),
        sleepUntil,
      });
    }),
  );
}

/** A longer silence of the process, in milliseconds, was a sleep. */
const longestGap = 30_000;
const lookEvery = "10 seconds";
/** Wall clocks are moved by small steps all the time. */
const tolerated = 1000;
/** Timers of the platform overflow beyond 24 days. */
const longestTimer = 24 * 3600 * 1000;
