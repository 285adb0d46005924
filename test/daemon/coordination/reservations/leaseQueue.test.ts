import { assert, describe, it } from "@effect/vitest";
import { Effect, Exit, Fiber, Layer, Result, Scope } from "effect";
import { TestClock } from "effect/testing";
import fc from "fast-check";
import type { Lease, Outcome } from "../../../../daemon/coordination/reservations/Reservations.ts";
import { Reservations } from "../../../../daemon/coordination/reservations/Reservations.ts";
import { EventStore, type Origin } from "../../../../daemon/primitives/EventStore.ts";
import type {
  Deadlock,
  InvalidInput,
  LeaseConflict,
  NotFound,
  StorageError,
} from "../../../../shared/contract/errors.ts";
import { intersects, parsePattern } from "../../../../shared/contract/pattern.ts";
import { tempFolder } from "../../../support/tempFolder.ts";
import { storeIn, temporaryStore } from "../storeLayer.ts";

const project = "p";
const origin: Origin = { project, actor: "daemon" };
const layer = Reservations.layer.pipe(Layer.provideMerge(temporaryStore));
const withReservations = <A, E>(effect: Effect.Effect<A, E, Reservations | EventStore>) =>
  effect.pipe(Effect.provide(layer));

const ask = (holder: string, patterns: ReadonlyArray<string>, wait: number | string = 0) =>
  Effect.flatMap(Reservations, (all) =>
    all.reserveOrWait(origin, { holder, patterns, ttlSeconds: 7200 }, wait as "1 minute"),
  );
const take = (holder: string, ...patterns: ReadonlyArray<string>) =>
  Effect.flatMap(Reservations, (all) => all.reserve(origin, { holder, patterns, ttlSeconds: 7200 }));
const give = (holder: string, ...patterns: ReadonlyArray<string>) =>
  Effect.flatMap(Reservations, (all) => all.releasePatterns(origin, holder, patterns, "done"));
const kind = (outcome: Outcome) => outcome.kind;
const holders = Effect.map(Reservations, (all) => all.list(project).map((lease) => lease.holder));
const waiting = Effect.map(Reservations, (all) => all.queue(project).map((ticket) => ticket.holder));
/** Lets what was woken run: real time, since the store is. */
const settled = (condition: Effect.Effect<boolean, never, Reservations>) =>
  Effect.gen(function* () {
    for (let left = 400; left > 0; left--) {
      if (yield* condition) return;
      yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 5)));
    }
    assert.fail("it did not come about");
  });
const holds = (holder: string) => Effect.map(holders, (all) => all.includes(holder));

