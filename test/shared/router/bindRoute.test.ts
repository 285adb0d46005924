import { assert, describe, it } from "@effect/vitest";
import { Effect, Exit, Fiber, Schema, Stream } from "effect";
import { TestClock } from "effect/testing";
import type { BoundRoute, Policy } from "../../../shared/router/bindRoute.ts";
import { handledRoutes } from "../../../shared/router/handledRoutes.ts";
import { type HandledRoute, o, type RouteOptions } from "../../../shared/router/o.ts";
import type { Frame } from "../../../shared/router/RouteHandler.ts";
import { Refused } from "./notes.ts";

const Empty = Schema.Struct({});
const busy = new Refused({ message: "busy", kind: "busy" });
const policy: Policy<Refused> = {
  refuse: (kind, message) => new Refused({ kind, message }),
  transient: (error) => error.kind === "busy",
};

const route = <Streams extends boolean = false>(options: RouteOptions<Streams>) =>
  o(options).input(Empty).output(Schema.String);
const bind = <Streams extends boolean, E extends Refused>(
  handled: HandledRoute<object, string, Streams, unknown, E, never>,
): BoundRoute<unknown, Refused, never> => {
  const [bound] = handledRoutes({ a: { b: handled } });
  assert.isDefined(bound);
  return bound;
};
const ask = (bound: BoundRoute<unknown, Refused, never>) =>
  bound.handle({ input: {}, context: undefined }, policy);
const call = (bound: BoundRoute<unknown, Refused, never>) => ask(bound) as Effect.Effect<unknown, Refused>;
const frames = (bound: BoundRoute<unknown, Refused, never>) =>
  ask(bound) as Stream.Stream<Frame<unknown>, Refused>;

describe("timeout", () => {
  it.effect("fails a call that takes longer, with the server's own error, and interrupts it", () =>
    Effect.gen(function* () {
      let interrupted = false;
      const bound = bind(
        route({ timeout: "30s" }).handler(() =>
          Effect.onInterrupt(Effect.never, () =>
            Effect.sync(() => {
              interrupted = true;
            }),
          ),
        ),
      );
      const fiber = yield* Effect.forkChild(Effect.exit(call(bound)));
      yield* TestClock.adjust("29 seconds");
      assert.isUndefined(fiber.pollUnsafe());
      yield* TestClock.adjust("1 second");
      const exit = yield* Fiber.join(fiber);
      assert.deepStrictEqual(
        exit,
        Exit.fail(new Refused({ kind: "timeout", message: "a/b took longer than 30s" })),
      );
      assert.isTrue(interrupted);
    }),
  );

  it.effect("tells an async handler by its signal", () =>
    Effect.gen(function* () {
      let told: AbortSignal | undefined;
      const bound = bind(
        route({ timeout: "1 minute" }).handler(({ signal }) => {
          told = signal;
          return new Promise<string>(() => undefined);
        }),
      );
      const fiber = yield* Effect.forkChild(Effect.exit(call(bound)));
      yield* TestClock.adjust("59 seconds");
      assert.isFalse(told?.aborted);
      yield* TestClock.adjust("1 second");
      yield* Fiber.join(fiber);
      assert.isTrue(told?.aborted);
    }),
  );

  it.effect("spans all attempts together", () =>
    Effect.gen(function* () {
      let attempts = 0;
      const bound = bind(
        route({ timeout: "10s", retry: { times: 100, base: "4 seconds" } }).handler(() => {
          attempts++;
          return Effect.fail(busy);
        }),
      );
      const fiber = yield* Effect.forkChild(Effect.flip(call(bound)));
      yield* TestClock.adjust("10 seconds");
      assert.strictEqual((yield* Fiber.join(fiber)).kind, "timeout");
      assert.isAtMost(attempts, 3);
    }),
  );

  it.effect("does not concern streams", () =>
    Effect.gen(function* () {
      const late = Stream.fromEffect(Effect.delay(Effect.succeed({ data: "late" }), "1 hour"));
      const bound = bind(route({ stream: true, timeout: "1s" }).handler(() => late));
      const fiber = yield* Effect.forkChild(Stream.runCollect(frames(bound)));
      yield* TestClock.adjust("1 hour");
      assert.deepStrictEqual(yield* Fiber.join(fiber), [{ data: "late" }]);
    }),
  );
});

