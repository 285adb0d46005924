/**
 * Builds projections from the log: at start one whose version changed or whose tables are missing, all of them on
 * request. The rows are built in tables of their own, which then take the place of the old ones in one transaction:
 * a rebuild that fails or is killed leaves the old rows as they were.
 *
 * Every append changes the projections that are open in its own transaction, so one that was built stays current.
 * Those that are not open are forgotten at start, and built anew when they come back.
 */
import { Array, Effect, Stream } from "effect";
import { canonicalJson } from "../../shared/contract/canonicalJson.ts";
import type { StorageError } from "../../shared/contract/errors.ts";
import { SqlBatch } from "../platform/Sql.ts";
import { eventQueries } from "./eventQueries.ts";
import type { Projection, Row, TableSpec } from "./Projection.ts";
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
        Effect.forEach(Array.chunksOf(statements, changesAtOnce), sql.run, { discard: true }),
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

/** The rows of the replay beside those that are there. */
const compare = Effect.fnUntraced(function* (projection: Projection) {
  const before = yield* allRows(projection.tables, projection.tables);
  const after = yield* allRows(projection.tables, shadowOf(projection).tables);
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

/** Every row by its primary key, as canonical text. */
const allRows = Effect.fnUntraced(function* (
  specs: ReadonlyArray<TableSpec>,
  tables: ReadonlyArray<TableSpec>,
) {
  const sql = yield* SqlBatch;
  const found = new Map<string, string>();
  for (const [index, table] of specs.entries()) {
    for (const raw of yield* sql.query(`SELECT * FROM ${tables[index]!.name}`)) {
      const row: Row = decodeRow(table, raw);
      const key = ["tenant", "project", ...table.key].map((name) => String(row[name])).join("/");
      found.set(`${table.name}/${key}`, canonicalJson(row));
    }
  }
  return found;
});