describe("the queue", () => {
  it.effect("serves in the order of arrival, wakes whoever waits, and tells the place", () =>
    withReservations(
      Effect.gen(function* () {
        const lease = yield* take("A", "src/a.ts");
        const second = yield* Effect.forkChild(ask("B", ["src/*"], "1 hour"));
        yield* settled(Effect.map(waiting, (all) => all.length === 1));
        const third = yield* ask("C", ["src/a.ts"]);
        assert(third.kind === "waiting");
        assert.strictEqual(third.ticket.ahead, 1);
        assert.deepStrictEqual(
          third.ticket.conflicts.map(({ holder, waiting: waits }) => [holder, waits]),
          [
            ["A", undefined],
            ["B", true],
          ],
        );
        yield* give("A", "src/a.ts");
        const outcome = yield* Fiber.join(second);
        assert(outcome.kind === "granted");
        assert.isAbove(outcome.lease.token, lease.token);
        assert.deepStrictEqual(yield* holders, ["B"]);
        yield* give("B", "src/*");
        yield* settled(holds("C"));
      }),
    ),
  );

  it.effect("does not let narrow requests starve a wide one", () =>
    withReservations(
      Effect.gen(function* () {
        yield* take("A", "src/a.ts");
        assert.strictEqual(kind(yield* ask("Wide", ["src/**"])), "waiting");
        const reservations = yield* Reservations;
        // It is free, but the wide request came first.
        const refused = yield* Effect.flip(take("B", "src/b.ts"));
        assert(refused._tag === "LeaseConflict");
        assert.strictEqual(refused.ahead, 1);
        assert.include(refused.message, "which Wide asked for earlier");
        yield* take("B", "docs/b.md");
        yield* give("A", "src/a.ts");
        yield* settled(holds("Wide"));
        assert.deepStrictEqual(reservations.queue(project), []);
      }),
    ),
  );

  it.effect("lets one overtake who waits for it, and nobody else", () =>
    withReservations(
      Effect.gen(function* () {
        yield* take("A", "a");
        assert.strictEqual(kind(yield* ask("W", ["a", "b"])), "waiting");
        // W wants b as well, and came first; but W waits for A.
        assert.strictEqual(kind(yield* ask("A", ["b"])), "granted");
        assert.strictEqual(kind(yield* ask("X", ["b"])), "waiting");
        // V waits for X, who waits behind W, who waits for A: A may overtake all of them.
        yield* take("X", "x");
        assert.strictEqual(kind(yield* ask("V", ["x", "c"])), "waiting");
        assert.strictEqual(kind(yield* ask("A", ["c"])), "granted");
        assert.strictEqual(kind(yield* ask("Y", ["c"])), "waiting");
        yield* Effect.forEach(["a", "b", "c"], (pattern) => give("A", pattern));
        yield* settled(holds("W"));
        assert.deepStrictEqual(yield* waiting, ["X", "V", "Y"]);
      }),
    ),
  );

  it.effect("refuses a circle as it forms, and names it", () =>
    withReservations(
      Effect.gen(function* () {
        yield* take("A", "a");
        yield* take("B", "b");
        yield* take("C", "c");
        assert.strictEqual(kind(yield* ask("A", ["b"])), "waiting");
        assert.strictEqual(kind(yield* ask("B", ["c"])), "waiting");
        const refused = yield* Effect.flip(ask("C", ["a", "d"]));
        assert(refused._tag === "Deadlock");
        assert.deepStrictEqual(refused.cycle, [
          { holder: "C", waitsFor: "a" },
          { holder: "A", waitsFor: "b" },
          { holder: "B", waitsFor: "c" },
        ]);
        assert.include(refused.message, 'C waits for "a", which A has; A waits for "b", which B has');
        assert.strictEqual(kind(yield* ask("C", ["d"])), "granted");
        yield* give("C", "c");
        yield* settled(Effect.map(holders, (all) => all.filter((one) => one === "B").length === 2));
      }),
    ),
  );

  it.effect("breaks a circle that a take-over closes, at whoever came last", () =>
    withReservations(
      Effect.gen(function* () {
        const reservations = yield* Reservations;
        yield* take("A", "a");
        yield* take("B", "b");
        assert.strictEqual(kind(yield* ask("A", ["b"])), "waiting");
        const person = yield* Effect.forkChild(Effect.flip(ask("person", ["a"], "1 hour")));
        yield* settled(Effect.map(waiting, (all) => all.length === 2));
        const { ended } = yield* reservations.takeOver(origin, { holder: "person", patterns: ["b"] });
        assert.deepStrictEqual(
          ended.map((lease) => lease.holder),
          ["B"],
        );
        assert.strictEqual((yield* Fiber.join(person))._tag, "Deadlock");
        assert.deepStrictEqual(yield* waiting, ["A"]);
      }),
    ),
  );

  it.effect("hands over past the queue, with a new token", () =>
    withReservations(
      Effect.gen(function* () {
        const reservations = yield* Reservations;
        const lease = yield* take("A", "a", "b");
        yield* ask("W", ["a"]);
        const [given] = yield* reservations.handOver(origin, {
          holder: "A",
          patterns: ["a"],
          to: "B",
          reason: "yours",
        });
        assert.isAbove(given!.token, lease.token);
        assert.deepStrictEqual([given!.holder, given!.patterns], ["B", ["a", "b"]]);
        assert.deepStrictEqual(yield* holders, ["B"]);
        assert.strictEqual((yield* Effect.flip(reservations.renew(origin, lease)))._tag, "LockNotHeld");
        const none = yield* Effect.flip(
          reservations.handOver(origin, { holder: "A", patterns: ["a"], to: "C" }),
        );
        assert.include(none.message, "A holds no files");
        yield* give("B", "b");
        assert.deepStrictEqual(reservations.list(project)[0]?.patterns, ["a"]);
      }),
    ),
  );

  it.effect("forgets a request ten minutes after its last sign of life, and keeps the place till then", () =>
    withReservations(
      Effect.gen(function* () {
        yield* take("A", "a");
        const first = yield* ask("B", ["a"]);
        yield* ask("C", ["a"]);
        const alive = yield* Effect.forkChild(ask("D", ["a"], "1 hour"));
        yield* settled(Effect.map(waiting, (all) => all.length === 3));
        yield* TestClock.adjust("6 minutes");
        // Asking again for the same keeps the place.
        const again = yield* ask("B", ["a"]);
        assert(first.kind === "waiting" && again.kind === "waiting");
        assert.strictEqual(again.ticket.ticket, first.ticket.ticket);
        assert.deepStrictEqual(yield* waiting, ["B", "C", "D"]);
        yield* TestClock.adjust("5 minutes");
        yield* settled(Effect.map(waiting, (all) => all.join() === "B,D"));
        yield* TestClock.adjust("6 minutes");
        yield* settled(Effect.map(waiting, (all) => all.join() === "D"));
        yield* give("A", "a");
        assert.strictEqual(kind(yield* Fiber.join(alive)), "granted");
      }),
    ),
  );

  it.effect("is left by withdrawal, with its agent, and with its epic", () =>
    withReservations(
      Effect.gen(function* () {
        const reservations = yield* Reservations;
        yield* take("A", "a");
        const withdrawn = yield* Effect.forkChild(Effect.flip(ask("B", ["a"], "1 hour")));
        const left = yield* Effect.forkChild(Effect.flip(ask("C", ["a"], "1 hour")));
        const request = { holder: "e.1", cell: "e.1", epic: "e", patterns: ["a"], ttlSeconds: null };
        const ended = yield* Effect.forkChild(
          Effect.flip(reservations.reserveOrWait(origin, request, "1 hour")),
        );
        yield* settled(Effect.map(waiting, (all) => all.length === 3));
        const place = reservations.queue(project).find((ticket) => ticket.holder === "B")!;
        const stolen = yield* Effect.flip(reservations.withdraw(origin, "C", place.ticket));
        assert.strictEqual(stolen._tag, "NotFound");
        yield* reservations.withdraw(origin, "B", place.ticket);
        yield* reservations.releaseAll(origin, "C", "gone");
        yield* reservations.endEpic(origin, "e", "cancelled", []);
        for (const fiber of [withdrawn, left, ended]) {
          assert.strictEqual((yield* Fiber.join(fiber))._tag, "NotFound");
        }
        assert.deepStrictEqual(yield* waiting, []);
      }),
    ),
  );

  it.effect("outlives the daemon: leases with their renewals, and places", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder;
      const run = <A, E>(effect: Effect.Effect<A, E, Reservations | EventStore>) =>
        effect.pipe(
          Effect.provide(Reservations.layer.pipe(Layer.provideMerge(storeIn(folder)))),
          Effect.scoped,
        );
      const lease = yield* run(
        Effect.gen(function* () {
          const reservations = yield* Reservations;
          const taken = yield* reservations.reserve(origin, {
            holder: "A",
            patterns: ["a"],
            ttlSeconds: 60,
          });
          yield* ask("B", ["a"]);
          yield* ask("C", ["a"]);
          return yield* reservations.renew(origin, taken, 300);
        }),
      );
      yield* TestClock.adjust("2 minutes");
      yield* run(
        Effect.gen(function* () {
          const reservations = yield* Reservations;
          assert.deepStrictEqual(reservations.list(project), [lease]);
          assert.deepStrictEqual(yield* waiting, ["B", "C"]);
        }),
      );
      // It ends while no daemon runs: the next one gives the files to who waited first.
      yield* TestClock.adjust("4 minutes");
      yield* run(settled(Effect.map(holders, (all) => all.join() === "B")));
    }),
  );
});

