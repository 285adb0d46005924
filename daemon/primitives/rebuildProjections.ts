/**
 * Builds projections from the log: at start one whose version changed or whose tables are missing, all of them on
 * request. The rows are built in tables of their own, which then take the place of the old ones in one transaction:
 * a rebuild that fails or is killed leaves the old rows as they were.
 *
 * Every append changes the projections that are open in its own transaction, so one that was built stays current.
 * Those that are not open are forgotten at start, and built anew when they come back.
 */
import { Effect, Stream } from "effect";
import { canonicalJson } from "../../shared/contract/canonicalJson.ts";
import { SqlBatch } from "../platform/Sql.ts";
import { eventQueries } from "./eventQueries.ts";
import type { Projection, Row } from "./Projection.ts";
import {
  applyEvent,
  createIndexes,
  createTables,
  decodeRow,
  dropTables,
  renameTables,
  shadowOf,
} from "./projectionTables.ts";

export interface RebuildReport {
  readonly projection: string;
  readonly rows: number;
  /** The rows after the replay are the rows from before it. */
  readonly equal: boolean;
  /** Primary keys of the rows that differ, at most the first 20. */
  readonly differing: ReadonlyArray<string>;
}

const eventsAtOnce = 500;
const reported = 20;

/** Builds what is missing or out of date. */
export const openProjections = Effect.fn("openProjections")(function* (
  projections: ReadonlyArray<Projection>,
) {
  const sql = yield* SqlBatch;
  const { seq: head } = yield* eventQueries(sql).last;
  const names = JSON.stringify(projections.map(({ name }) => name));
  yield* sql.run([
    { sql: "DELETE FROM projections WHERE name NOT IN (SELECT value FROM json_each(?))", args: [names] },
  ]);
  const versions = new Map(
    (yield* sql.query("SELECT name, version FROM projections")).map((row) => [row.name, row.version]),
  );
  const tables = new Set(
    (yield* sql.query("SELECT name FROM sqlite_master WHERE type = 'table'")).map((row) => row.name),
  );
  for (const projection of projections) {
    const complete = projection.tables.every(({ name }) => tables.has(name));
    if (complete && versions.get(projection.name) === projection.version) continue;
    if (versions.has(projection.name)) {
      yield* Effect.logInfo("rebuilding a projection", { projection: projection.name });
    }
    yield* replay(projection, head);
  }
});

export const rebuildProjection = Effect.fn("rebuildProjection")(function* (
  projection: Projection,
  head: number,
) {
  const before = yield* allRows(projection);
  yield* replay(projection, head);
  const after = yield* allRows(projection);
  const keys = new Set([...before.keys(), ...after.keys()]);
  const differing = [...keys].filter((key) => before.get(key) !== after.get(key));
  const report: RebuildReport = {
    projection: projection.name,
    rows: after.size,
    equal: differing.length === 0,
    differing: differing.slice(0, reported),
  };
  return report;
});

const replay = Effect.fnUntraced(function* (projection: Projection, head: number) {
  const sql = yield* SqlBatch;
  const shadow = shadowOf(projection);
  yield* sql.run([...dropTables(shadow), ...createTables(shadow)]);
  yield* eventQueries(sql)
    .read({ types: projection.types, upTo: head })
    .pipe(
      Stream.grouped(eventsAtOnce),
      Stream.runForEach((events) => sql.run(events.flatMap((event) => applyEvent([shadow], event)))),
    );
  yield* sql.run([
    ...dropTables(projection),
    ...renameTables(shadow, projection),
    ...createIndexes(projection),
    {
      sql: `INSERT INTO projections (name, version, applied) VALUES (?, ?, ?)
        ON CONFLICT (name) DO UPDATE SET version = excluded.version, applied = excluded.applied`,
      args: [projection.name, projection.version, head],
    },
  ]);
});

/** Every row by its primary key, as canonical text. */
const allRows = Effect.fnUntraced(function* (projection: Projection) {
  const sql = yield* SqlBatch;
  const found = new Map<string, string>();
  for (const table of projection.tables) {
    for (const raw of yield* sql.query(`SELECT * FROM ${table.name}`)) {
      const row: Row = decodeRow(table, raw);
      const key = ["tenant", "project", ...table.key].map((name) => String(row[name])).join("/");
      found.set(`${table.name}/${key}`, canonicalJson(row));
    }
  }
  return found;
});
