import { assert, describe, it } from "@effect/vitest";
import { Effect, Exit, Layer, Result } from "effect";
import { TestClock } from "effect/testing";
import fc from "fast-check";
import { type Lease, Reservations } from "../../../../daemon/coordination/reservations/Reservations.ts";
import { EventStore, type NewEvent, type Origin } from "../../../../daemon/primitives/EventStore.ts";
import { intersects, parsePattern } from "../../../../shared/contract/pattern.ts";
import { tempFolder } from "../../../support/tempFolder.ts";
import { storeIn, temporaryStore } from "../storeLayer.ts";

const project = "p";
const origin: Origin = { project, actor: "daemon" };
const layer = Reservations.layer.pipe(Layer.provideMerge(temporaryStore));
const withReservations = <A, E>(effect: Effect.Effect<A, E, Reservations | EventStore>) =>
  effect.pipe(Effect.provide(layer));
const verdict = (cell: string): NewEvent => ({
  stream: "swarm/e",
  type: "subtask_blocked",
  data: { cell, findings: [] },
});
const leasePassed = (lease: string, toEpic: string): NewEvent => ({
  stream: "lease",
  type: "lease_passed",
  data: { lease, toEpic },
});
/** As the swarm does when it has merged a cell. */
const passToEpic = (lease: string, epic: string) =>
  Effect.flatMap(EventStore, (store) => store.append(origin, [leasePassed(lease, epic)]));
const typesOf = Effect.flatMap(EventStore, (store) =>
  Effect.map(store.readAll({ project }), (events) => events.map((event) => event.type)),
);

