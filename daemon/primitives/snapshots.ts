/**
 * Rows of projections as of earlier events, so that a state of the past costs a short replay. A snapshot holds only
 * the rows that changed since the one before it; a state is, for each key, the latest row up to it. So taking one
 * costs what happened since, not what there is.
 *
 * They are made from the log alone, in the background. They are a cache: one of another version of its projection is
 * thrown away, and losing them loses nothing.
 */
import { Effect, Semaphore, Stream } from "effect";
import type { StorageError } from "../../shared/contract/errors.ts";
import type { SqlBatch } from "../platform/Sql.ts";
import type { SqlStatement } from "../platform/sqlWorker.ts";
import type { EventQueries } from "./eventQueries.ts";
import type { Projection, Row } from "./Projection.ts";
import { changedRow, changesOf, type PlacedChange, placeId, type RowPlace } from "./projectionFold.ts";
import { thinSnapshots } from "./thinSnapshots.ts";

export interface SnapshotOwner {
  readonly tenant: string;
  readonly project: string;
}

export type Snapshots = ReturnType<typeof makeSnapshots>;

const rowsAtOnce = 500;

export const makeSnapshots = (options: {
  readonly sql: SqlBatch["Service"];
  readonly queries: EventQueries;
  readonly projections: ReadonlyArray<Projection>;
  /** Events from one snapshot to the next. */
  readonly every: number;
}) => {
  const { sql, queries, projections, every } = options;
  const thin = thinSnapshots(sql, every);
  /** Who reads snapshots must not find them half thinned, nor who takes one be overtaken by a redaction. */
  const turn = Semaphore.makeUnsafe(1);

  const forgetOtherVersions = Effect.fnUntraced(function* ({ name, version }: Projection) {
    const [other] = yield* sql.query(
      "SELECT seq FROM snapshots WHERE projection = ? AND version <> ? LIMIT 1",
      [name, version],
    );
    if (other !== undefined) yield* sql.run(forgetting([name], 0));
  });

  const latest = (projection: string, upTo: number) =>
    Effect.map(
      sql.query("SELECT max(seq) AS seq FROM snapshots WHERE projection = ? AND seq <= ?", [
        projection,
        upTo,
      ]),
      ([row]) => Number(row?.seq ?? 0),
    );

  /** Rows as of the snapshot at `seq`, by place; null where there is none. */
  const lookUp = Effect.fnUntraced(function* (
    projection: string,
    places: ReadonlyArray<RowPlace>,
    seq: number,
  ) {
    const keys = places.map(({ tenant, project, table, key }) => [tenant, project, table, key]);
    const found = yield* sql.read(
      `SELECT (SELECT row FROM snapshot_rows WHERE projection = ? AND tenant = value->>0 AND project = value->>1
          AND tbl = value->>2 AND key = value->>3 AND seq <= ? ORDER BY seq DESC LIMIT 1) AS row
        FROM json_each(?)`,
      [projection, seq, JSON.stringify(keys)],
    );
    return found.map(({ row }) => (row === null ? undefined : (JSON.parse(String(row)) as Row)));
  });

  /** Takes the next snapshot of those projections whose last one is the oldest; false when none is due. */
  const takeNext = Effect.fnUntraced(function* (head: number) {
    for (const projection of projections) yield* forgetOtherVersions(projection);
    const lasts = yield* Effect.forEach(projections, ({ name }) => latest(name, head));
    const from = Math.min(...lasts);
    const to = from + every;
    if (projections.length === 0 || to > head) return false;
    const due = projections.filter((_, index) => lasts[index] === from);
    const folds = due.map((projection) => ({ projection, rows: new Map<string, Touched>() }));
    const types = [...new Set(due.flatMap((projection) => projection.types))];
    yield* queries.read({ types, after: from, upTo: to }).pipe(
      Stream.grouped(rowsAtOnce),
      Stream.runForEach((events) =>
        Effect.forEach(
          folds,
          ({ projection, rows }) =>
            fold(
              projection,
              rows,
              events.flatMap((event) => changesOf(projection, event)),
              from,
            ),
          { discard: true },
        ),
      ),
    );
    // What a daemon that was killed left of the same work.
    yield* sql.run(due.map(({ name }) => leftovers(name, from)));
    for (const { projection, rows } of folds) {
      const changed = [...rows.values()].filter(
        ({ before, now }) => before !== undefined || now !== undefined,
      );
      for (let done = 0; done < changed.length; done += rowsAtOnce) {
        yield* sql.run([insertRows(projection.name, to, changed.slice(done, done + rowsAtOnce))]);
      }
    }
    yield* sql.run(
      due.map(({ name, version }) => ({
        sql: "INSERT INTO snapshots (projection, version, seq) VALUES (?, ?, ?)",
        args: [name, version, to],
      })),
    );
    for (const { name } of due) yield* thin(name);
    return true;
  });

  /** Applies changes to the rows that they touch, which are looked up in the snapshot before. */
  const fold = Effect.fnUntraced(function* (
    projection: Projection,
    rows: Map<string, Touched>,
    changes: ReadonlyArray<PlacedChange>,
    from: number,
  ) {
    const unknown = new Map(
      changes.map(({ place }) => [placeId(place), place] as const).filter(([id]) => !rows.has(id)),
    );
    const places = [...unknown.values()];
    const before = from === 0 || places.length === 0 ? [] : yield* lookUp(projection.name, places, from);
    places.forEach((place, index) => {
      rows.set(placeId(place), { place, before: before[index], now: before[index] });
    });
    for (const placed of changes) {
      const touched = rows.get(placeId(placed.place))!;
      touched.now = changedRow(projection, placed, touched.now);
    }
  });

  const take = (head: number): Effect.Effect<void, StorageError> =>
    Effect.flatMap(turn.withPermit(takeNext(head)), (more) =>
      more ? Effect.andThen(Effect.yieldNow, take(head)) : Effect.void,
    );

  return {
    /** Nothing else is done with snapshots meanwhile. */
    inTurn: turn.withPermit,

    /** Takes every snapshot that is due. */
    take,

    /** Calls `put` with each row of the nearest snapshot up to `seq`, and answers that snapshot's `seq`, 0 for none. */
    load: Effect.fnUntraced(function* (
      projection: Projection,
      seq: number,
      owner: SnapshotOwner | undefined,
      put: (place: RowPlace, row: Row) => void,
    ) {
      const { name } = projection;
      yield* forgetOtherVersions(projection);
      const at = yield* latest(name, seq);
      if (at === 0) return 0;
      let last: Candidate | undefined;
      const flush = () => {
        if (typeof last?.row === "string") {
          put(
            { tenant: last.tenant, project: last.project, table: last.tbl, key: last.key },
            JSON.parse(last.row) as Row,
          );
        }
      };
      // The columns that are not fixed are the position in the primary key, so that a page begins where the last ended.
      const fixed = owner === undefined ? [] : [owner.tenant, owner.project];
      const whose = owner === undefined ? "" : " AND tenant = ? AND project = ?";
      const columns = ["tenant", "project", "tbl", "key", "seq"].slice(fixed.length);
      const places = columns.map(() => "?").join(", ");
      let position: ReadonlyArray<unknown> = ["", "", "", "", 0].slice(fixed.length);
      for (;;) {
        const page = (yield* sql.read(
          `SELECT tenant, project, tbl, key, seq, row FROM snapshot_rows
            WHERE projection = ?${whose} AND (${columns.join(", ")}) > (${places}) AND seq <= ?
            ORDER BY ${columns.join(", ")} LIMIT ?`,
          [name, ...fixed, ...position, at, rowsAtOnce],
        )) as unknown as ReadonlyArray<Candidate>;
        for (const next of page) {
          // The rows of a key come in the order of their snapshots: the last one counts.
          if (last !== undefined && !isSame(last, next)) flush();
          last = next;
        }
        if (last === undefined || page.length < rowsAtOnce) break;
        position = [last.tenant, last.project, last.tbl, last.key, last.seq].slice(fixed.length);
      }
      flush();
      return at;
    }),

    /** The statements after which no snapshot of these projections knows of the event at `seq`, or of a later one. */
    forgetting,
  };
};

