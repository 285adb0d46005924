/**
 * Deferreds against a tiny reference model: many who create, settle and wait at once, calls that are tried again,
 * transactions that fail, time, jumps and sleeps, and stores that are closed and killed in the middle.
 */
import { randomUUID } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { assert, it } from "@effect/vitest";
import { Context, Duration, Effect, Exit, Fiber } from "effect";
import * as fc from "fast-check";
import { AwakeClock } from "../../../daemon/primitives/AwakeClock.ts";
import { Deferred } from "../../../daemon/primitives/Deferred.ts";
import { EventStore, type Origin } from "../../../daemon/primitives/EventStore.ts";
import { isKnown } from "../../../shared/contract/events.ts";
import { crashingStore, failingAppend, quiet } from "../../support/crashingStore.ts";
import { makeJumpingClock } from "../../support/jumpingClock.ts";

const origin: Origin = { project: "p", actor: "daemon" };
const seconds = 1000;
const which = fc.nat(3);
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("resolve" as const),
      which,
      value: fc.jsonValue({ maxDepth: 2 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("reject" as const), which, reason: fc.string({ maxLength: 5 }) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("again" as const), which: fc.nat(20) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("await" as const), which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("leave" as const), which: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("fail" as const) }) },
);
const between = fc.oneof(
  fc.constant({ do: "nothing" as const }),
  fc.record({ do: fc.constant("pass" as const), seconds: fc.integer({ min: 1, max: 60 }) }),
  fc.record({
    do: fc.constant("jump" as const),
    minutes: fc.integer({ min: -500, max: 500 }),
    sleeps: fc.constantFrom(undefined, "stands still" as const, "goes on" as const),
  }),
  fc.record({ do: fc.constant("restart" as const), seconds: fc.integer({ min: 0, max: 30 }) }),
);
const round = fc.record({
  create: fc.array(fc.tuple(which, fc.constantFrom(15 * seconds, 45 * seconds, 3000 * seconds)), {
    maxLength: 3,
  }),
  steps: fc.array(step, { maxLength: 8 }),
  cut: fc.constantFrom(undefined, undefined, undefined, "close" as const, "kill" as const),
  after: fc.nat(8),
  meanwhile: between,
});
type Round = typeof round extends fc.Arbitrary<infer T> ? T : never;

interface ModelDeferred {
  state: "pending" | "resolved" | "rejected" | "expired";
  /** The model's time. */
  deadline: number;
  readonly until: number;
  outcome?: unknown;
  by?: string;
}
interface Call {
  readonly id: string;
  readonly callId: string;
  readonly kind: "resolved" | "rejected";
  readonly outcome: unknown;
}

