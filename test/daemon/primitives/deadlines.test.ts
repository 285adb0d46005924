import { assert, describe, it } from "@effect/vitest";
import { Effect, type Scope } from "effect";
import * as fc from "fast-check";
import { AwakeClock } from "../../../daemon/primitives/AwakeClock.ts";
import { type Deadlines, makeDeadlines } from "../../../daemon/primitives/deadlines.ts";
import { type JumpingClock, makeJumpingClock } from "../../support/jumpingClock.ts";

interface Bench {
  readonly deadlines: Deadlines;
  readonly clock: AwakeClock["Service"];
  readonly time: JumpingClock;
  /** Keys as they came due, and when, in awake time. */
  readonly seen: Array<readonly [string, number]>;
}

const withDeadlines = <A, E>(
  run: (bench: Bench) => Effect.Effect<A, E, Scope.Scope>,
  due: (keys: ReadonlyArray<string>) => Effect.Effect<void> = () => Effect.void,
) => {
  const time = makeJumpingClock();
  return Effect.gen(function* () {
    const clock = yield* AwakeClock;
    const seen: Bench["seen"] = [];
    const deadlines = yield* makeDeadlines(clock, (keys) =>
      Effect.andThen(
        Effect.sync(() => {
          for (const key of keys) seen.push([key, clock.now()]);
        }),
        due(keys),
      ),
    );
    return yield* run({ deadlines, clock, time, seen });
  }).pipe(Effect.provide(AwakeClock.layer), Effect.provide(time.layer), Effect.scoped);
};

describe("deadlines", () => {
  it.live("come due once, in their order, and not before", () =>
    withDeadlines(({ deadlines, clock, time, seen }) =>
      Effect.gen(function* () {
        const start = clock.now();
        for (const [key, after] of [
          ["late", 9000],
          ["soon", 1000],
          ["middle", 5000],
        ] as const)
          deadlines.set(key, start + after);
        yield* time.advance(999);
        assert.deepStrictEqual(seen, []);
        yield* time.advance("1 minute");
        assert.deepStrictEqual(seen, [
          ["soon", start + 1000],
          ["middle", start + 5000],
          ["late", start + 9000],
        ]);
      }),
    ),
  );

  it.live("come late after a sleep of the machine by as much as was left", () =>
    withDeadlines(({ deadlines, clock, time, seen }) =>
      Effect.gen(function* () {
        deadlines.set("a", clock.now() + 60_000);
        yield* time.advance("20 seconds");
        yield* time.sleepMachine("8 hours", "goes on");
        yield* time.jumpWall("-2 days");
        yield* time.advance("39 seconds");
        assert.deepStrictEqual(seen, []);
        yield* time.advance("1 second");
        assert.strictEqual(seen.length, 1);
      }),
    ),
  );

  it.live("go on after a defect in what is called", () =>
    withDeadlines(
      ({ deadlines, clock, time, seen }) =>
        Effect.gen(function* () {
          deadlines.set("a", clock.now() + 1000);
          deadlines.set("b", clock.now() + 2000);
          yield* time.advance("1 minute");
          assert.deepStrictEqual(
            seen.map(([key]) => key),
            ["a", "b"],
          );
        }),
      () => Effect.die("a defect, on purpose"),
    ),
  );

  it("agree with a model under any order of setting, moving, clearing and time", () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            fc.record({
              do: fc.constant("set" as const),
              key: fc.nat(4),
              after: fc.integer({ min: 1, max: 50 }),
            }),
            fc.record({ do: fc.constant("clear" as const), key: fc.nat(4) }),
            fc.record({ do: fc.constant("pass" as const), time: fc.nat(30) }),
            fc.record({
              do: fc.constant("jump" as const),
              time: fc.integer({ min: -100_000, max: 100_000 }),
            }),
          ),
          { maxLength: 40 },
        ),
        (steps) =>
          Effect.runPromise(
            withDeadlines(({ deadlines, clock, time, seen }) =>
              Effect.gen(function* () {
                const model = new Map<string, number>();
                const expected: Array<string> = [];
                for (const step of steps) {
                  if (step.do === "set") {
                    model.set(`k${step.key}`, clock.now() + step.after);
                    deadlines.set(`k${step.key}`, clock.now() + step.after);
                  } else if (step.do === "clear") {
                    model.delete(`k${step.key}`);
                    deadlines.clear(`k${step.key}`);
                  } else if (step.do === "jump") {
                    yield* time.jumpWall(step.time);
                  } else {
                    yield* time.advance(step.time + 1);
                  }
                  if (step.do === "jump" || step.do === "pass") {
                    for (const [key, at] of [...model]) {
                      if (at > clock.now()) continue;
                      expected.push(`${key}@${at}`);
                      model.delete(key);
                    }
                  }
                }
                assert.deepStrictEqual(seen.map(([key, at]) => `${key}@${at}`).sort(), expected.sort());
                assert.deepStrictEqual(
                  seen.map(([, at]) => at),
                  seen.map(([, at]) => at).sort((a, b) => a - b),
                );
              }),
            ),
          ),
      ),
      { numRuns: process.env.OCVIBE_TEST_TIER === "full" ? 2000 : 100 },
    ));
});
