/** No statement that runs often scans a table of ours, or sorts: proved by its plan, on the product's own tables. */
import { assert, describe, it } from "@effect/vitest";
import { Effect, Layer } from "effect";
import { SqlBatch, sqlLayer } from "../../../daemon/platform/Sql.ts";
import { EventStore } from "../../../daemon/primitives/EventStore.ts";
import { eventQueries } from "../../../daemon/primitives/eventQueries.ts";
import { projections, stateTables } from "../../../daemon/tables.ts";
import { tempFolder } from "../../support/tempFolder.ts";
import { ended, origin, registered } from "./storeFixture.ts";

const project = "p";
const tables = [...projections.flatMap((one) => one.tables), ...stateTables];

/** Reads that happen with every call, by the table and what is asked of it. */
const rowsAsked: ReadonlyArray<readonly [table: string, where: Readonly<Record<string, string>>]> = [
  ["agents", { project, name: "a" }],
  ["agents", { project }],
  ["approved_checks", { project }],
  ["base_results", { project, tree: "t", checks: "c" }],
  ["checkpoints", { project, name: "c" }],
  ["deferreds", { project, id: "d" }],
  ["mail_waiting", { project, recipient: "a" }],
  ["mail_dead", { project, recipient: "a", id: "m" }],
  ["mail_dead", { project, recipient: "a" }],
  ["swarms", { project, epic: "e" }],
  ["swarms", { project }],
];

const watched = Effect.gen(function* () {
  const folder = yield* tempFolder;
  const asked = new Map<string, ReadonlyArray<unknown>>();
  const watching = Layer.effect(
    SqlBatch,
    Effect.map(SqlBatch, (sql) => {
      const note = (text: string, args: ReadonlyArray<unknown> = []) => void asked.set(text, args);
      return SqlBatch.of({
        run: (statements) => {
          for (const one of statements) note(one.sql, one.args);
          return sql.run(statements);
        },
        query: (text, args) => {
          note(text, args);
          return sql.query(text, args);
        },
        read: (text, args) => {
          note(text, args);
          return sql.read(text, args);
        },
      });
    }),
  );
  const file = sqlLayer({ file: `${folder}/store.db` });
  const layer = EventStore.layer(projections, stateTables).pipe(
    Layer.provideMerge(watching),
    Layer.provideMerge(file),
  );
  return { layer, asked };
});

/** The tables' own names, and not those of what SQLite makes on the way. */
const ours = new RegExp(`^SCAN (events|${tables.map(({ name }) => name).join("|")})\\b|TEMP B-TREE`);

const assertSearched = Effect.fnUntraced(function* (asked: ReadonlyMap<string, ReadonlyArray<unknown>>) {
  const sql = yield* SqlBatch;
  let searched = 0;
  for (const [text, args] of [...asked]) {
    for (const { detail } of yield* sql.query(`EXPLAIN QUERY PLAN ${text}`, args)) {
      assert.notMatch(String(detail), ours, text);
      if (/^SEARCH/.test(String(detail))) searched += 1;
    }
  }
  return searched;
});

describe("query plans", () => {
  it.live("of everything that an append, a read and a subscriber ask for", () =>
    Effect.gen(function* () {
      const { layer, asked } = yield* watched;
      yield* Effect.gen(function* () {
        const store = yield* EventStore;
        const queries = eventQueries(yield* SqlBatch);
        asked.clear();
        const [first] = yield* store.append(origin, [registered("a"), registered("b")]);
        yield* store.append(origin, [ended("a", "x")], { expected: { "agent/a": 1 } });
        yield* store.append(origin, [registered("c", first!.id.replace(/.$/, "f"))]);
        yield* queries.streamHead("local", project, "agent/b");
        yield* queries.last;
        yield* store.byId([first!.id]);
        const types = ["agent_registered", "agent_ended"];
        for (const owner of [{}, { project }, { project, tenant: "t" }])
          for (const stream of [{}, { stream: "agent/a" }])
            for (const kind of [{}, { types }, { types: ["agent_ended"] }])
              for (const by of [{}, { actor: "daemon" }])
                yield* store.readAll({ ...owner, ...stream, ...kind, ...by, after: 1, upTo: 3 });
        assert.isAbove(yield* assertSearched(asked), 20);
      }).pipe(Effect.provide(layer));
    }).pipe(Effect.scoped),
  );

  it.live("of the rows that are asked for by project and key", () =>
    Effect.gen(function* () {
      const { layer, asked } = yield* watched;
      yield* Effect.gen(function* () {
        const store = yield* EventStore;
        asked.clear();
        for (const [table, where] of rowsAsked) yield* store.rows(table, where);
        for (const { name, key } of tables) {
          const where: Record<string, string> = { project };
          for (const column of key) where[column] = "x";
          yield* store.rows(name, where);
        }
        assert.isAtLeast(yield* assertSearched(asked), tables.length);
      }).pipe(Effect.provide(layer));
    }).pipe(Effect.scoped),
  );

  it.live("of what projections write: by the whole key, so nothing is looked for", () =>
    Effect.gen(function* () {
      const { layer, asked } = yield* watched;
      yield* Effect.gen(function* () {
        asked.clear();
        for (const table of tables) {
          const key = ["tenant", "project", ...table.key];
          const columns = Object.keys(table.columns).filter((name) => !table.key.includes(name));
          const all = [...key, ...columns];
          const set = columns.map((name) => `${name} = excluded.${name}`).join(", ");
          const conflict = set === "" ? "NOTHING" : `UPDATE SET ${set}`;
          asked.set(
            `INSERT INTO ${table.name} (${all}) VALUES (${all.map(() => "?")}) ON CONFLICT (${key}) DO ${conflict}`,
            all.map(() => null),
          );
          asked.set(
            `DELETE FROM ${table.name} WHERE ${key.map((name) => `${name} = ?`).join(" AND ")}`,
            key.map(() => null),
          );
        }
        assert.isAtLeast(yield* assertSearched(asked), tables.length);
      }).pipe(Effect.provide(layer));
    }).pipe(Effect.scoped),
  );
});
