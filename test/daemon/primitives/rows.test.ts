/** What is asked of rows often is one search of an index, and means what it says. */
import { assert, describe, it } from "@effect/vitest";
import { Effect, Layer } from "effect";
import { SqlBatch, sqlLayer } from "../../../daemon/platform/Sql.ts";
import { EventStore, type Where } from "../../../daemon/primitives/EventStore.ts";
import { projections, stateTables } from "../../../daemon/tables.ts";
import type { StorageError } from "../../../shared/contract/errors.ts";
import { tempFolder } from "../../support/tempFolder.ts";
import { appendStep, tally } from "./pastFixture.ts";
import { agentsSeen } from "./storeFixture.ts";

const project = "p";
const asked: ReadonlyArray<readonly [table: string, where: Where, latest?: { by: string; limit: number }]> = [
  ["swarms", { project }, { by: "last_seq", limit: 50 }],
  ["swarms", { project, epic: "e" }],
  ["cell_fields", { project, cell: ["a", "b"] }],
  ["cell_dependencies", { project, cell: ["a", "b"] }],
  ["cells", { project, cell: "a" }],
  ["open_cells", { project }],
  ["agents", { project, name: "a" }],
  ["live_agents", { project, name: "a" }],
  ["leases", { project, lease: "l" }],
  ["locks", { project, name: "k" }],
  ["deferreds", { project, id: "d" }],
  ["mail_waiting", { project, recipient: "a" }],
  ["mail_dead", { project, recipient: "a", id: "m" }],
  ["approved_checks", { project }],
  ["base_results", { project, tree: "t", checks: "c" }],
  ["checkpoints", { project, name: "c" }],
];

describe("rows", () => {
  it.live("are searched, never scanned or sorted, for what is asked often", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder;
      const statements: Array<string> = [];
      const watching = Layer.effect(
        SqlBatch,
        Effect.map(SqlBatch, (sql) => ({
          ...sql,
          query: (statement, args) => {
            statements.push(statement);
            return sql.query(statement, args);
          },
        })),
      ).pipe(Layer.provideMerge(sqlLayer({ file: `${folder}/store.db` })));
      yield* Effect.gen(function* () {
        const store = yield* EventStore;
        const sql = yield* SqlBatch;
        for (const [table, where, latest] of asked) {
          for (const ask of [() => store.rows(table, where, latest), () => store.count(table, where)]) {
            statements.length = 0;
            yield* Effect.asVoid(ask() as Effect.Effect<unknown, StorageError>);
            const mine = statements.filter((text) => text.includes(table));
            assert.strictEqual(mine.length, 1);
            for (const statement of mine) {
              const plan = yield* sql.query(`EXPLAIN QUERY PLAN ${statement}`);
              const text = plan.map(({ detail }) => String(detail)).join("\n");
              assert.match(text, new RegExp(`SEARCH ${table} USING .*tenant=\\? AND project=\\?`), statement);
              assert.notMatch(text, /SCAN (?!json_each)|TEMP B-TREE/, statement);
              for (const column of Object.keys(where)) assert.include(text, `${column}=?`, statement);
            }
          }
        }
      }).pipe(Effect.provide(EventStore.layer(projections, stateTables).pipe(Layer.provideMerge(watching))));
    }).pipe(Effect.scoped),
  );

  it.live("are those of the tenant, the project, the values and the latest that were asked for", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder;
      yield* Effect.gen(function* () {
        const store = yield* EventStore;
        for (const name of ["a", "b", "c", "d"])
          for (const tenant of ["local", "t"])
            for (const at of ["p", "q"]) yield* appendStep({ name, tenant, project: at, end: "bye" });
        const names = (where: Where, latest?: { by: string; limit: number }) =>
          Effect.map(store.rows("tally_last", where, latest), (rows) =>
            rows.map((row) => `${row.tenant}/${row.project}/${row.name}`),
          );
        assert.deepStrictEqual(yield* names({ project: "p", name: ["d", "a", "z"] }), [
          "local/p/a",
          "local/p/d",
        ]);
        assert.deepStrictEqual(yield* names({ project: "q", name: "b", tenant: "t" }), ["t/q/b"]);
        assert.deepStrictEqual(yield* names({ project: "p" }, { by: "turn", limit: 2 }), [
          "local/p/d",
          "local/p/c",
        ]);
        assert.deepStrictEqual(yield* names({ project: "p", name: [] }), []);
        assert.strictEqual((yield* names({ name: "c" })).length, 4);
        assert.strictEqual(yield* store.count("tally_last"), 16);
        assert.strictEqual(yield* store.count("tally_last", { project: "p" }), 4);
      }).pipe(
        Effect.provide(
          EventStore.layer([agentsSeen, tally]).pipe(
            Layer.provideMerge(sqlLayer({ file: `${folder}/store.db` })),
          ),
        ),
      );
    }).pipe(Effect.scoped),
  );
});
