/**
 * The append-only log: the source of truth. Projections change in the transaction of the append, so what is in
 * their rows is never ahead of the log nor behind it.
 *
 * `append` returns when the events are durable. Appends that arrive together share a transaction, and one that
 * fails never fails its neighbours. `seq` has no gaps, and `at` never runs backwards.
 */
import { randomUUIDv7 } from "node:crypto";
import { Clock, Context, Deferred, Effect, Exit, Layer, PubSub, Queue, Result, Schema, type Scope, Stream } from "effect";
import { canonicalJson } from "../../shared/contract/canonicalJson.ts";
import { ConcurrencyConflict, EventRejected, type StorageError } from "../../shared/contract/errors.ts";
import { type Actor, type EventDataOf, type EventType, eventData, type StoredEvent } from "../../shared/contract/events.ts";
import { SqlBatch } from "../platform/Sql.ts";
import { type EventFilter, eventQueries } from "./eventQueries.ts";
import { migrate } from "./migrations.ts";
import type { Projection, Row } from "./Projection.ts";
import { applyEvent, decodeRow } from "./projectionTables.ts";
import { openProjections, type RebuildReport, rebuildProjection } from "./rebuildProjections.ts";
import { storeId } from "./storeId.ts";
import { SqlClient } from "effect/sql";