describe("Reservations", () => {
  it.effect("grants whole or not at all, and names every conflict", () =>
    withReservations(
      Effect.gen(function* () {
        const reservations = yield* Reservations;
        const a = yield* reservations.reserve(origin, {
          holder: "BlueLake",
          patterns: ["src/a.ts", "docs/"],
        });
        yield* reservations.reserve(origin, {
          holder: "RedFox",
          patterns: ["lib/**"],
          ttlSeconds: null,
          cell: "c-1",
        });
        const refused = yield* Effect.flip(
          reservations.reserve(origin, { holder: "WildOak", patterns: ["src/**", "free.ts", "lib/x.ts"] }),
        );
        assert(refused._tag === "LeaseConflict");
        assert.deepStrictEqual(
          refused.conflicts.map(({ requested, held, holder }) => [requested, held, holder]),
          [
            ["src/**", "src/a.ts", "BlueLake"],
            ["lib/x.ts", "lib/**", "RedFox"],
          ],
        );
        assert.include(
          refused.message,
          `"src/**" overlaps "src/a.ts", which BlueLake holds until ${a.expiresAt}`,
        );
        assert.deepStrictEqual(reservations.check(project, "free.ts"), []);
        assert.deepStrictEqual(
          reservations.check(project, "docs/x/y").map((lease) => lease.token),
          [a.token],
        );
        assert.deepStrictEqual(reservations.check("other", "src/a.ts"), []);
        assert.strictEqual(yield* EventStore.pipe(Effect.flatMap((store) => store.head)), 2);
      }),
    ),
  );

  it.effect("lets a holder's leases overlap, and shared ones too", () =>
    withReservations(
      Effect.gen(function* () {
        const reservations = yield* Reservations;
        const first = yield* reservations.reserve(origin, { holder: "A", patterns: ["src/**"] });
        const second = yield* reservations.reserve(origin, { holder: "A", patterns: ["src/a.ts"] });
        assert.isAbove(second.token, first.token);
        const shared = { patterns: ["docs/**"], exclusive: false };
        yield* reservations.reserve(origin, { holder: "A", ...shared });
        yield* reservations.reserve(origin, { holder: "B", ...shared });
        const refused = yield* Effect.flip(
          reservations.reserve(origin, { holder: "C", patterns: ["docs/x"] }),
        );
        assert(refused._tag === "LeaseConflict");
        assert.strictEqual(refused.conflicts.length, 2);
      }),
    ),
  );

  it.effect("gives an expired lease to exactly one of many, the expiry written first", () =>
    withReservations(
      Effect.gen(function* () {
        const reservations = yield* Reservations;
        const old = yield* reservations.reserve(origin, { holder: "old", patterns: ["a"], ttlSeconds: 60 });
        yield* TestClock.adjust("60 seconds");
        assert.deepStrictEqual(reservations.list(project), []);
        const late = yield* Effect.flip(reservations.release(origin, old, "done"));
        assert.strictEqual(late._tag, "LockNotHeld");
        const results = yield* Effect.forEach(
          Array.from({ length: 20 }, (_, index) => `h${index}`),
          (holder) => Effect.exit(reservations.reserve(origin, { holder, patterns: ["*"] })),
          { concurrency: "unbounded" },
        );
        const won = results.filter(Exit.isSuccess);
        assert.strictEqual(won.length, 1);
        assert.isAbove(won[0]!.value.token, old.token);
        assert.deepStrictEqual(yield* typesOf, ["lease_granted", "lease_expired", "lease_granted"]);
      }),
    ),
  );

  it.effect("releases and renews only for its holder, under the current token", () =>
    withReservations(
      Effect.gen(function* () {
        const reservations = yield* Reservations;
        const lease = yield* reservations.reserve(origin, { holder: "A", patterns: ["a"] });
        const stale = { ...lease, token: lease.token + 1 };
        const wrong = yield* Effect.flip(reservations.release(origin, stale, "x"));
        assert.include(wrong.message, "Reserve the files again");
        const other = yield* Effect.flip(reservations.release(origin, { ...lease, holder: "B" }, "x"));
        assert.strictEqual(other._tag, "LockNotHeld");
        yield* reservations.release(origin, lease, "x");
        const again = yield* Effect.flip(reservations.renew(origin, lease));
        assert.strictEqual(again._tag, "LockNotHeld");
        assert.isAbove(
          (yield* reservations.reserve(origin, { holder: "B", patterns: ["a"] })).token,
          lease.token,
        );
      }),
    ),
  );

  it.effect("keeps a merged cell's files for its epic", () =>
    withReservations(
      Effect.gen(function* () {
        const reservations = yield* Reservations;
        const store = yield* EventStore;
        const take = (cell: string, epic: string) =>
          reservations.reserve(origin, { holder: cell, cell, epic, patterns: ["src/**"], ttlSeconds: null });
        const first = yield* take("e.1", "e");
        // Two cells at work are in each other's way, even of one epic.
        assert.strictEqual((yield* Effect.flip(take("e.2", "e")))._tag, "LeaseConflict");
        yield* passToEpic(first.lease, "e");
        assert.deepStrictEqual(reservations.list(project), [
          {
            lease: first.lease,
            token: first.token,
            holder: "e",
            epic: "e",
            patterns: ["src/**"],
            exclusive: true,
            project,
          } satisfies Lease,
        ]);
        assert.strictEqual((yield* Effect.flip(take("f.1", "f")))._tag, "LeaseConflict");
        const second = yield* take("e.2", "e");
        // The same, written by the swarm in its own batch.
        yield* store.append(origin, [verdict("e.2"), leasePassed(second.lease, "e")]);
        yield* reservations.endEpic(origin, "e", "landed", []);
        assert.deepStrictEqual(reservations.list(project), []);
        yield* take("f.1", "f");
      }),
    ),
  );

  it.effect("acts only while the lease is held and nobody got a path later", () =>
    withReservations(
      Effect.gen(function* () {
        const reservations = yield* Reservations;
        const store = yield* EventStore;
        const own = yield* reservations.reserve(origin, {
          holder: "e.1",
          cell: "e.1",
          epic: "e",
          patterns: ["src/**"],
          ttlSeconds: null,
        });
        const act = {
          cell: { id: "e.1", token: own.token },
          epic: "e",
          paths: ["src/a.ts", "src/b.ts"],
        };
        assert.strictEqual((yield* reservations.act(origin, act, [verdict("e.1")])).length, 1);
        assert.strictEqual(
          (yield* Effect.flip(
            reservations.act(origin, { ...act, cell: { id: "e.1", token: 0 } }, [verdict("e.1")]),
          ))._tag,
          "LockNotHeld",
        );
        // A take-over grants over the head of the holder.
        const rival = { lease: "r", holder: "Rival", patterns: ["src/b.ts"], exclusive: true };
        yield* store.append(origin, [{ stream: "lease", type: "lease_granted", data: rival }]);
        const refused = yield* Effect.flip(reservations.act(origin, act, [verdict("e.1")]));
        assert.include(refused.message, "src/b.ts was granted to Rival");
        yield* reservations.act(origin, { ...act, paths: ["src/a.ts"] }, [verdict("e.1")]);
        yield* passToEpic(own.lease, "e");
        yield* reservations.act(origin, { ...act, paths: [] }, [verdict("e.1")]);
        yield* reservations.endEpic(origin, "e", "discarded", []);
        assert.strictEqual((yield* Effect.flip(reservations.act(origin, act, [])))._tag, "LockNotHeld");
      }),
    ),
  );

  it.effect("covers paths that a pattern could not name", () =>
    withReservations(
      Effect.gen(function* () {
        const reservations = yield* Reservations;
        yield* reservations.reserve(origin, { holder: "A", patterns: ["**"] });
        for (const path of ["c:x", "a\\b", "new\nline", "{a,b}", "*"]) {
          assert.strictEqual(reservations.check(project, path).length, 1, path);
        }
        assert.deepStrictEqual(reservations.check(project, "../x"), []);
      }),
    ),
  );

  it.effect("refuses what is no request", () =>
    withReservations(
      Effect.gen(function* () {
        const reservations = yield* Reservations;
        const refuse = (request: object) =>
          Effect.flip(reservations.reserve(origin, { holder: "A", patterns: ["a"], ...request }));
        const cases: ReadonlyArray<readonly [object, string]> = [
          [{ holder: "" }, "needs a holder"],
          [{ patterns: [] }, "at least one file pattern"],
          [{ patterns: ["ok", "../x"] }, '"../x" leaves the repository'],
          [{ patterns: Array.from({ length: 10_000 }, (_, at) => `f${at}`) }, "too many"],
          [{ ttlSeconds: 0 }, "whole seconds"],
          [{ ttlSeconds: Number.NaN }, "whole seconds"],
        ];
        for (const [request, why] of cases) {
          const error = yield* refuse(request);
          assert.strictEqual(error._tag, "InvalidInput");
          assert.include(error.message, why);
        }
        assert.deepStrictEqual(yield* typesOf, []);
        assert.deepStrictEqual(reservations.conflicts(project, ["../x"], { holder: "B" }), []);
      }),
    ),
  );

  it.effect("compares thousands of patterns with thousands", () =>
    withReservations(
      Effect.gen(function* () {
        const reservations = yield* Reservations;
        const files = (folder: string) =>
          Array.from({ length: 1000 }, (_, at) => `${folder}/d${at % 10}/f${at}.ts`);
        yield* reservations.reserve(origin, { holder: "A", patterns: files("src") });
        yield* reservations.reserve(origin, { holder: "B", patterns: files("test") });
        assert.strictEqual(reservations.conflicts(project, ["src/d7/**"], { holder: "B" }).length, 100);
        assert.strictEqual(reservations.conflicts(project, files("src"), { holder: "B" }).length, 1000);
      }),
    ),
  );

  it.effect("comes back after a restart as it was", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder;
      const run = <A, E>(effect: Effect.Effect<A, E, Reservations | EventStore>) =>
        effect.pipe(
          Effect.provide(Reservations.layer.pipe(Layer.provideMerge(storeIn(folder)))),
          Effect.scoped,
        );
      const before = yield* run(
        Effect.gen(function* () {
          const reservations = yield* Reservations;
          const one = yield* reservations.reserve(origin, {
            holder: "e.1",
            cell: "e.1",
            epic: "e",
            patterns: ["a"],
          });
          yield* passToEpic(one.lease, "e");
          const two = yield* reservations.reserve(origin, { holder: "B", patterns: ["b"], reason: "why" });
          yield* reservations.release(origin, two, "done");
          yield* reservations.reserve(origin, {
            holder: "C",
            patterns: ["b", "c/"],
            exclusive: false,
            reason: "why",
          });
          return reservations.list(project);
        }),
      );
      const after = yield* run(Effect.map(Reservations, (reservations) => reservations.list(project)));
      assert.strictEqual(after.length, 2);
      assert.deepStrictEqual(after, before);
      const contender = yield* run(
        Effect.flatMap(Reservations, (all) =>
          Effect.flip(all.reserve(origin, { holder: "D", patterns: ["**"] })),
        ),
      );
      assert.strictEqual(contender._tag, "LeaseConflict");
    }),
  );
});

