/**
 * Builds projections from the log: at start one whose version changed or whose tables are missing, all of them on
 * request. The rows are built in tables of their own, which then take the place of the old ones in one transaction:
 * a rebuild that fails or is killed leaves the old rows as they were.
 *
 * Every append changes the projections that are open in its own transaction, so one that was built stays current.
 * Those that are not open are forgotten at start, and built anew when they come back.
 */
import { Array as Arr, Effect, type Schema, Stream } from "effect";
import { canonicalJson } from "../../shared/contract/canonicalJson.ts";
import type { StorageError } from "../../shared/contract/errors.ts";
import { SqlBatch } from "../platform/Sql.ts";
import { eventQueries } from "./eventQueries.ts";
import type { Projection, TableSpec } from "./Projection.ts";
import {
  applyEvents,
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

const reported = 20;
/** Reading, applying and writing go on side by side; this many pages wait between them at most. */
const pagesAhead = 2;
/** In one transaction: an append that comes meanwhile waits for no more. */
const changesAtOnce = 1000;

/** Builds what is missing or out of date, with no append going on. */
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
  const outdated = projections.filter(
    ({ name, version, tables: wanted }) =>
      versions.get(name) !== version || !wanted.every((table) => tables.has(table.name)),
  );
  const known = outdated.flatMap(({ name }) => (versions.has(name) ? [name] : []));
  if (known.length > 0) yield* Effect.logInfo("rebuilding projections", { projections: known });
  if (outdated.length === 0) return;
  yield* createShadows(outdated);
  yield* replay(outdated, 0, head);
  yield* takeOver(outdated, head);
});

/**
 * Builds all of them from the log. Appends go on meanwhile; only while the last events are caught up with, the rows
 * compared and the tables exchanged, the writer waits.
 */
export const rebuildProjections = Effect.fn("rebuildProjections")(function* (
  projections: ReadonlyArray<Projection>,
  writer: {
    readonly head: () => number;
    readonly exclusively: <A>(effect: Effect.Effect<A, StorageError>) => Effect.Effect<A, StorageError>;
  },
) {
  const sql = yield* SqlBatch;
  const begun = writer.head();
  yield* createShadows(projections);
  yield* replay(projections, 0, begun);
  return yield* writer.exclusively(
    Effect.gen(function* () {
      const head = writer.head();
      yield* replay(projections, begun, head);
      const reports = yield* Effect.forEach(projections, compare);
      yield* takeOver(projections, head);
      return reports;
    }).pipe(Effect.provideService(SqlBatch, sql)),
  );
});

const createShadows = Effect.fnUntraced(function* (projections: ReadonlyArray<Projection>) {
  const sql = yield* SqlBatch;
  const shadows = projections.map(shadowOf);
  yield* sql.run([...shadows.flatMap(dropTables), ...shadows.flatMap(createTables)]);
});

const replay = Effect.fnUntraced(function* (
  projections: ReadonlyArray<Projection>,
  after: number,
  upTo: number,
) {
  if (after >= upTo) return;
  const sql = yield* SqlBatch;
  const shadows = projections.map(shadowOf);
  const types = [...new Set(projections.flatMap((one) => one.types))];
  yield* eventQueries(sql)
    .pages({ types, after, upTo })
    .pipe(
      Stream.buffer({ capacity: pagesAhead }),
      Stream.map((events) => applyEvents(shadows, events)),
      Stream.runForEach((statements) =>
        Effect.forEach(Arr.chunksOf(statements, changesAtOnce), sql.run, { discard: true }),
      ),
    );
});

/** Puts the new tables in the place of the old ones. */
const takeOver = Effect.fnUntraced(function* (projections: ReadonlyArray<Projection>, head: number) {
  const sql = yield* SqlBatch;
  yield* sql.run(
    projections.flatMap((projection) => [
      ...dropTables(projection),
      ...renameTables(shadowOf(projection), projection),
      ...createIndexes(projection),
      {
        sql: `INSERT INTO projections (name, version, applied) VALUES (?, ?, ?)
          ON CONFLICT (name) DO UPDATE SET version = excluded.version, applied = excluded.applied`,
        args: [projection.name, projection.version, head],
      },
    ]),
  );
});

/** The rows of the replay beside those that are there. The database looks for what differs; rarely anything does. */
const compare = Effect.fnUntraced(function* (projection: Projection) {
  const sql = yield* SqlBatch;
  const shadows = shadowOf(projection).tables;
  let rows = 0;
  const differing: Array<string> = [];
  for (const [index, table] of projection.tables.entries()) {
    const shadow = shadows[index]!.name;
    const [counted] = yield* sql.query(`SELECT count(*) AS n FROM ${shadow}`);
    rows += Number(counted?.n);
    const suspects = [
      ...(yield* sql.query(differences(table, table.name, shadow))),
      ...(yield* sql.query(differences(table, shadow, table.name, true))),
    ];
    for (const found of suspects) {
      const there = JSON.parse(String(found.here)) as ReadonlyArray<unknown>;
      const other = found.there === null ? undefined : (JSON.parse(String(found.there)) as typeof there);
      // The same JSON may have been written in another order of its keys.
      if (other !== undefined && canonical(table, there) === canonical(table, other)) continue;
      const keys = keyColumns(table).map((_, column) => String(there[column]));
      differing.push([table.name, ...keys].join("/"));
    }
  }
  const report: RebuildReport = {
    projection: projection.name,
    rows,
    equal: differing.length === 0,
    differing: differing.slice(0, reported),
  };
  return report;
});

const keyColumns = (table: TableSpec) => ["tenant", "project", ...table.key];
const allColumns = (table: TableSpec) => [...new Set([...keyColumns(table), ...Object.keys(table.columns)])];

const canonical = (table: TableSpec, values: ReadonlyArray<unknown>) => {
  const entries = allColumns(table).map((name, column) => [name, values[column] ?? null]);
  return canonicalJson(decodeRow(table, Object.fromEntries(entries)) as Schema.Json);
};

/** Rows of one table that the other has not, or not like this; each by its key, so neither is sorted. */
const differences = (table: TableSpec, here: string, there: string, onlyMissing = false): string => {
  const on = keyColumns(table).map((name) => `a.${name} = b.${name}`);
  const same = allColumns(table).map((name) => `a.${name} IS b.${name}`);
  const values = (side: string) => `json_array(${allColumns(table).map((name) => `${side}.${name}`)})`;
  const condition = onlyMissing ? "b.tenant IS NULL" : `NOT (${same.join(" AND ")})`;
  return `SELECT ${values("a")} AS here, CASE WHEN b.tenant IS NULL THEN NULL ELSE ${values("b")} END AS there
    FROM ${here} a LEFT JOIN ${there} b ON ${on.join(" AND ")} WHERE ${condition}`;
};