const scenario = Effect.fnUntraced(function* (rounds: ReadonlyArray<Round>, counts: Record<string, number>) {
  const time = makeJumpingClock();
  const crashing = yield* crashingStore(Deferred.layer);
  const openNow = Effect.provide(crashing.open, time.layer);
  let services = yield* openNow;
  let store = Context.get(services, EventStore);
  let deferreds = Context.get(services, Deferred);
  const run = <A, E>(effect: Effect.Effect<A, E>) => Effect.provide(effect, time.layer);
  const fork = <A, E>(effect: Effect.Effect<A, E>) =>
    Effect.forkChild(run(effect), { startImmediately: true });

  let now = 0;
  const model = new Map<string, ModelDeferred>();
  /** The deferred that a number stands for; another one when it is over. */
  const ids = new Map<number, string>();
  const calls: Array<Call> = [];
  const waiting: Array<{
    readonly id: string;
    readonly fiber: Fiber.Fiber<unknown, { readonly _tag: string }>;
  }> = [];

  const settleModel = ({ id, callId, kind, outcome }: Call): string => {
    const one = model.get(id);
    if (one === undefined) return "NotFound";
    if (one.state !== "pending") return one.by === callId ? "ok" : one.state;
    Object.assign(one, { state: kind, outcome, by: callId });
    counts[kind] = (counts[kind] ?? 0) + 1;
    return "ok";
  };
  const expireModel = () => {
    for (const one of model.values()) {
      if (one.state !== "pending" || one.deadline > now) continue;
      one.state = "expired";
      counts.expired = (counts.expired ?? 0) + 1;
    }
  };

  const compare = Effect.fnUntraced(function* (what: string) {
    yield* run(quiet(store));
    for (const [id, one] of model) {
      const view = yield* deferreds.get("p", id);
      assert.strictEqual(view.state, one.state, `${what}: ${id}`);
      if (one.state === "resolved") assert.deepStrictEqual(view.value, one.outcome);
      if (one.state === "rejected") assert.strictEqual(view.reason, one.outcome);
    }
    yield* Effect.promise(() => setImmediate());
    for (const waiter of waiting.splice(0)) {
      const one = model.get(waiter.id);
      if (one?.state === "pending") {
        assert.isUndefined(waiter.fiber.pollUnsafe(), `${what}: nothing to tell yet`);
        waiting.push(waiter);
        continue;
      }
      const exit = yield* Fiber.await(waiter.fiber);
      counts.told = (counts.told ?? 0) + 1;
      if (one?.state === "resolved") {
        assert.deepStrictEqual(exit, Exit.succeed(one.outcome));
      } else {
        const error = yield* Effect.flip(exit);
        const expected = { rejected: "Rejected", expired: "TimedOut" }[one?.state as string] ?? "NotFound";
        assert.strictEqual(error._tag, expected, what);
        if (one?.state === "rejected")
          assert.strictEqual((error as never as { reason: string }).reason, one.outcome);
      }
    }
  });
  const pass = Effect.fnUntraced(function* (length: number) {
    const end = now + length;
    for (;;) {
      const times = [...model.values()].flatMap(({ state, deadline }) =>
        state === "pending" ? [deadline] : [],
      );
      const next = Math.min(end, ...times.filter((at) => at > now));
      yield* time.advance(next - now);
      now = next;
      expireModel();
      yield* compare(`after ${length} ms passed`);
      if (next === end) return;
    }
  });
  const reopen = Effect.gen(function* () {
    for (const { fiber } of waiting.splice(0)) yield* Fiber.interrupt(fiber);
    services = yield* openNow;
    store = Context.get(services, EventStore);
    deferreds = Context.get(services, Deferred);
    const clock = Context.get(services, AwakeClock);
    // What was recorded before the cut was so before anything expired by the wall clock.
    for (const event of (yield* run(store.readAll({ project: "p" }))).filter(isKnown)) {
      // It was said by one of the calls.
      const call = calls.find(({ callId }) => callId === event.id);
      if (call !== undefined && model.get(call.id)?.state === "pending") settleModel(call);
    }
    // Across a restart it is the wall clock that counts.
    for (const one of model.values()) one.deadline = now + one.until - clock.wallOf(clock.now());
    expireModel();
  });

  for (const { create, steps, cut, after, meanwhile } of rounds) {
    const made = create.map(([number, length]) => {
      const before = ids.get(number);
      if (before === undefined || (model.get(before)?.state ?? "pending") !== "pending")
        ids.set(number, randomUUID());
      return { id: ids.get(number)!, length };
    });
    const views = yield* Effect.forEach(
      made,
      ({ id, length }) => run(deferreds.create(origin, { id, expires: Duration.millis(length) })),
      { concurrency: "unbounded" },
    );
    for (const { id, expiresAt } of views) {
      if (!model.has(id)) {
        const until = Date.parse(expiresAt);
        model.set(id, { state: "pending", deadline: now + until - time.wall(), until });
      }
      assert.strictEqual(Date.parse(expiresAt), model.get(id)!.until, "one deferred for one id");
    }

    const said: Array<{
      readonly call: Call;
      readonly fiber: Fiber.Fiber<unknown, { readonly _tag: string }>;
    }> = [];
    const say = Effect.fnUntraced(function* (call: Call) {
      const { id, callId, kind, outcome } = call;
      const effect =
        kind === "resolved"
          ? deferreds.resolve(origin, id, outcome as never, { callId })
          : deferreds.reject(origin, id, outcome as string, { callId });
      said.push({ call, fiber: yield* fork<unknown, { readonly _tag: string }>(effect) });
    });
    for (const one of steps) {
      if (one.do === "fail") yield* fork(failingAppend(store));
      else if (one.do === "again") {
        const call = calls[one.which % Math.max(1, calls.length)];
        if (call !== undefined) yield* say(call);
      } else if (one.do === "leave") {
        const [waiter] = waiting.splice(one.which, 1);
        if (waiter !== undefined) yield* Fiber.interrupt(waiter.fiber);
      } else {
        const id = ids.get(one.which) ?? randomUUID();
        if (one.do === "await") {
          waiting.push({
            id,
            fiber: yield* fork<unknown, { readonly _tag: string }>(deferreds.await("p", id)),
          });
          continue;
        }
        const call: Call =
          one.do === "resolve"
            ? { id, callId: randomUUID(), kind: "resolved", outcome: JSON.parse(JSON.stringify(one.value)) }
            : { id, callId: randomUUID(), kind: "rejected", outcome: one.reason };
        calls.push(call);
        yield* say(call);
      }
    }
    if (cut === undefined) {
      for (const { call, fiber } of said) {
        const expected = settleModel(call);
        const exit = yield* Fiber.await(fiber);
        if (expected === "ok")
          assert.isTrue(Exit.isSuccess(exit), "the first one settles, and its repeat is told so");
        else {
          const error = (yield* Effect.flip(exit)) as { readonly _tag: string; readonly outcome?: string };
          assert.strictEqual(error.outcome ?? error._tag, expected);
        }
      }
      yield* compare("after a round");
    } else {
      counts.cut = (counts.cut ?? 0) + 1;
      for (let turn = 0; turn < after; turn++) yield* Effect.promise(() => setImmediate());
      const heard = said.filter(({ fiber }) => {
        const exit = fiber.pollUnsafe();
        return exit !== undefined && Exit.isSuccess(exit);
      });
      yield* cut === "kill" ? crashing.kill : crashing.close;
      for (const { fiber } of said) yield* Fiber.interrupt(fiber);
      yield* reopen;
      yield* run(quiet(store));
      for (const { call } of heard)
        assert.strictEqual(model.get(call.id)?.by, call.callId, "told is durable");
      yield* compare("after a cut");
    }

    if (meanwhile.do === "pass") yield* pass(meanwhile.seconds * seconds);
    else if (meanwhile.do === "jump") {
      if (meanwhile.sleeps === undefined) yield* time.jumpWall(Duration.minutes(meanwhile.minutes));
      else {
        // The time since the clock was last looked at counts as slept, up to ten seconds of it.
        Context.get(services, AwakeClock).now();
        yield* time.sleepMachine(Duration.minutes(Math.abs(meanwhile.minutes)), meanwhile.sleeps);
      }
      yield* compare("after a jump");
      yield* pass(11 * seconds);
    } else if (meanwhile.do === "restart") {
      yield* crashing.close;
      yield* time.advance(meanwhile.seconds * seconds);
      now += meanwhile.seconds * seconds;
      yield* reopen;
      yield* compare("after a restart");
    }
  }

  const ends = new Map<string, number>();
  for (const event of (yield* store.readAll({ project: "p" })).filter(isKnown)) {
    if (!["deferred_resolved", "deferred_rejected", "deferred_expired"].includes(event.type)) continue;
    ends.set(event.stream, (ends.get(event.stream) ?? 0) + 1);
    assert.strictEqual(ends.get(event.stream), 1, "settled once");
  }
  const pending = yield* store.rows("deferreds_pending");
  assert.strictEqual(pending.length, [...model.values()].filter(({ state }) => state === "pending").length);
  for (const report of yield* store.rebuild) assert.isTrue(report.equal, report.projection);
  yield* crashing.close;
});

const isFull = process.env.OCVIBE_TEST_TIER === "full";

it("deferreds agree with the model, whatever is done at once and wherever it is cut", {
  timeout: 900_000,
}, async () => {
  const counts: Record<string, number> = {};
  await fc.assert(
    fc.asyncProperty(fc.array(round, { minLength: 1, maxLength: isFull ? 30 : 12 }), (rounds) =>
      Effect.runPromise(Effect.scoped(scenario(rounds, counts))),
    ),
    { numRuns: isFull ? 400 : 10 },
  );
  console.log(`deferreds: ${JSON.stringify(counts)}`);
});