export type NewEvent = {
  [T in EventType]: {
    readonly stream: string;
    readonly type: T;
    readonly data: EventDataOf<T>;
    /** A UUIDv7 of the caller's, so that the same append tried again is the same event, once. */
    readonly id?: string;
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
    /** In the order of `seq`, read page by page. */
    readonly read: (filter: EventFilter) => Stream.Stream<StoredEvent, StorageError>;
    readonly readAll: (filter: EventFilter) => Effect.Effect<ReadonlyArray<StoredEvent>, StorageError>;
    /** History after `filter.after`, then what is appended, with no gap and no duplicate. */
    readonly subscribe: (filter: EventFilter) => Stream.Stream<StoredEvent, StorageError>;
    /** Called in commit order, before `append` returns: for views held in memory. It must not throw. */
    readonly onCommit: (
      listener: (events: ReadonlyArray<StoredEvent>) => void,
    ) => Effect.Effect<void, never, Scope.Scope>;
    /** Rows of a projection's table, of all projects unless `where` says which. */
    readonly rows: (
      table: string,
      where?: Readonly<Record<string, string | number>>,
    ) => Effect.Effect<ReadonlyArray<Row>, StorageError>;
    /** Drops every projection, replays the log, and compares the rows with what they were. */
    readonly rebuild: Effect.Effect<ReadonlyArray<RebuildReport>, StorageError>;
  }
>()("opencode-vibe/primitives/EventStore") {
  static readonly layer = (
    projections: ReadonlyArray<Projection>,
  ): Layer.Layer<EventStore, StorageError, SqlBatch | SqlClient.SqlClient> => Layer.effect(EventStore, make(projections));
}

/** One call of `append`, waiting for its transaction. */
interface Member {
  readonly origin: Origin;
  readonly events: ReadonlyArray<NewEvent>;
  readonly expected: Readonly<Record<string, number>>;
  readonly done: Deferred.Deferred<ReadonlyArray<StoredEvent>, AppendError>;
}

/** Work that needs the writer for itself. */
interface Exclusive {
  readonly run: Effect.Effect<void>;
}

/** More than this in one transaction makes the first caller wait without making the last one faster. */
const membersAtOnce = 256;
const localTenant = "local";

const encoders = new Map(
  Object.entries(eventData).map(([type, schema]) => [
    type,
    Schema.encodeUnknownResult(schema as Schema.Codec<unknown>, { onExcessProperty: "error" }),
  ]),
);

const make = Effect.fnUntraced(function* (projections: ReadonlyArray<Projection>) {
  const sql = yield* SqlBatch;
  yield* migrate();
  const id = yield* storeId();
  yield* openProjections(projections);
  const queries = eventQueries(sql);
  const last = yield* queries.last;
  let head = last.seq;
  let lastAt = last.at;
  const listeners = new Set<(events: ReadonlyArray<StoredEvent>) => void>();
  const committed = yield* PubSub.unbounded<ReadonlyArray<StoredEvent>>();
  const inbox = yield* Queue.unbounded<Member | Exclusive>();

  /** Assigns sequence numbers from `next` on, or says why the member can't be stored. */
  const place = Effect.fnUntraced(function* (member: Member, next: number, at: string, heads: Map<string, number>) {
    const { origin, events } = member;
    const tenant = origin.tenant ?? localTenant;
    const headOf = Effect.fnUntraced(function* (stream: string) {
      const key = JSON.stringify([tenant, origin.project, stream]);
      const known = heads.get(key);
      return known ?? (yield* queries.streamHead(tenant, origin.project, stream));
    });
    for (const [stream, expected] of Object.entries(member.expected)) {
      const actual = yield* headOf(stream);
      if (actual !== expected) {
        return yield* new ConcurrencyConflict({
          message: `${stream} is at ${actual}, not at ${expected}: somebody else wrote to it. Read it again and decide anew.`,
          stream,
          expected,
          actual,
        });
      }
    }
    const given = events.flatMap((event) => event.id ?? []);
    const before = given.length === 0 ? new Map<string, StoredEvent>() : yield* queries.byId(given);
    const stored: Array<StoredEvent> = [];
    const fresh: Array<StoredEvent> = [];
    for (const event of events) {
      const data = yield* encodeData(event);
      const known = event.id === undefined ? undefined : before.get(event.id);
      if (known !== undefined) {
        if (!isSame(known, event, origin.project, data)) return yield* reusedId(event);
        stored.push(known);
        continue;
      }
      const placed: StoredEvent = {
        seq: next + fresh.length,
        id: event.id ?? randomUUIDv7(),
        tenant,
        project: origin.project,
        stream: event.stream,
        type: event.type,
        version: 1,
        data,
        actor: origin.actor,
        at,
        correlation: origin.correlation ?? null,
        causation: event.causation ?? null,
      };
      fresh.push(placed);
      stored.push(placed);
    }
    for (const event of fresh) heads.set(JSON.stringify([tenant, origin.project, event.stream]), event.seq);
    return { stored, fresh };
  });

  /** One transaction for all members; when it fails, one for each half, so that only what is bad fails. */
  const commit = (members: ReadonlyArray<Member>): Effect.Effect<void> =>
    Effect.gen(function* () {
      const now = new Date(yield* Clock.currentTimeMillis).toISOString();
      const at = now > lastAt ? now : lastAt;
      const heads = new Map<string, number>();
      const fresh: Array<StoredEvent> = [];
      const ready: Array<readonly [Member, ReadonlyArray<StoredEvent>]> = [];
      const inBatch = new Set<string>();
      const later: Array<Member> = [];
      for (const member of members) {
        // The same id twice in one transaction: the second waits until the first is there to be compared with.
        const ids = member.events.flatMap((event) => event.id ?? []);
        if (ids.some((one) => inBatch.has(one))) {
          later.push(member);
          continue;
        }
        const placed = yield* Effect.exit(place(member, head + 1 + fresh.length, at, heads));
        if (Exit.isFailure(placed)) {
          yield* Deferred.failCause(member.done, placed.cause);
          continue;
        }
        for (const one of ids) inBatch.add(one);
        fresh.push(...placed.value.fresh);
        ready.push([member, placed.value.stored]);
      }
      if (fresh.length > 0) {
        const changes = fresh.flatMap((event) => applyEvent(projections, event));
        const newHead = head + fresh.length;
        const written = yield* Effect.exit(
          sql.run([
            queries.insert(fresh),
            ...changes,
            { sql: "UPDATE projections SET applied = ?", args: [newHead] },
          ]),
        );
        if (Exit.isFailure(written)) {
          if (ready.length === 1) yield* Deferred.failCause(ready[0]![0].done, written.cause);
          else {
            const middle = Math.ceil(ready.length / 2);
            yield* commit(ready.slice(0, middle).map(([member]) => member));
            yield* commit(ready.slice(middle).map(([member]) => member));
          }
          if (later.length > 0) yield* commit(later);
          return;
        }
        head = newHead;
        lastAt = at;
        for (const listener of listeners) listener(fresh);
        yield* PubSub.publish(committed, fresh);
      }
      for (const [member, stored] of ready) yield* Deferred.succeed(member.done, stored);
      if (later.length > 0) yield* commit(later);
    });

  const writer = Effect.gen(function* () {
    const taken = yield* Queue.takeBetween(inbox, 1, membersAtOnce);
    let members: Array<Member> = [];
    for (const item of taken) {
      if ("run" in item) {
        if (members.length > 0) yield* commit(members);
        members = [];
        yield* item.run;
      } else members.push(item);
    }
    if (members.length > 0) yield* commit(members);
  }).pipe(Effect.forever);
  yield* Effect.forkScoped(writer);

  const append = Effect.fnUntraced(function* (
    origin: Origin,
    events: ReadonlyArray<NewEvent>,
    options?: AppendOptions,
  ) {
    if (events.length === 0) return [];
    const done = yield* Deferred.make<ReadonlyArray<StoredEvent>, AppendError>();
    yield* Queue.offer(inbox, { origin, events, expected: options?.expected ?? {}, done });
    return yield* Deferred.await(done);
  });

  const subscribe = (filter: EventFilter) =>
    Stream.unwrap(
      Effect.gen(function* () {
        const live = yield* PubSub.subscribe(committed);
        const joint = head;
        const history = queries.read({ ...filter, upTo: joint });
        const later = Stream.fromSubscription(live).pipe(
          Stream.flatMap((events) => Stream.fromIterable(events)),
          Stream.filter((event) => event.seq > Math.max(joint, filter.after ?? 0) && matches(filter, event)),
        );
        return Stream.concat(history, later);
      }),
    );

  const rows = (table: string, where: Readonly<Record<string, string | number>> = {}) => {
    const spec = projections.flatMap((one) => one.tables).find(({ name }) => name === table);
    if (spec === undefined) return Effect.die(new Error(`there is no projection table ${table}`));
    const names = Object.keys(where);
    const condition = names.length === 0 ? "" : ` WHERE ${names.map((name) => `${name} = ?`).join(" AND ")}`;
    return sql
      .query(`SELECT * FROM ${table}${condition}`, names.map((name) => where[name]))
      .pipe(Effect.map((found) => found.map((row) => decodeRow(spec, row))));
  };

  const rebuild = Effect.gen(function* () {
    const done = yield* Deferred.make<ReadonlyArray<RebuildReport>, StorageError>();
    const all = Effect.forEach(projections, (projection) => rebuildProjection(projection, head));
    yield* Queue.offer(inbox, {
      run: Effect.flatMap(Effect.exit(Effect.provideService(all, SqlBatch, sql)), (exit) => Deferred.done(done, exit)).pipe(Effect.asVoid),
    });
    return yield* Deferred.await(done);
  }).pipe(Effect.withSpan("EventStore.rebuild"));

  return EventStore.of({
    storeId: id,
    head: Effect.sync(() => head),
    append,
    read: queries.read,
    readAll: (filter) => Effect.map(Stream.runCollect(queries.read(filter)), (found) => found),
    subscribe,
    onCommit: (listener) =>
      Effect.acquireRelease(
        Effect.sync(() => listeners.add(listener)),
        () => Effect.sync(() => listeners.delete(listener)),
      ),
    rows,
    rebuild,
  });
});

const encodeData = (event: NewEvent) => {
  const encode = encoders.get(event.type);
  const result = encode?.(event.data);
  if (result !== undefined && Result.isSuccess(result)) return Effect.succeed(result.success as StoredEvent["data"]);
  const why = result === undefined ? "its type is not in the catalogue" : String(result.failure);
  return Effect.fail(
    new EventRejected({ message: `A ${event.type} can't be stored: ${why}`, id: event.id ?? "" }),
  );
};

const isSame = (known: StoredEvent, event: NewEvent, project: string, data: StoredEvent["data"]) =>
  known.project === project &&
  known.stream === event.stream &&
  known.type === event.type &&
  canonicalJson(known.data) === canonicalJson(data);

const reusedId = (event: NewEvent) =>
  new EventRejected({
    message: `The event id ${event.id} was used before with other content. Use a new id for a new event.`,
    id: event.id ?? "",
  });

const matches = (filter: EventFilter, event: StoredEvent) =>
  (filter.tenant === undefined || event.tenant === filter.tenant) &&
  (filter.project === undefined || event.project === filter.project) &&
  (filter.stream === undefined || event.stream === filter.stream) &&
  (filter.types === undefined || filter.types.includes(event.type)) &&
  (filter.actor === undefined || event.actor === filter.actor);
