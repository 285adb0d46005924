/**
 * The append-only log: the source of truth. Projections change in the transaction of the append, so what is in
 * their rows is never ahead of the log nor behind it.
 *
 * `append` returns when the events are durable. Appends that arrive together share a transaction, and one that
 * fails never fails its neighbours. `seq` has no gaps, and `at` never runs backwards.
 *
 * `decide` is compare-and-set for what no stream's last `seq` can express: the writer calls the decision when its
 * turn has come, on views that are up to date with everything before it in the log or in the same transaction, so
 * nothing comes between what it saw and what it writes. Locks, leases, deliveries and promises are decided so.
 */
import { Context, Effect, Layer, Queue, type Result, type Scope, Stream } from "effect";
import type { SqlClient } from "effect/sql";
import {
  type ConcurrencyConflict,
  EventRejected,
  type InvalidInput,
  type NotFound,
  type StorageError,
} from "../../shared/contract/errors.ts";
import type { Actor, EventDataOf, EventType, StoredEvent } from "../../shared/contract/events.ts";
import { SqlBatch } from "../platform/Sql.ts";
import { type EventFilter, eventQueries, localTenant } from "./eventQueries.ts";
import { type Followed, makeFeed } from "./eventStoreFeed.ts";
import { startWriter } from "./eventStoreWriter.ts";
import { migrate } from "./migrations.ts";
import type { Projection, Row, RowChange, StateChange, StateTable } from "./Projection.ts";
import { createStateTables, decodeRow } from "./projectionTables.ts";
import { openProjections, type RebuildReport, rebuildProjections } from "./rebuildProjections.ts";
import { cleanFile, makeRedact } from "./redact.ts";
import { makeSnapshots } from "./snapshots.ts";
import { makeStateAt, type PastState, type StateFilter, type Then } from "./stateAt.ts";
import { storedText } from "./storedText.ts";
import { storeId } from "./storeId.ts";

export type NewEvent = {
  [T in EventType]: {
    readonly stream: string;
    readonly type: T;
    readonly data: EventDataOf<T>;
    /** A UUIDv7 of the caller's, so that the same append tried again is the same event, once. */
    readonly id?: string;
    /** The id was made just now, for this event: it is not looked up. One that was used after all is a `StorageError`. */
    readonly idIsNew?: boolean;
    readonly causation?: string;
  };
}[EventType];

export interface Origin {
  readonly tenant?: string;
  readonly project: string;
  readonly actor: Actor;
  readonly correlation?: string;
}

export interface AppendOptions {
  /** For each stream, the `seq` of its last event as the caller knows it; 0 for an empty stream. */
  readonly expected?: Readonly<Record<string, number>>;
}

/** Which rows: by the values of columns; of an array, any. */
export type Where = Readonly<Record<string, string | number | ReadonlyArray<string>>>;

/** A text is asked for as it was said, and stands in its column as that can hold it. */
const asStored = <Value>(value: Value) => (typeof value === "string" ? storedText(value) : value);

/** What a decision writes, all of it or nothing, and what its caller is told once that is durable. */
export interface Decision<A> {
  readonly events: ReadonlyArray<NewEvent>;
  /** Rows of state tables. */
  readonly state?: ReadonlyArray<RowChange>;
  readonly answer: (stored: ReadonlyArray<StoredEvent>) => A;
}

/** The moment of a decision. */
export interface Moment {
  /** The `seq` that its first event will have. */
  readonly seq: number;
  /** Wall time in milliseconds, as the events will have it. */
  readonly at: number;
}

/**
 * What decisions look at: a fold, in memory, of the log and of state tables. It is ahead of the disk by what is
 * being written, so only decisions may read it; what shows the state to others follows `onCommit`.
 */
export interface DecisionView {
  /** Forgets everything and loads what is committed: at the start, and when a transaction failed. */
  readonly load: Effect.Effect<void, StorageError>;
  readonly applyEvent: (event: StoredEvent) => void;
  readonly applyState?: (change: StateChange) => void;
}

export type AppendError = ConcurrencyConflict | EventRejected | StorageError;