interface Touched {
  readonly place: RowPlace;
  readonly before: Row | undefined;
  now: Row | undefined;
}

interface Candidate {
  readonly tenant: string;
  readonly project: string;
  readonly tbl: string;
  readonly key: string;
  readonly seq: number;
  readonly row: string | null;
}

const isSame = (left: Candidate, right: Candidate) =>
  left.key === right.key &&
  left.tbl === right.tbl &&
  left.project === right.project &&
  left.tenant === right.tenant;

const insertRows = (projection: string, seq: number, rows: ReadonlyArray<Touched>): SqlStatement => {
  const values = rows.map(({ place, now }) => [
    place.tenant,
    place.project,
    place.table,
    place.key,
    now === undefined ? null : JSON.stringify(now),
  ]);
  return {
    sql: `INSERT INTO snapshot_rows (projection, tenant, project, tbl, key, seq, row)
      SELECT ?, value->>0, value->>1, value->>2, value->>3, ?, value->>4 FROM json_each(?)`,
    args: [projection, seq, JSON.stringify(values)],
  };
};

const leftovers = (projection: string, after: number): SqlStatement => ({
  sql: "DELETE FROM snapshot_rows WHERE projection = ? AND seq > ?",
  args: [projection, after],
});

const forgetting = (names: ReadonlyArray<string>, seq: number): ReadonlyArray<SqlStatement> =>
  names.flatMap((name) => [
    { sql: "DELETE FROM snapshots WHERE projection = ? AND seq >= ?", args: [name, seq] },
    {
      sql: `DELETE FROM snapshot_rows WHERE projection = ?
        AND seq > coalesce((SELECT max(seq) FROM snapshots WHERE projection = ?), 0)`,
      args: [name, name],
    },
  ]);
