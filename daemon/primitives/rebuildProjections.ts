/**
 * Builds projections from the log: one whose version grew or that a crash left behind at start, all of them on
 * request. A projection's `applied` is set to 0 before its rows go, so a rebuild that is killed starts over.
 */
import { Effect, Stream } from "effect";
import { canonicalJson } from "../../shared/contract/canonicalJson.ts";
import { SqlBatch } from "../platform/Sql.ts";
import { eventQueries } from "./eventQueries.ts";
import type { Projection, Row } from "./Projection.ts";
import { applyEvent, createTables, decodeRow, dropTables } from "./projectionTables.ts";

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

/** Creates what is missing and rebuilds what is out of date. */
export const openProjections = Effect.fn("openProjections")(function* (projections: ReadonlyArray<Projection>) {
  const sql = yield* SqlBatch;
  const { seq: head } = yield* eventQueries(sql).last;
  const known = new Map((yield* sql.query("SELECT * FROM projections")).map((row) => [String(row["name"]), row]));
  for (const projection of projections) {
    const row = known.get(projection.name);
    if (row !== undefined && row["version"] === projection.version && row["applied"] === head) continue;
    if (row !== undefined) yield* Effect.logInfo("rebuilding a projection", { projection: projection.name });
    yield* replay(projection, head);
  }
});

export const rebuildProjection = Effect.fn("rebuildProjection")(function* (projection: Projection, head: number) {
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
  const mark = (applied: number) => ({
    sql: `INSERT INTO projections (name, version, applied) VALUES (?, ?, ?)
      ON CONFLICT (name) DO UPDATE SET version = excluded.version, applied = excluded.applied`,
    args: [projection.name, projection.version, applied],
  });
  // -1, since an empty log has head 0.
  yield* sql.run([mark(-1), ...dropTables(projection), ...createTables(projection)]);
  yield* eventQueries(sql)
    .read({ types: projection.types, upTo: head })
    .pipe(
      Stream.grouped(eventsAtOnce),
      Stream.runForEach((events) => sql.run(events.flatMap((event) => applyEvent([projection], event)))),
    );
  yield* sql.run([mark(head)]);
});

/** Every row by its primary key, as canonical text. */
const allRows = Effect.fnUntraced(function* (projection: Projection) {
  const sql = yield* SqlBatch;
  const found = new Map<string, string>();
  for (const table of projection.tables) {
    for (const raw of yield* sql.query(`SELECT * FROM ${table.name}`)) {
      const row: Row = decodeRow(table, raw);
      const key = ["project", ...table.key].map((name) => String(row[name])).join("/");
      found.set(`${table.name}/${key}`, canonicalJson(row));
    }
  }
  return found;
});