export class EventStore extends Context.Service<
  EventStore,
  {
    readonly storeId: string;
    /** The `seq` of the last event that is durable. */
    readonly head: Effect.Effect<number>;
    readonly append: (
      origin: Origin,
      events: ReadonlyArray<NewEvent>,
      options?: AppendOptions,
    ) => Effect.Effect<ReadonlyArray<StoredEvent>, AppendError>;
    /**
     * Lets the writer take a decision. The function must be quick and change nothing; it may be called again when
     * its transaction fails. A failure is the caller's and writes nothing.
     */
    readonly decide: <A, E = never>(
      origin: Origin,
      decision: (moment: Moment) => Result.Result<Decision<A>, E>,
    ) => Effect.Effect<A, E | EventRejected | StorageError>;
    /**
     * Loads a view and keeps it up to date with what is being written, for as long as the store is open: decisions
     * that are under way when whoever attached it goes must not see less than the ones before them.
     */
    readonly attach: (view: DecisionView) => Effect.Effect<void, StorageError>;
    /** In the order of `seq`, read page by page. */
    readonly read: (filter: EventFilter) => Stream.Stream<StoredEvent, StorageError>;
    readonly readAll: (filter: EventFilter) => Effect.Effect<ReadonlyArray<StoredEvent>, StorageError>;
    /** Those that there are, by their ids. */
    readonly byId: (
      ids: ReadonlyArray<string>,
    ) => Effect.Effect<ReadonlyMap<string, StoredEvent>, StorageError>;
    /** History after `filter.after`, then what is appended, with no gap and no duplicate; ends at `upTo` or `limit`. */
    readonly subscribe: (filter: EventFilter) => Stream.Stream<StoredEvent, StorageError>;
    /**
     * The same without an end, and with the position that is known where the filter leaves events out: at most one
     * each 250 ms or 1,000 events, and always before nothing happens for longer.
     */
    readonly follow: (filter: EventFilter) => Stream.Stream<Followed, StorageError>;
    /**
     * Called in commit order, before `append` returns, with what is durable now: for views held in memory. One that
     * throws would differ from the log, so the store then stops writing.
     */
    readonly onCommit: (
      listener: (events: ReadonlyArray<StoredEvent>, state: ReadonlyArray<StateChange>) => void,
    ) => Effect.Effect<void, never, Scope.Scope>;
    /**
     * Rows of a projection's or a state table, of all projects unless `where` says which. With a project and without
     * a tenant, `local` is meant.
     */
    readonly rows: (
      table: string,
      where?: Where,
      /** Only so many, those with the greatest value of the column first; there is to be an index on it. */
      latest?: { readonly by: string; readonly limit: number },
    ) => Effect.Effect<ReadonlyArray<Row>, StorageError>;
    readonly count: (table: string, where?: Where) => Effect.Effect<number, StorageError>;
    /** Replays the log into every projection, and compares the rows with what they were. */
    readonly rebuild: Effect.Effect<ReadonlyArray<RebuildReport>, StorageError>;
    /** The rows of projections as of an earlier event or time. */
    readonly stateAt: (
      then: Then,
      filter?: StateFilter,
    ) => Effect.Effect<PastState, InvalidInput | StorageError>;
    /**
     * Takes the data of an event away, everywhere the store keeps it, for ever; answers with the `seq` of the record
     * of it. Doing it again finishes what could not be finished. Committed copies in memory are not told.
     */
    readonly redact: (
      by: Pick<Origin, "actor">,
      seq: number,
      reason: string,
    ) => Effect.Effect<
      { readonly seq: number; readonly redaction: number },
      InvalidInput | NotFound | StorageError
    >;
  }
>()("opencode-vibe/primitives/EventStore") {
  static readonly layer = (
    projections: ReadonlyArray<Projection>,
    stateTables: ReadonlyArray<StateTable> = [],
    snapshotEvery: number = eventsPerSnapshot,
  ): Layer.Layer<EventStore, StorageError, SqlBatch | SqlClient.SqlClient> =>
    Layer.effect(EventStore, make(projections, stateTables, snapshotEvery));
}

/** As many as are replayed in a small part of a second. */
const eventsPerSnapshot = 10_000;