// A random history against a model that knows nothing of indexes, views or events.
type Step =
  | {
      readonly do: "reserve";
      readonly who: number;
      readonly patterns: ReadonlyArray<string>;
      readonly exclusive: boolean;
      readonly ttl: number | null;
    }
  | { readonly do: "release" | "pass"; readonly which: number }
  | { readonly do: "land"; readonly epic: string }
  | { readonly do: "wait"; readonly seconds: number };

interface Held {
  readonly id: string;
  readonly token: number;
  holder: string;
  cell: string | undefined;
  readonly epic: string;
  readonly patterns: ReadonlyArray<string>;
  readonly exclusive: boolean;
  until: number;
}

const cells = ["e.1", "e.2", "f.1", "f.2"];
const texts = ["src/**", "src/a.ts", "src/*.ts", "{src,docs}/b", "docs/", "**/a.ts", "c", "**"];
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("reserve" as const),
      who: fc.nat(3),
      patterns: fc.uniqueArray(fc.constantFrom(...texts), { minLength: 1, maxLength: 2 }),
      exclusive: fc.boolean(),
      ttl: fc.constantFrom(null, 30, 60),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom("release" as const, "pass" as const), which: fc.nat(30) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("land" as const), epic: fc.constantFrom("e", "f") }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("wait" as const), seconds: fc.constantFrom(10, 30, 45) }),
  },
);
const overlap = (left: string, right: string) =>
  intersects(Result.getOrThrow(parsePattern(left)), Result.getOrThrow(parsePattern(right)));

