import { assert, describe, it } from "@effect/vitest";
import { Effect, Exit } from "effect";
import fc from "fast-check";
import { SqlBatch } from "../../../daemon/platform/Sql.ts";
import { EventStore } from "../../../daemon/primitives/EventStore.ts";
import type { Projection } from "../../../daemon/primitives/Projection.ts";
import { tempFolder } from "../../support/tempFolder.ts";
import { agentsSeen, ended, origin, registered, storeAt, withStore } from "./storeFixture.ts";

const run = (sql: string) => Effect.flatMap(SqlBatch, (batch) => batch.run([{ sql, args: [] }]));

/** Two tables with a key of two columns, an index, and every column type. */
const tally: Projection = {
  name: "tally",
  version: 1,
  tables: [
    {
      name: "tally",
      columns: { name: "text", turn: "integer", share: "real", extra: "json" },
      key: ["name", "turn"],
      indexes: [["turn"], ["name", "share"]],
    },
    { name: "tally_last", columns: { name: "text", turn: "integer" }, key: ["name"] },
  ],
  types: ["agent_ended"],
  apply: ({ type, data, seq }) =>
    type !== "agent_ended"
      ? []
      : [
          {
            table: "tally",
            key: { name: data.name, turn: seq % 5 },
            set: { share: seq / 7, extra: { reason: data.reason, odd: [seq % 2 === 1] } },
          },
          { table: "tally_last", key: { name: data.name }, set: { turn: seq } },
          { table: "tally", key: { name: data.name, turn: (seq + 2) % 5 }, delete: true },
        ],
};

const steps = fc.array(
  fc.record({
    name: fc.constantFrom("a", "b", "c"),
    project: fc.constantFrom("p", "q"),
    tenant: fc.constantFrom("local", "t"),
    end: fc.constantFrom("", "bye", "gone"),
  }),
  { maxLength: 40 },
);

const append = (step: { name: string; project: string; tenant: string; end: string }) =>
  Effect.flatMap(EventStore, (store) =>
    store.append({ ...origin, project: step.project, tenant: step.tenant }, [
      step.end === "" ? registered(step.name) : ended(step.name, step.end),
    ]),
  );

describe("rebuild", () => {
  it.live("gives the rows that are there, whatever was appended", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(steps, (plan) =>
          Effect.runPromise(
            Effect.gen(function* () {
              const folder = yield* tempFolder;
              yield* Effect.gen(function* () {
                const store = yield* EventStore;
                yield* Effect.forEach(plan, append, { concurrency: 5, discard: true });
                const live = yield* Effect.forEach(["seen", "tally", "tally_last"], (table) =>
                  store.rows(table),
                );
                for (const { equal, differing } of yield* store.rebuild)
                  assert.isTrue(equal, differing.join());
                assert.deepStrictEqual(
                  yield* Effect.forEach(["seen", "tally", "tally_last"], (table) => store.rows(table)),
                  live,
                );
              }).pipe(Effect.provide(storeAt(folder, [agentsSeen, tally])));
            }).pipe(Effect.scoped),
          ),
        ),
        { numRuns: 8 },
      ),
    ),
  );

  it.live("names the rows that differ, by their keys, and puts them right", () =>
    withStore(() =>
      Effect.gen(function* () {
        const store = yield* EventStore;
        yield* store.append(origin, [registered("a"), registered("b"), registered("c")]);
        yield* run("UPDATE seen SET ended = 'never' WHERE name = 'a'");
        yield* run("DELETE FROM seen WHERE name = 'b'");
        yield* run("INSERT INTO seen (tenant, project, name) VALUES ('t', 'p', 'ghost')");
        const [report] = yield* store.rebuild;
        assert.isFalse(report?.equal);
        assert.deepStrictEqual([...report!.differing].sort(), [
          "seen/local/p/a",
          "seen/local/p/b",
          "seen/t/p/ghost",
        ]);
        assert.strictEqual(report?.rows, 3);
        assert.isTrue((yield* store.rebuild)[0]?.equal);
      }),
    ),
  );

  it.live("leaves the rows and the store as they were when it fails", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder;
      let broken = false;
      const fragile: Projection = {
        ...tally,
        apply: (event) => {
          if (broken && event.seq === 3) throw new Error("a fault in a projection");
          return tally.apply(event);
        },
      };
      yield* Effect.gen(function* () {
        const store = yield* EventStore;
        yield* store.append(origin, [ended("a", "x"), ended("b", "x"), ended("c", "x")]);
        const before = yield* store.rows("tally");
        broken = true;
        assert.isTrue(Exit.isFailure(yield* Effect.exit(store.rebuild)));
        broken = false;
        assert.deepStrictEqual(yield* store.rows("tally"), before);
        yield* store.append(origin, [ended("d", "x")]);
        assert.isTrue((yield* store.rebuild).every((one) => one.equal));
      }).pipe(Effect.provide(storeAt(folder, [fragile])));
    }).pipe(Effect.scoped),
  );
});

describe("opening the store", () => {
  const names = Effect.flatMap(EventStore, (store) =>
    Effect.map(store.rows("seen"), (rows) => rows.map((row) => row.name)),
  );

  it.live("builds a projection that is new, whose tables are missing, or that was away meanwhile", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder;
      const with_ = <A, E>(
        projections: Array<Projection>,
        effect: Effect.Effect<A, E, EventStore | SqlBatch>,
      ) => Effect.provide(effect, storeAt(folder, projections));
      const add = (name: string) =>
        Effect.flatMap(EventStore, (store) => store.append(origin, [registered(name)]));
      yield* with_([], add("a"));
      assert.deepStrictEqual(yield* with_([agentsSeen], names), ["a"]);
      yield* with_([tally], add("b"));
      assert.deepStrictEqual(yield* with_([agentsSeen], Effect.andThen(add("c"), names)), ["a", "b", "c"]);
      yield* with_([agentsSeen], run("DROP TABLE seen"));
      assert.deepStrictEqual(yield* with_([agentsSeen, tally], names), ["a", "b", "c"]);
      const indexes = yield* with_(
        [tally],
        Effect.flatMap(SqlBatch, (sql) =>
          sql.query(
            "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'tally' ORDER BY name",
          ),
        ),
      );
      assert.includeMembers(
        indexes.map((row) => row.name),
        ["tally_name_share", "tally_turn"],
      );
    }).pipe(Effect.scoped),
  );
});
