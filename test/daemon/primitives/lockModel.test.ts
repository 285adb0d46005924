/**
 * Locks against a tiny reference model: several holders at once, waiters that leave, stale tokens, transactions that
 * fail, time that passes, clocks that jump, a machine that sleeps, and stores that are closed and killed in the
 * middle. Outside of a cut everybody has to be told exactly what the model says; after one, the log is the judge.
 */
import { setImmediate } from "node:timers/promises";
import { assert, it } from "@effect/vitest";
import { Context, Duration, Effect, Exit, Fiber } from "effect";
import * as fc from "fast-check";
import { AwakeClock } from "../../../daemon/primitives/AwakeClock.ts";
import { EventStore, type Origin } from "../../../daemon/primitives/EventStore.ts";
import { type Held, Lock } from "../../../daemon/primitives/Lock.ts";
import { isKnown } from "../../../shared/contract/events.ts";
import { crashingStore, failingAppend, quiet } from "../../support/crashingStore.ts";
import { makeJumpingClock } from "../../support/jumpingClock.ts";

const origin: Origin = { project: "p", actor: "daemon" };
const names = ["x", "y"] as const;
const holders = ["A", "B", "C", "D"] as const;
const seconds = 1000;

const name = fc.constantFrom(...names);
/** No end of a lock falls together with an end of waiting. */
const ttl = fc.constantFrom(10 * seconds, 40 * seconds, 90 * seconds);
const wait = fc.constantFrom(0, 25 * seconds + 3, 500 * seconds + 7);
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("acquire" as const),
      name,
      holder: fc.constantFrom(...holders),
      ttl,
      wait,
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("release" as const), name }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("releaseStale" as const), name }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("renew" as const), name, ttl }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("renewStale" as const), name, ttl }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("leave" as const), which: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("fail" as const) }) },
);
const minutes = fc.integer({ min: -2000, max: 2000 }).filter((n) => Math.abs(n) > 1);
const between = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ do: "nothing" as const }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("pass" as const), seconds: fc.integer({ min: 1, max: 120 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("jump" as const), minutes }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("sleep" as const),
      minutes: fc.integer({ min: 1, max: 600 }),
      kind: fc.constantFrom("stands still" as const, "goes on" as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("restart" as const),
      seconds: fc.integer({ min: 0, max: 60 }),
      /** The wall clock is set while no daemon runs. */
      jump: fc.constantFrom(0, 0, 30 * seconds, -30 * seconds),
    }),
  },
);
const round = fc.record({
  steps: fc.array(step, { maxLength: 6 }),
  cut: fc.constantFrom(undefined, undefined, undefined, undefined, "close" as const, "kill" as const),
  after: fc.nat(8),
  meanwhile: between,
});
type Round = typeof round extends fc.Arbitrary<infer T> ? T : never;

interface Asked {
  readonly name: string;
  readonly holder: string;
  readonly ttl: number;
  readonly until: number;
  readonly waits: boolean;
  readonly fiber: Fiber.Fiber<Held, { readonly _tag: string }>;
  answer?: "granted" | "LockHeld" | "left";
}
interface ModelLock {
  held?: { readonly holder: string; deadline: number; readonly by?: Asked; token?: number };
  readonly line: Array<Asked>;
}