describe("retry", () => {
  const failing = (times: number, error: Refused) => {
    const seen = { attempts: 0 };
    const answer = Effect.suspend(() =>
      seen.attempts++ < times ? Effect.fail(error) : Effect.succeed("done"),
    );
    return { seen, answer };
  };
  const run = (bound: BoundRoute<unknown, Refused, never>) =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(Effect.exit(call(bound)));
      yield* TestClock.adjust("10 seconds");
      return yield* Fiber.join(fiber);
    });

  it.effect("repeats what is safe to repeat, for failures that pass", () =>
    Effect.gen(function* () {
      const { seen, answer } = failing(3, busy);
      assert.deepStrictEqual(
        yield* run(bind(route({ retry: "exponential" }).handler(() => answer))),
        Exit.succeed("done"),
      );
      assert.strictEqual(seen.attempts, 4);
    }),
  );

  it.effect("asks the handler anew each time, also an async one", () =>
    Effect.gen(function* () {
      let attempts = 0;
      const bound = bind(
        route({ retry: { times: 1, base: 1 } }).handler(async () => {
          if (attempts++ === 0) throw busy;
          return "done";
        }),
      );
      const fiber = yield* Effect.forkChild(call(bound));
      // The promise is rejected in the event loop's own time.
      while (attempts < 2) {
        yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)));
        yield* TestClock.adjust("1 second");
      }
      assert.strictEqual(yield* Fiber.join(fiber), "done");
    }),
  );

  it.effect("gives up with the last failure after as many times as were declared", () =>
    Effect.gen(function* () {
      const { seen, answer } = failing(9, busy);
      const exit = yield* run(bind(route({ retry: { times: 2, base: 10 } }).handler(() => answer)));
      assert.deepStrictEqual(exit, Exit.fail(busy));
      assert.strictEqual(seen.attempts, 3);
    }),
  );

  it.effect("waits longer each time, and not equally long for everybody", () =>
    Effect.gen(function* () {
      const pausesOf = Effect.gen(function* () {
        const at: Array<number> = [];
        const bound = bind(
          route({ retry: { times: 3, base: 1000 } }).handler(() =>
            Effect.clockWith((clock) => {
              at.push(clock.currentTimeMillisUnsafe());
              return Effect.fail(busy);
            }),
          ),
        );
        const fiber = yield* Effect.forkChild(Effect.exit(call(bound)));
        yield* TestClock.adjust("1 minute");
        yield* Fiber.join(fiber);
        return at.slice(1).map((time, index) => time - (at[index] ?? 0));
      });
      const [first, second] = [yield* pausesOf, yield* pausesOf];
      for (const pauses of [first, second]) {
        assert.lengthOf(pauses, 3);
        pauses.forEach((pause, index) => {
          assert.isAtLeast(pause, 0.8 * 1000 * 2 ** index - 1);
          assert.isAtMost(pause, 1.2 * 1000 * 2 ** index + 1);
        });
      }
      assert.notDeepEqual(first, second);
    }),
  );

  it.effect("leaves alone what was not declared, other failures, defects and streams", () =>
    Effect.gen(function* () {
      const undeclared = failing(1, busy);
      assert.deepStrictEqual(yield* run(bind(route({}).handler(() => undeclared.answer))), Exit.fail(busy));
      const lasting = failing(1, new Refused({ message: "no", kind: "no" }));
      assert.isTrue(
        Exit.isFailure(yield* run(bind(route({ retry: "exponential" }).handler(() => lasting.answer)))),
      );
      assert.strictEqual(lasting.seen.attempts, 1);
      let dead = 0;
      const defect = bind(
        route({ retry: "exponential" }).handler(() => {
          dead++;
          return Effect.die("broken");
        }),
      );
      assert.isTrue(Exit.isFailure(yield* run(defect)));
      assert.strictEqual(dead, 1);
      const streaming = failing(1, busy);
      const stream = route({ stream: true, retry: "exponential" }).handler(() =>
        Stream.fromEffect(Effect.map(streaming.answer, (data) => ({ data }))),
      );
      assert.deepStrictEqual(yield* Effect.flip(Stream.runDrain(frames(bind(stream)))), busy);
      assert.strictEqual(streaming.seen.attempts, 1);
    }),
  );
});

describe("cancellation", () => {
  it.effect("reaches an async generator by its signal, and lets it clean up", () =>
    Effect.gen(function* () {
      const seen: Array<string> = [];
      const bound = bind(
        route({ stream: true }).handler(async function* ({ signal }) {
          signal.addEventListener("abort", () => seen.push("signal"));
          try {
            yield { data: "first" };
            await new Promise((_, reject) => signal.addEventListener("abort", reject));
          } finally {
            seen.push("finally");
          }
        }),
      );
      assert.deepStrictEqual(yield* Stream.runCollect(Stream.take(frames(bound), 1)), [{ data: "first" }]);
      assert.include(seen, "signal");
      const waiting = yield* Effect.forkChild(Stream.runDrain(frames(bound)));
      yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)));
      yield* Fiber.interrupt(waiting);
      yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)));
      assert.deepStrictEqual(seen.toSorted(), ["finally", "finally", "signal", "signal"]);
    }),
  );
});
