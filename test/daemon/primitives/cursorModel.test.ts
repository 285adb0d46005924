/**
 * Cursors against a tiny reference model: several consumers of one name at once, also old ones that go on, transactions
 * that fail, and stores that are closed and killed in the middle. Each job is done once, in order, and the checkpoint
 * never goes back.
 */
import { setImmediate } from "node:timers/promises";
import { assert, it } from "@effect/vitest";
import { Context, Effect, Exit, Fiber } from "effect";
import * as fc from "fast-check";
import { Cursor, type CursorHandle } from "../../../daemon/primitives/Cursor.ts";
import { EventStore, type Origin } from "../../../daemon/primitives/EventStore.ts";
import { isKnown } from "../../../shared/contract/events.ts";
import { crashingStore, failingAppend, quiet } from "../../support/crashingStore.ts";

const origin: Origin = { project: "p", actor: "daemon" };
const which = fc.nat(3);
const step = fc.oneof(
  { weight: 2, arbitrary: fc.record({ do: fc.constant("open" as const), which }) },
  // The next jobs, from where this consumer is, with their effects.
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant("commit" as const), which, jobs: fc.integer({ min: 1, max: 3 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("checkpoint" as const),
      which,
      by: fc.integer({ min: -3, max: 0 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("fail" as const) }) },
);
const round = fc.record({
  append: fc.nat(3),
  steps: fc.array(step, { maxLength: 8 }),
  cut: fc.constantFrom(undefined, undefined, undefined, "close" as const, "kill" as const),
  after: fc.nat(8),
});
type Round = typeof round extends fc.Arbitrary<infer T> ? T : never;

const scenario = Effect.fnUntraced(function* (rounds: ReadonlyArray<Round>, counts: Record<string, number>) {
  const crashing = yield* crashingStore(Cursor.layer);
  let services = yield* crashing.open;
  let store = Context.get(services, EventStore);
  let cursors = Context.get(services, Cursor);
  /** What the model knows: where the checkpoint is, and where each consumer thinks it is. */
  let checkpoint = 0;
  let handles = new Map<number, { readonly handle: CursorHandle; at: number }>();
  let made = 0;

  for (const { append, steps, cut, after } of rounds) {
    for (let n = 0; n < append; n++) {
      const data = { name: `job${++made}`, tokenHash: "00", kind: "worker" as const };
      yield* store.append(origin, [{ stream: "agent/jobs", type: "agent_registered", data }]);
    }
    const jobs = yield* store.readAll({ project: "p", stream: "agent/jobs" });
    for (const one of steps)
      if (one.do === "open") {
        const handle = yield* cursors.open(origin, "worker", { stream: "agent/jobs" });
        assert.strictEqual(yield* handle.position, checkpoint, "it begins at the checkpoint");
        handles.set(one.which, { handle, at: checkpoint });
      }
    const starts = new Map([...handles].map(([key, { at }]) => [key, at]));
    const said: Array<{
      readonly fiber: Fiber.Fiber<unknown, { readonly _tag: string }>;
      expected: string;
      to: number;
    }> = [];
    /** Who has moved the checkpoint in this round. */
    let mover: CursorHandle | undefined;
    for (const one of steps) {
      if (one.do === "fail") yield* Effect.forkChild(failingAppend(store), { startImmediately: true });
      if (one.do !== "commit" && one.do !== "checkpoint") continue;
      const own = handles.get(one.which);
      if (own === undefined) continue;
      const { handle } = own;
      const start = starts.get(one.which)!;
      const todo = jobs.filter(({ seq }) => seq > start).slice(0, one.do === "commit" ? one.jobs : 0);
      if (one.do === "commit" && todo.length === 0) continue;
      const to = one.do === "commit" ? todo.at(-1)!.seq : Math.max(0, start + one.by);
      // The first step of a consumer looks at the log before its turn, and a step to nowhere does not.
      if (to === 0) continue;
      // Of two commits of one consumer in one round the second would do again what the first has done.
      const effects = todo.map((job) => ({
        stream: "work/done",
        type: "lock_released" as const,
        data: { name: (job.data as { readonly name: string }).name, token: 1 },
      }));
      const effect: Effect.Effect<unknown, { readonly _tag: string }> =
        one.do === "commit" ? handle.commit(to, effects) : handle.checkpoint(to);
      const mayMove = checkpoint === own.at || mover === handle;
      let expected = "ok";
      if (!mayMove) expected = "ConcurrencyConflict";
      else if (to <= checkpoint) expected = one.do === "commit" ? "InvalidInput" : "ok";
      else if (mover === handle) continue;
      else {
        checkpoint = to;
        mover = handle;
      }
      said.push({
        fiber: yield* Effect.forkChild(effect, { startImmediately: true }),
        expected,
        to,
      });
    }
    if (cut !== undefined) {
      counts.cut = (counts.cut ?? 0) + 1;
      for (let turn = 0; turn < after; turn++) yield* Effect.promise(() => setImmediate());
      const heard = said.flatMap(({ fiber, expected, to }) => {
        const exit = fiber.pollUnsafe();
        return expected === "ok" && exit !== undefined && Exit.isSuccess(exit) ? [to] : [];
      });
      yield* cut === "kill" ? crashing.kill : crashing.close;
      for (const { fiber } of said) yield* Fiber.interrupt(fiber);
      services = yield* crashing.open;
      store = Context.get(services, EventStore);
      cursors = Context.get(services, Cursor);
      handles = new Map();
      checkpoint = yield* (yield* cursors.open(origin, "worker")).position;
      for (const to of heard) assert.isAtLeast(checkpoint, to, "who was told is there");
    } else {
      yield* quiet(store);
      for (const { fiber, expected } of said) {
        const exit = yield* Fiber.await(fiber);
        counts[expected] = (counts[expected] ?? 0) + 1;
        const told = Exit.isSuccess(exit) ? "ok" : (yield* Effect.flip(exit))._tag;
        assert.strictEqual(told, expected);
      }
      for (const one of handles.values()) {
        if (one.handle === mover) one.at = checkpoint;
        assert.strictEqual(yield* one.handle.position, one.at);
      }
    }
    // Exactly the jobs up to the checkpoint are done, once each and in order.
    const events = (yield* store.readAll({ project: "p" })).filter(isKnown);
    const before = events.filter(({ type, seq }) => type === "agent_registered" && seq <= checkpoint);
    const done = events.filter(({ type }) => type === "lock_released");
    const nameOf = ({ data }: { readonly data: object }) => (data as { readonly name: string }).name;
    assert.deepStrictEqual(done.map(nameOf), before.map(nameOf));
  }
  yield* crashing.close;
});

const isFull = process.env.OCVIBE_TEST_TIER === "full";

it("cursors agree with the model, whoever goes on at once and wherever it is cut", {
  timeout: 900_000,
}, async () => {
  const counts: Record<string, number> = {};
  await fc.assert(
    fc.asyncProperty(fc.array(round, { minLength: 1, maxLength: isFull ? 30 : 12 }), (rounds) =>
      Effect.runPromise(Effect.scoped(scenario(rounds, counts))),
    ),
    { numRuns: isFull ? 400 : 10 },
  );
  console.log(`cursors: ${JSON.stringify(counts)}`);
});