const play = (steps: ReadonlyArray<Step>) =>
  Effect.gen(function* () {
    const reservations = yield* Reservations;
    const store = yield* EventStore;
    let held: Array<Held> = [];
    const given: Array<{ readonly id: string; readonly token: number }> = [];
    let now = 0;
    let lastToken = 0;
    for (const one of steps) {
      const alive = held.filter((lease) => lease.until > now);
      if (one.do === "wait") {
        now += one.seconds;
        yield* TestClock.adjust(`${one.seconds} seconds`);
      } else if (one.do === "land") {
        yield* reservations.endEpic(origin, one.epic, "landed", []);
        held = held.filter((lease) => lease.epic !== one.epic);
      } else if (one.do === "reserve") {
        const cell = cells[one.who]!;
        const epic = cell[0]!;
        const rivals = alive.filter(
          (lease) =>
            lease.holder !== cell &&
            (lease.exclusive || one.exclusive) &&
            (lease.epic !== epic || lease.cell !== undefined) &&
            lease.patterns.some((have) => one.patterns.some((want) => overlap(have, want))),
        );
        const { patterns, exclusive, ttl: ttlSeconds } = one;
        const result = yield* Effect.exit(
          reservations.reserve(origin, { holder: cell, cell, epic, patterns, exclusive, ttlSeconds }),
        );
        assert.strictEqual(Exit.isSuccess(result), rivals.length === 0);
        if (Exit.isFailure(result)) continue;
        const { lease: id, token } = result.value;
        // What one holds is not granted again, but renewed.
        const known = alive.find((lease) => lease.id === id);
        if (known !== undefined) {
          assert.sameMembers([...known.patterns], [...patterns]);
          if (ttlSeconds !== null) known.until = Math.max(known.until, now + ttlSeconds);
          continue;
        }
        assert.isAbove(token, lastToken);
        lastToken = token;
        given.push({ id, token });
        held.push({
          id,
          token,
          holder: cell,
          cell,
          epic,
          patterns,
          exclusive,
          until: now + (ttlSeconds ?? Infinity),
        });
      } else if (given.length > 0) {
        const { id, token } = given[one.which % given.length]!;
        const mine = alive.find((lease) => lease.id === id);
        if (one.do === "release") {
          const holder = mine?.holder ?? "e.1";
          const change = reservations.release(origin, { lease: id, token, holder }, "done");
          assert.strictEqual(Exit.isSuccess(yield* Effect.exit(change)), mine !== undefined);
          held = held.filter((lease) => lease !== mine);
        } else if (mine !== undefined) {
          yield* passToEpic(id, mine.epic);
          Object.assign(mine, { holder: mine.epic, cell: undefined });
        }
      }
      const live = held.filter((lease) => lease.until > now);
      assert.sameMembers(
        reservations.list(project).map((lease) => `${lease.lease} ${lease.holder} ${lease.cell}`),
        live.map((lease) => `${lease.id} ${lease.holder} ${lease.cell}`),
      );
      for (const path of ["src/a.ts", "docs/b", "c"]) {
        assert.sameMembers(
          reservations.check(project, path).map((lease) => lease.lease),
          live.filter((lease) => lease.patterns.some((text) => overlap(text, path))).map((lease) => lease.id),
        );
      }
    }
    for (const report of yield* store.rebuild) assert.isTrue(report.equal, report.projection);
    return given.length;
  });

describe("any history", () => {
  it("goes as the model says, and replays to the same rows", async () => {
    let granted = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60 }), async (steps) => {
        const run = withReservations(play(steps)).pipe(Effect.provide(TestClock.layer()), Effect.scoped);
        granted += await Effect.runPromise(run);
      }),
      { numRuns: 12, endOnFailure: true },
    );
    assert.isAbove(granted, 30);
  });
});
