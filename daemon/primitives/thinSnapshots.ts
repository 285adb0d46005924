/**
 * Keeps as many snapshots as the logarithm of the log's length: all of the latest few, and fewer the older they are,
 * so that the replay from a snapshot is at most about an eighth of how long ago the state was.
 *
 * A snapshot that is not kept is first struck from the list. Its rows still count for the later ones; those of them
 * that nobody can see any more, as every snapshot that is kept sees a later row, then go.
 */
import { Effect } from "effect";
import type { SqlBatch } from "../platform/Sql.ts";

/** Snapshots that are kept at each distance. */
const keptInRow = 8;
const rowsAtOnce = 1000;

/** One in two, one in four, … of the snapshots are kept, the further back they lie. */
export const isKept = (seq: number, latest: number, every: number): boolean => {
  const number = Math.round(seq / every);
  const age = Math.round((latest - seq) / every);
  return age < keptInRow * (number & -number);
};

export const thinSnapshots = (sql: SqlBatch["Service"], every: number) =>
  Effect.fnUntraced(function* (projection: string) {
    const rows = yield* sql.query("SELECT seq FROM snapshots WHERE projection = ? ORDER BY seq", [
      projection,
    ]);
    const listed = rows.map(({ seq }) => Number(seq));
    const latest = listed.at(-1) ?? 0;
    const kept = listed.filter((seq) => isKept(seq, latest, every));
    const dropped = listed.filter((seq) => !kept.includes(seq));
    if (dropped.length === 0) return;
    yield* sql.run(
      dropped.map((seq) => ({
        sql: "DELETE FROM snapshots WHERE projection = ? AND seq = ?",
        args: [projection, seq],
      })),
    );
    // The latest is always kept, so each that is dropped lies before one that is.
    const gaps = new Map(
      dropped.map((seq) => [kept.find((one) => one > seq)!, kept.findLast((one) => one < seq) ?? 0]),
    );
    for (const [end, start] of gaps) yield* dropHidden(sql, projection, start, end);
  });

/** Drops the rows after the snapshot at `start` that the one at `end` does not see, and deletions of nothing. */
const dropHidden = Effect.fnUntraced(function* (
  sql: SqlBatch["Service"],
  projection: string,
  start: number,
  end: number,
) {
  let position: ReadonlyArray<unknown> = [start, "\u{10ffff}", "", "", ""];
  for (;;) {
    const page = yield* sql.read(pageOfGap, [projection, ...position, end, end, rowsAtOnce, start]);
    const hidden = page.filter((row) => Number(row.hidden) === 1);
    if (hidden.length > 0) {
      const keys = hidden.map(({ tenant, project, tbl, key, seq }) => [tenant, project, tbl, key, seq]);
      yield* sql.run([{ sql: deleteRows, args: [projection, JSON.stringify(keys)] }]);
    }
    const last = page.at(-1);
    if (last === undefined || page.length < rowsAtOnce) return;
    position = [last.seq, last.tenant, last.project, last.tbl, last.key];
  }
});

const sameKey =
  "o.projection = r.projection AND o.tenant = r.tenant AND o.project = r.project AND o.tbl = r.tbl AND o.key = r.key";

const pageOfGap = `SELECT tenant, project, tbl, key, seq,
    EXISTS (SELECT 1 FROM snapshot_rows o WHERE ${sameKey} AND o.seq > r.seq AND o.seq <= ?7)
    OR (row IS NULL AND NOT EXISTS (SELECT 1 FROM snapshot_rows o WHERE ${sameKey} AND o.seq <= ?10)) AS hidden
  FROM snapshot_rows r
  WHERE projection = ?1 AND (seq, tenant, project, tbl, key) > (?2, ?3, ?4, ?5, ?6) AND seq <= ?8
  ORDER BY seq, tenant, project, tbl, key LIMIT ?9`;

const deleteRows = `DELETE FROM snapshot_rows WHERE projection = ?1 AND (tenant, project, tbl, key, seq) IN
  (SELECT value->>0, value->>1, value->>2, value->>3, value->>4 FROM json_each(?2))`;