// Any history, against brute force.
type Step =
  | {
      readonly do: "ask" | "take";
      readonly who: number;
      readonly patterns: ReadonlyArray<string>;
      readonly exclusive: boolean;
      readonly ttl: number;
    }
  | { readonly do: "release" | "renew" | "leave"; readonly which: number }
  | { readonly do: "takeover"; readonly pattern: string }
  | { readonly do: "handover"; readonly which: number; readonly who: number }
  | { readonly do: "wait"; readonly seconds: number }
  | { readonly do: "restart" };

type RefusedRequest = LeaseConflict | Deadlock | InvalidInput | NotFound | StorageError;

const agents = ["A", "B", "C", "D", "E"];
const texts = ["src/**", "src/a.ts", "src/*.ts", "{src,docs}/b", "docs/", "**/a.ts", "c", "d"];
const patterns = fc.uniqueArray(fc.constantFrom(...texts), { minLength: 1, maxLength: 2 });
const some = <A>(weight: number, arbitrary: fc.Arbitrary<A>) => ({ weight, arbitrary });
const step: fc.Arbitrary<Step> = fc.oneof(
  some(
    8,
    fc.record({
      do: fc.constantFrom("ask" as const, "ask" as const, "take" as const),
      who: fc.nat(agents.length - 1),
      patterns,
      exclusive: fc.boolean(),
      ttl: fc.constantFrom(45, 600),
    }),
  ),
  some(4, fc.record({ do: fc.constantFrom("release" as const, "renew", "leave"), which: fc.nat(20) })),
  some(1, fc.record({ do: fc.constant("takeover" as const), pattern: fc.constantFrom(...texts) })),
  some(1, fc.record({ do: fc.constant("handover" as const), which: fc.nat(20), who: fc.nat(4) })),
  some(2, fc.record({ do: fc.constant("wait" as const), seconds: fc.constantFrom(10, 30, 60) })),
  some(1, fc.constant({ do: "restart" as const })),
);

