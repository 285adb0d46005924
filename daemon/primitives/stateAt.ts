/**
 * The rows of projections as of an earlier event or time: the nearest snapshot, and the events after it, folded in
 * memory. Nothing is written, and the live rows are not looked at.
 */
import { Effect, Stream } from "effect";
import { InvalidInput, type StorageError } from "../../shared/contract/errors.ts";
import { type EventQueries, localTenant } from "./eventQueries.ts";
import type { Projection, Row } from "./Projection.ts";
import { changedRow, changesOf, placeId, type RowPlace } from "./projectionFold.ts";
import type { Snapshots } from "./snapshots.ts";

/** `at` is a time (ISO 8601, with its zone): the state after the last event that is not later. */
export type Then = { readonly seq: number } | { readonly at: string };

export interface StateFilter {
  /** With a project and without a tenant, `local` is meant. */
  readonly tenant?: string;
  readonly project?: string;
  /** Only this projection's tables. */
  readonly projection?: string;
}

export interface PastState {
  /** The last event that the state knows of; 0 before the first. */
  readonly seq: number;
  /** By the table's name, in the order of the keys; shaped as `rows` gives the live ones. */
  readonly tables: Readonly<Record<string, ReadonlyArray<Row>>>;
}

export const makeStateAt = (options: {
  readonly queries: EventQueries;
  readonly projections: ReadonlyArray<Projection>;
  readonly snapshots: Snapshots;
  readonly head: () => number;
}) => {
  const { queries, projections, snapshots, head } = options;

  /** `at` never runs backwards and `seq` has no gaps, so a few events are looked at, not the log. */
  const lastAt = Effect.fnUntraced(function* (time: string) {
    let known = 0;
    let later = head() + 1;
    while (later - known > 1) {
      const middle = Math.floor((known + later) / 2);
      const [event] = yield* queries.page({ after: middle - 1, upTo: middle, limit: 1 });
      if (event !== undefined && event.at <= time) known = middle;
      else later = middle;
    }
    return known;
  });

  const seqOf = (then: Then): Effect.Effect<number, InvalidInput | StorageError> => {
    if ("at" in then) {
      const time = Date.parse(then.at);
      return Number.isNaN(time)
        ? invalid(`"${then.at}" is no time. Write it as 2026-01-31T09:30:00Z.`)
        : lastAt(new Date(time).toISOString());
    }
    if (!Number.isInteger(then.seq) || then.seq < 0) return invalid(`${then.seq} is no sequence number.`);
    return then.seq > head()
      ? invalid(`The log ends at ${head()}; there is no state as of ${then.seq} yet.`)
      : Effect.succeed(then.seq);
  };

  const rowsAt = Effect.fnUntraced(function* (projection: Projection, seq: number, filter: StateFilter) {
    const rows = new Map<string, { readonly place: RowPlace; readonly row: Row }>();
    const { project, tenant = localTenant } = filter;
    const owner = project === undefined ? undefined : { tenant, project };
    const after = yield* snapshots.load(projection, seq, owner, (place, row) =>
      rows.set(placeId(place), { place, row }),
    );
    yield* queries.read({ ...owner, types: projection.types, after, upTo: seq }).pipe(
      Stream.runForEach((event) =>
        Effect.sync(() => {
          for (const placed of changesOf(projection, event)) {
            const id = placeId(placed.place);
            const row = changedRow(projection, placed, rows.get(id)?.row);
            if (row === undefined) rows.delete(id);
            else rows.set(id, { place: placed.place, row });
          }
        }),
      ),
    );
    const inOrder = [...rows].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, one]) => one);
    return projection.tables.map(
      ({ name }) =>
        [name, inOrder.filter(({ place }) => place.table === name).map(({ row }) => row)] as const,
    );
  });

  return Effect.fn("EventStore.stateAt")(function* (then: Then, filter: StateFilter = {}) {
    const wanted = projections.filter(({ name }) => [name, undefined].includes(filter.projection));
    if (wanted.length === 0) {
      const names = projections.map(({ name }) => name).join(", ");
      return yield* invalid(`There is no projection "${filter.projection}". There are: ${names}.`);
    }
    const seq = yield* seqOf(then);
    const tables = yield* snapshots.inTurn(
      Effect.forEach(wanted, (projection) => rowsAt(projection, seq, filter)),
    );
    const state: PastState = { seq, tables: Object.fromEntries(tables.flat()) };
    return state;
  });
};

const invalid = (message: string) => Effect.fail(new InvalidInput({ message }));
