/** A program that can't be started is tried again less and less often, until somebody is to look. */
import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import { TestClock } from "effect/testing";
import { StartBreaker } from "../../../../daemon/orchestration/agents/StartBreaker.ts";

const withBreaker = <A, E>(
  use: (breaker: StartBreaker["Service"]) => Effect.Effect<A, E>,
): Effect.Effect<A, E> => Effect.provide(Effect.flatMap(StartBreaker, use), StartBreaker.layer);

describe("the breaker around starting programs", () => {
  it.effect("lets a second try follow at once, and makes a third one wait", () =>
    withBreaker(({ look, failed }) =>
      Effect.gen(function* () {
        assert.isUndefined(yield* look("agent"));
        yield* failed("agent", "It was not found.");
        assert.isUndefined(yield* look("agent"));
        yield* failed("agent", "It is not executable.");
        assert.deepStrictEqual(yield* look("agent"), {
          message: "It is not executable.",
          retryMs: 2000,
          giveUp: false,
        });
        assert.isUndefined(yield* look("another"));
        yield* TestClock.adjust("2 seconds");
        assert.isUndefined(yield* look("agent"));
        yield* failed("agent", "It is not executable.");
        assert.strictEqual((yield* look("agent"))?.retryMs, 4000);
      }),
    ),
  );

  it.effect("counts failures of several at once as what they are while it is closed only", () =>
    withBreaker(({ look, failed }) =>
      Effect.gen(function* () {
        for (let n = 0; n < 10; n++) yield* failed("agent", "no");
        assert.strictEqual((yield* look("agent"))?.retryMs, 2000);
      }),
    ),
  );

  it.effect("gives up after about a minute, and still lets it be tried", () =>
    withBreaker(({ look, failed }) =>
      Effect.gen(function* () {
        let waited = 0;
        yield* failed("agent", "no");
        for (;;) {
          yield* failed("agent", "no");
          const open = yield* look("agent");
          if (open === undefined || open.giveUp) break;
          waited += open.retryMs;
          yield* TestClock.adjust(open.retryMs);
          assert.isUndefined(yield* look("agent"));
        }
        assert.strictEqual(waited, 62_000);
      }),
    ),
  );

  it.effect("forgets all of it when the program was started", () =>
    withBreaker(({ look, failed, started }) =>
      Effect.gen(function* () {
        yield* failed("agent", "no");
        yield* failed("agent", "no");
        yield* TestClock.adjust("2 seconds");
        yield* started("agent");
        assert.isUndefined(yield* look("agent"));
        yield* failed("agent", "no");
        assert.isUndefined(yield* look("agent"), "one failure alone opens nothing");
      }),
    ),
  );
});