interface Claim {
  readonly holder: string;
  readonly patterns: ReadonlyArray<string>;
  readonly exclusive: boolean;
}
const parse = (text: string) => Result.getOrThrow(parsePattern(text));
const overlap = (left: string, right: string) => intersects(parse(left), parse(right));
const clash = (left: Claim, right: Claim) =>
  left.holder !== right.holder &&
  (left.exclusive || right.exclusive) &&
  left.patterns.some((a) => right.patterns.some((b) => overlap(a, b)));

/** Whether `from` waits for `to`, even indirectly: through leases, and through the order of the queue. */
const waitsFor = (
  leases: ReadonlyArray<Claim>,
  tickets: ReadonlyArray<Claim>,
  from: string,
  to: string,
): boolean => {
  const open = [from];
  const seen = new Set(open);
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    if (one === to) return true;
    tickets.forEach((ticket, at) => {
      if (ticket.holder !== one) return;
      for (const other of [...leases, ...tickets.slice(0, at)]) {
        if (!clash(ticket, other) || seen.has(other.holder)) continue;
        seen.add(other.holder);
        open.push(other.holder);
      }
    });
  }
  return false;
};

/** Whether waiting for lease holders alone goes in a circle through this holder. */
const inCircle = (leases: ReadonlyArray<Claim>, tickets: ReadonlyArray<Claim>, start: string): boolean => {
  const next = (holder: string) =>
    tickets
      .filter((ticket) => ticket.holder === holder)
      .flatMap((ticket) => leases.filter((lease) => clash(ticket, lease)).map((lease) => lease.holder));
  const open = next(start);
  const seen = new Set(open);
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    if (one === start) return true;
    for (const other of next(one).filter((name) => !seen.has(name))) {
      seen.add(other);
      open.push(other);
    }
  }
  return false;
};