const scenario = Effect.fnUntraced(function* (rounds: ReadonlyArray<Round>, counts: Record<string, number>) {
  const time = makeJumpingClock();
  const crashing = yield* crashingStore(Lock.layer);
  const openNow = Effect.provide(crashing.open, time.layer);
  let services = yield* openNow;
  let store = Context.get(services, EventStore);
  let locks = Context.get(services, Lock);
  let clock = Context.get(services, AwakeClock);
  const run = <A, E>(effect: Effect.Effect<A, E>) => Effect.provide(effect, time.layer);
  const fork = <A, E>(effect: Effect.Effect<A, E>) =>
    Effect.forkChild(run(effect), { startImmediately: true });

  /** The model's time: that in which the machine is awake, the daemon's absence included. */
  let now = 0;
  const model = new Map<string, ModelLock>(names.map((one) => [one, { line: [] }]));
  const asked: Array<Asked> = [];
  const stale = new Map<string, Array<number>>(names.map((one) => [one, []]));

  const grantNext = (lock: ModelLock) => {
    delete lock.held;
    const next = lock.line.shift();
    if (next === undefined) return;
    next.answer = "granted";
    lock.held = { holder: next.holder, deadline: now + next.ttl, by: next };
    for (const other of lock.line.filter(({ holder }) => holder === next.holder)) {
      other.answer = "LockHeld";
      lock.line.splice(lock.line.indexOf(other), 1);
    }
  };
  const tokenOf = (lock: ModelLock) => lock.held?.token;
  const gone = (key: string, lock: ModelLock) => {
    if (lock.held?.token !== undefined) stale.get(key)!.push(lock.held.token);
  };

  /** What is told is what the model says, and so is what is shown. */
  const compare = Effect.fnUntraced(function* (what: string) {
    yield* run(quiet(store));
    for (const one of asked) {
      const exit = one.fiber.pollUnsafe();
      if (one.answer === undefined) {
        assert.isUndefined(exit, `${what}: ${one.holder} waits for ${one.name}`);
      } else if (one.answer === "granted") {
        assert.isTrue(exit !== undefined && Exit.isSuccess(exit), `${what}: ${one.holder} gets ${one.name}`);
        if (exit === undefined || !Exit.isSuccess(exit)) continue;
        counts.granted = (counts.granted ?? 0) + 1;
        if (one.waits) counts.waited = (counts.waited ?? 0) + 1;
        assert.strictEqual(exit.value.holder, one.holder);
        const lock = model.get(one.name)!;
        if (lock.held?.by === one) lock.held.token = exit.value.token;
      } else if (one.answer === "LockHeld") {
        assert.isTrue(exit !== undefined && Exit.isFailure(exit), `${what}: ${one.holder} is refused`);
      }
    }
    asked.splice(0, asked.length, ...asked.filter(({ answer }) => answer === undefined));
    for (const [key, { held }] of model) {
      const shown = locks.holder("p", key);
      assert.strictEqual(shown?.holder, held?.holder, `${what}: who holds ${key}`);
      if (held === undefined) continue;
      assert.strictEqual(
        shown?.expiresAt,
        clock.wallOf(clock.now() + held.deadline - now),
        `${what}: until when`,
      );
      assert.strictEqual(shown?.token, held.token, `${what}: its token`);
    }
  });

  /** Time passes from one thing that happens to the next. */
  const pass = Effect.fnUntraced(function* (length: number) {
    const end = now + length;
    for (;;) {
      const times = [...model.values()].flatMap(({ held, line }) => [
        ...(held === undefined ? [] : [held.deadline]),
        ...line.map(({ until }) => until),
      ]);
      const next = Math.min(end, ...times.filter((at) => at > now));
      yield* time.advance(next - now);
      now = next;
      settleModel();
      yield* compare(`after ${length} ms passed`);
      if (next === end) return;
    }
  });
  const settleModel = () => {
    for (const [key, lock] of model) {
      for (const late of lock.line.filter(({ until }) => until <= now)) {
        late.answer = "LockHeld";
        lock.line.splice(lock.line.indexOf(late), 1);
      }
      if (lock.held === undefined || lock.held.deadline > now) continue;
      counts.expired = (counts.expired ?? 0) + 1;
      gone(key, lock);
      grantNext(lock);
    }
  };

  const reopen = Effect.gen(function* () {
    services = yield* openNow;
    store = Context.get(services, EventStore);
    locks = Context.get(services, Lock);
    clock = Context.get(services, AwakeClock);
  });
  const nobodyWaits = () => {
    for (const { line } of model.values()) line.length = 0;
    asked.length = 0;
  };

  for (const { steps, cut, after, meanwhile } of rounds) {
    const atStart = new Map([...model].map(([key, { held }]) => [key, held?.holder]));
    const others: Array<{ readonly fiber: Fiber.Fiber<unknown, { readonly _tag: string }>; ok: boolean }> =
      [];
    const decisions: Array<() => void> = [];
    const impatient = new Set<string>();
    const heard: Array<Held> = [];
    for (const one of steps) {
      const lock = "name" in one ? model.get(one.name)! : undefined;
      if (one.do === "acquire") {
        const { holder, ttl, wait } = one;
        const fiber = yield* fork(
          Effect.tap(
            locks.acquire(origin, one.name, {
              holder,
              ttl: Duration.millis(ttl),
              wait: Duration.millis(wait),
            }),
            (held) => Effect.sync(() => heard.push(held)),
          ),
        );
        const request: Asked = { name: one.name, holder, ttl, until: now + wait, waits: wait > 0, fiber };
        asked.push(request);
        if (wait === 0) impatient.add(one.name);
        if (atStart.get(one.name) === holder) request.answer = "LockHeld";
        else lock!.line.push(request);
        decisions.push(() => {
          if (lock!.held === undefined) grantNext(lock!);
        });
      } else if (one.do === "release" || one.do === "renew") {
        // Whether somebody who does not wait is served then, is a matter of luck.
        const token = lock === undefined ? undefined : tokenOf(lock);
        if (token === undefined || impatient.has(one.name)) continue;
        const ref = { name: one.name, token };
        const result = {
          fiber: yield* fork<unknown, { readonly _tag: string }>(
            one.do === "release"
              ? locks.release(origin, ref)
              : locks.renew(origin, ref, Duration.millis(one.ttl)),
          ),
          ok: false,
        };
        others.push(result);
        decisions.push(() => {
          result.ok = lock!.held?.token === token;
          if (!result.ok) return;
          if (one.do === "renew") {
            lock!.held!.deadline = Math.max(lock!.held!.deadline, now + one.ttl);
            return;
          }
          gone(one.name, lock!);
          grantNext(lock!);
        });
      } else if (one.do === "releaseStale" || one.do === "renewStale") {
        const tokens = [...stale.get(one.name)!, 1_000_000];
        const ref = { name: one.name, token: tokens[Math.floor(tokens.length / 2)]! };
        others.push({
          fiber: yield* fork<unknown, { readonly _tag: string }>(
            one.do === "releaseStale"
              ? locks.release(origin, ref)
              : locks.renew(origin, ref, Duration.millis(one.ttl)),
          ),
          ok: false,
        });
      } else if (one.do === "fail") {
        yield* fork(failingAppend(store));
      } else {
        const waiting = asked.filter(({ answer, waits }) => answer === undefined && waits);
        const leaver = waiting[one.which];
        // One that has come in this round may be served before it has left.
        if (leaver === undefined || leaver.fiber.pollUnsafe() !== undefined || steps.length > 1) continue;
        leaver.answer = "left";
        const line = model.get(leaver.name)!.line;
        line.splice(line.indexOf(leaver), 1);
        yield* Fiber.interrupt(leaver.fiber);
      }
    }
    if (cut === undefined) {
      for (const decide of decisions) decide();
      for (const lock of model.values())
        for (const one of lock.line.filter(({ waits }) => !waits)) {
          one.answer = "LockHeld";
          lock.line.splice(lock.line.indexOf(one), 1);
        }
      yield* compare("after a round");
      for (const { fiber, ok } of others)
        assert.strictEqual(Exit.isSuccess(yield* Fiber.await(fiber)), ok, "release and renew need the token");
    } else {
      counts.cut = (counts.cut ?? 0) + 1;
      for (let turn = 0; turn < after; turn++) yield* Effect.promise(() => setImmediate());
      const told = [...heard];
      const released = others.flatMap(({ fiber }) => fiber.pollUnsafe() ?? []);
      yield* cut === "kill" ? crashing.kill : crashing.close;
      for (const { fiber } of [...asked, ...others]) yield* Fiber.interrupt(fiber);
      nobodyWaits();
      yield* reopen;
      yield* run(quiet(store));
      const events = (yield* store.readAll({ project: "p" })).filter(isKnown);
      for (const { token, holder } of told) {
        const grant = events.find(({ seq }) => seq === token);
        assert.isTrue(grant?.type === "lock_acquired" && grant.data.holder === holder, "who was told has it");
      }
      assert.isAtMost(released.length, others.length);
      for (const key of names) {
        const last = events.findLast(({ stream }) => stream === `lock/${key}`);
        const shown = locks.holder("p", key);
        const lock = model.get(key)!;
        const before = lock.held?.token;
        delete lock.held;
        assert.strictEqual(shown?.token, last?.type === "lock_acquired" ? last.seq : undefined);
        if (before !== undefined && before !== shown?.token) stale.get(key)!.push(before);
        if (shown === undefined) continue;
        lock.held = {
          holder: shown.holder,
          token: shown.token,
          deadline: now + (clock.awakeOf(shown.expiresAt) - clock.now()),
        };
      }
    }

    if (meanwhile.do === "pass") yield* pass(meanwhile.seconds * seconds);
    else if (meanwhile.do === "jump" || meanwhile.do === "sleep") {
      if (meanwhile.do === "jump") yield* time.jumpWall(Duration.minutes(meanwhile.minutes));
      else yield* time.sleepMachine(Duration.minutes(meanwhile.minutes), meanwhile.kind);
      yield* compare("after a jump");
      // Within ten seconds the ends are written anew.
      yield* pass(11 * seconds);
    } else if (meanwhile.do === "restart") {
      yield* crashing.close;
      for (const { fiber } of asked) yield* Fiber.interrupt(fiber);
      nobodyWaits();
      yield* time.advance(meanwhile.seconds * seconds);
      yield* time.jumpWall(meanwhile.jump);
      now += meanwhile.seconds * seconds;
      for (const { held } of model.values()) if (held !== undefined) held.deadline -= meanwhile.jump;
      settleModel();
      yield* reopen;
      yield* compare("after a restart");
    }
  }

  // Grant and end take turns, and each end is that of the grant before it.
  const held = new Map<string, number>();
  let last = 0;
  for (const event of (yield* store.readAll({ project: "p" })).filter(isKnown)) {
    if (event.type === "lock_acquired") {
      assert.isUndefined(held.get(event.data.name), "two holders at once");
      assert.isAbove(event.seq, last, "tokens grow");
      held.set(event.data.name, event.seq);
      last = event.seq;
    } else if (event.type === "lock_released" || event.type === "lock_expired") {
      assert.strictEqual(held.get(event.data.name), event.data.token, "an end without its grant");
      held.delete(event.data.name);
    }
  }
  for (const report of yield* store.rebuild) assert.isTrue(report.equal, report.projection);
  const ends = yield* store.rows("lock_deadlines");
  assert.isAtMost(ends.length, held.size, "ends are kept of what is held only");
  yield* crashing.close;
});

const isFull = process.env.OCVIBE_TEST_TIER === "full";

it("locks agree with the model, whatever is done at once and wherever it is cut", {
  timeout: 900_000,
}, async () => {
  const counts: Record<string, number> = {};
  await fc.assert(
    fc.asyncProperty(fc.array(round, { minLength: 1, maxLength: isFull ? 30 : 14 }), (rounds) =>
      Effect.runPromise(Effect.scoped(scenario(rounds, counts))),
    ),
    { numRuns: isFull ? 400 : 10 },
  );
  console.log(`locks: ${JSON.stringify(counts)}`);
});