const make = Effect.fnUntraced(function* (
  projections: ReadonlyArray<Projection>,
  stateTables: ReadonlyArray<StateTable>,
  snapshotEvery: number,
) {
  const sql = yield* SqlBatch;
  yield* migrate();
  const id = yield* storeId();
  yield* sql.run(createStateTables(stateTables));
  yield* openProjections(projections);
  const queries = eventQueries(sql);
  const listeners = new Set<
    (events: ReadonlyArray<StoredEvent>, state: ReadonlyArray<StateChange>) => void
  >();
  const views = new Set<DecisionView>();
  const tables = [...projections.flatMap((one) => one.tables), ...stateTables];
  const snapshots = makeSnapshots({ sql, queries, projections, every: snapshotEvery });
  const snapshotDue = yield* Queue.sliding<void>(1);
  let nextSnapshot = 0;
  const writer = yield* startWriter({
    sql,
    queries,
    projections,
    stateTables,
    views,
    onCommitted: (events, state) => {
      for (const listener of listeners) listener(events, state);
      if (events.length > 0) feed.publish(events);
      if (writer.head() >= nextSnapshot) Queue.offerUnsafe(snapshotDue, undefined);
    },
  });
  const feed = makeFeed({ queries, head: writer.head });
  yield* cleanFile(sql).pipe(
    Effect.catchTag("StorageError", (why) => Effect.logWarning("the store is not cleaned yet", why)),
  );

  /** While much is written snapshots wait, as they would slow it down; until ten are due. */
  const calm = Effect.gen(function* () {
    for (;;) {
      const before = writer.head();
      yield* Effect.sleep(snapshotEvery / 10);
      const written = writer.head() - before;
      if (written < snapshotEvery / 100 || writer.head() > nextSnapshot + 9 * snapshotEvery) return;
    }
  });
  const takeSnapshots = Effect.gen(function* () {
    yield* calm;
    const head = writer.head();
    nextSnapshot = (Math.floor(head / snapshotEvery) + 1) * snapshotEvery;
    yield* snapshots.take(head);
  }).pipe(
    // Later ones make up for it, and without any a replay only takes longer.
    Effect.catchTag("StorageError", (why) => Effect.logWarning("no snapshot was taken", why)),
  );
  yield* takeSnapshots.pipe(Effect.andThen(Queue.take(snapshotDue)), Effect.forever, Effect.forkScoped);

  const redact = makeRedact({
    queries,
    projections,
    snapshots,
    append: (origin, event, beside) =>
      Effect.map(writer.append(origin, [event], {}, beside), ([stored]) => stored!),
    restore: (seq) =>
      writer.exclusively(
        Effect.gen(function* () {
          yield* openProjections(projections).pipe(Effect.provideService(SqlBatch, sql));
          feed.forget(seq);
          yield* writer.reloadViews;
          yield* cleanFile(sql);
        }),
      ),
  });

  const select = (what: string, table: string, given: Where, tail = "") => {
    // Every key begins with the tenant: without it the rows of all would be read.
    const where: Where = "project" in given ? { tenant: localTenant, ...given } : given;
    const conditions = Object.entries(where).map(([name, value]) =>
      Array.isArray(value)
        ? { text: `${name} IN (SELECT value FROM json_each(?))`, arg: JSON.stringify(value.map(asStored)) }
        : { text: `${name} = ?`, arg: asStored(value) },
    );
    const text = conditions.length === 0 ? "" : ` WHERE ${conditions.map((one) => one.text).join(" AND ")}`;
    return sql.query(
      `SELECT ${what} FROM ${table}${text}${tail}`,
      conditions.map(({ arg }) => arg),
    );
  };
  const rows = (
    table: string,
    where: Where = {},
    latest?: { readonly by: string; readonly limit: number },
  ) => {
    const tail = latest === undefined ? "" : ` ORDER BY ${latest.by} DESC LIMIT ${latest.limit}`;
    const spec = tables.find(({ name }) => name === table);
    if (spec === undefined) return Effect.die(new Error(`there is no table ${table}`));
    return Effect.map(select("*", table, where, tail), (found) => found.map((row) => decodeRow(spec, row)));
  };

  return EventStore.of({
    storeId: id,
    head: Effect.sync(writer.head),
    append: (origin, events, options) =>
      events.length === 0
        ? Effect.succeed([])
        : Effect.withSpan(writer.append(origin, events, options?.expected ?? {}), "EventStore.append"),
    decide: (origin, decision) => Effect.withSpan(writer.decide(origin, decision), "EventStore.decide"),
    attach: (view) =>
      writer.exclusively(
        Effect.andThen(
          view.load,
          Effect.sync(() => void views.add(view)),
        ),
      ),
    read: queries.read,
    readAll: (filter) => Stream.runCollect(queries.read(filter)),
    byId: queries.byId,
    subscribe: feed.subscribe,
    follow: feed.follow,
    onCommit: (listener) =>
      Effect.acquireRelease(
        Effect.sync(() => listeners.add(listener)),
        () => Effect.sync(() => listeners.delete(listener)),
      ),
    rows,
    count: (table, where = {}) =>
      Effect.map(select("count(*) AS count", table, where), ([row]) => Number(row?.count ?? 0)),
    rebuild: rebuildProjections(projections, writer)
      .pipe(Effect.provideService(SqlBatch, sql))
      .pipe(
        // Snapshots were made by the same code that made the rows that were wrong.
        Effect.tap((reports) => {
          const wrong = reports.filter(({ equal }) => !equal).map(({ projection }) => projection);
          return snapshots.inTurn(sql.run(snapshots.forgetting(wrong, 0)));
        }),
        Effect.withSpan("EventStore.rebuild"),
      ),
    stateAt: makeStateAt({ queries, projections, snapshots, head: writer.head }),
    redact: (by, seq, reason) =>
      snapshots
        .inTurn(Effect.uninterruptible(redact(by, seq, reason)))
        // No id and no expectation is given, and the data is typed.
        .pipe(Effect.catchTag(["ConcurrencyConflict", "EventRejected"], Effect.die)),
  });
});

/** For callers that bring no event ids and whose data is typed: to be rejected would be a fault of theirs. */
export const neverRejected = <A, E, R>(
  effect: Effect.Effect<A, E | EventRejected, R>,
): Effect.Effect<A, E, R> =>
  Effect.catchIf(
    effect,
    (error): error is Exclude<typeof error, E> => error instanceof EventRejected,
    Effect.die,
  ) as Effect.Effect<A, E, R>;