const play = (steps: ReadonlyArray<Step>, folder: string) =>
  Effect.gen(function* () {
    const counts = { granted: 0, waited: 0, deadlocks: 0, overtaken: 0 };
    let lastToken = 0;
    const build = Effect.gen(function* () {
      const scope = yield* Scope.make();
      const context = yield* Layer.buildWithScope(
        Reservations.layer.pipe(Layer.provideMerge(storeIn(folder))),
        scope,
      );
      return { scope, context };
    });
    let daemon = yield* build;
    const run = <A, E>(effect: Effect.Effect<A, E, Reservations | EventStore>) =>
      Effect.suspend(() => Effect.provideContext(effect, daemon.context));
    const look = run(
      Effect.map(Reservations, (all) => ({ leases: all.list(project), tickets: all.queue(project) })),
    );
    let before = yield* look;
    for (const one of steps) {
      yield* run(
        Effect.gen(function* () {
          const all = yield* Reservations;
          const lease = "which" in one ? before.leases[one.which % (before.leases.length || 1)] : undefined;
          switch (one.do) {
            case "ask":
            case "take": {
              const { exclusive, patterns: wanted, ttl: ttlSeconds } = one;
              const holder = agents[one.who]!;
              const request = { holder, patterns: wanted, exclusive, ttlSeconds };
              const asking: Effect.Effect<Outcome | Lease, RefusedRequest> =
                one.do === "take" ? all.reserve(origin, request) : all.reserveOrWait(origin, request, 0);
              const outcome = yield* Effect.result(asking);
              if (Result.isSuccess(outcome)) {
                if ("kind" in outcome.success && outcome.success.kind === "waiting") counts.waited += 1;
                else counts.granted += 1;
                return;
              }
              const error = outcome.failure;
              if (error._tag === "Deadlock") {
                counts.deadlocks += 1;
                const asked = { holder, patterns: wanted, exclusive };
                assert.isTrue(
                  before.leases.some(
                    (held) =>
                      clash(asked, held) && waitsFor(before.leases, before.tickets, held.holder, holder),
                  ),
                  "a deadlock where there is none",
                );
              } else assert.strictEqual(error._tag, "LeaseConflict");
              return;
            }
            case "release":
              if (lease !== undefined) yield* all.release(origin, lease, "done");
              return;
            case "renew":
              if (lease !== undefined) yield* all.renew(origin, lease, 120);
              return;
            case "leave":
              if (lease !== undefined) yield* all.releaseAll(origin, lease.holder, "gone");
              return;
            case "handover": {
              const to = agents[one.who]!;
              if (lease !== undefined && to !== lease.holder)
                yield* all.handOver(origin, { holder: lease.holder, patterns: lease.patterns, to });
              return;
            }
            case "takeover":
              yield* all.takeOver(origin, { holder: "person", patterns: [one.pattern], ttlSeconds: 60 });
              return;
            case "wait":
              yield* TestClock.adjust(`${one.seconds} seconds`);
              return;
            case "restart":
              return;
          }
        }),
      );
      if (one.do === "restart") {
        yield* Scope.close(daemon.scope, Exit.void);
        daemon = yield* build;
      }
      // What has become free is given away by itself.
      yield* run(quiet);
      const now = yield* look;
      const { leases, tickets } = now;
      for (const [at, lease] of leases.entries()) {
        for (const other of leases.slice(at + 1)) assert.isFalse(clash(lease, other), "two holders at once");
      }
      const fresh = leases.filter((lease) => lease.token > lastToken);
      for (const lease of fresh) {
        lastToken = Math.max(lastToken, lease.token);
        if (one.do === "takeover" || one.do === "handover") continue;
        // Whoever came first and wants the same files waits for the one that got them.
        const place = before.tickets.findIndex(
          (ticket) => ticket.holder === lease.holder && ticket.patterns.join() === lease.patterns.join(),
        );
        const earlier = place === -1 ? before.tickets : before.tickets.slice(0, place);
        for (const ticket of earlier) {
          if (!clash(ticket, lease) || !tickets.some((left) => left.ticket === ticket.ticket)) continue;
          counts.overtaken += 1;
          assert.isTrue(
            waitsFor([...before.leases, ...leases], before.tickets, ticket.holder, lease.holder),
            `${lease.holder} overtook ${ticket.holder}`,
          );
        }
      }
      for (const [at, ticket] of tickets.entries()) {
        const held = leases.some((lease) => clash(ticket, lease));
        const behind = tickets.slice(0, at).some((earlier) => clash(ticket, earlier));
        assert.isTrue(held || behind, `${ticket.holder} waits for nothing`);
        assert.isFalse(inCircle(leases, tickets, ticket.holder), `${ticket.holder} waits in a circle`);
      }
      before = now;
    }
    const reports = yield* run(Effect.flatMap(EventStore, (store) => store.rebuild));
    for (const report of reports) assert.isTrue(report.equal, report.projection);
    yield* Scope.close(daemon.scope, Exit.void);
    return counts;
  });

/** The queue is served by the writer after the commit that freed something: two empty turns of it are the end. */
const quiet = Effect.gen(function* () {
  const store = yield* EventStore;
  for (let still = 0; still < 3; ) {
    const head = yield* store.head;
    yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)));
    yield* store.decide(origin, () => Result.succeed({ events: [], answer: () => undefined }));
    still = (yield* store.head) === head ? still + 1 : 0;
  }
});

describe("any history", () => {
  const full = process.env.OCVIBE_TEST_TIER === "full";
  it(
    "never has two holders, starves nobody, overtakes only who waits for one, and never waits in a circle",
    async () => {
      const total = { granted: 0, waited: 0, deadlocks: 0, overtaken: 0 };
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 30, maxLength: 80 }), async (steps) => {
          const counts = await Effect.runPromise(
            Effect.flatMap(tempFolder, (folder) => play(steps, folder)).pipe(
              Effect.provide(TestClock.layer()),
              Effect.scoped,
            ),
          );
          for (const name of Object.keys(total) as Array<keyof typeof total>) total[name] += counts[name];
        }),
        { numRuns: full ? 400 : 20, endOnFailure: true },
      );
      console.log(`leases and queue: ${JSON.stringify(total)}`);
      assert.isAbove(total.granted, 100);
      assert.isAbove(total.waited, 50);
      if (full) assert.isAbove(total.deadlocks, 0);
    },
    full ? 600_000 : 60_000,
  );
});
