/** The statements on the `events` table. */
import { Effect, Option, Stream } from "effect";
import { canonicalJson } from "../../shared/contract/canonicalJson.ts";
import type { StorageError } from "../../shared/contract/errors.ts";
import type { StoredEvent } from "../../shared/contract/events.ts";
import type { SqlBatch, SqlRow } from "../platform/Sql.ts";
import type { SqlStatement } from "../platform/sqlWorker.ts";

export interface EventFilter {
  /** With a project and without a tenant, `local` is meant. */
  readonly tenant?: string;
  readonly project?: string;
  readonly stream?: string;
  readonly types?: ReadonlyArray<string>;
  readonly actor?: string;
  /** Only events with a greater `seq`. */
  readonly after?: number;
  /** Only events up to this `seq`. */
  readonly upTo?: number;
  readonly limit?: number;
}

export const localTenant = "local";
export const pageSize = 500;
/** Where nobody waits for the first event. */
const longPage = 2000;
const columns = "seq, id, tenant, project, stream, type, version, data, actor, at, correlation, causation";
const columnNames = columns.split(", ");

/** The filter with what it leaves out. */
export const whole = (filter: EventFilter): EventFilter =>
  filter.project === undefined || filter.tenant !== undefined ? filter : { ...filter, tenant: localTenant };

export type EventQueries = ReturnType<typeof eventQueries>;

export const eventQueries = (sql: SqlBatch["Service"]) => ({
  /** The last event's `seq` and `at`; 0 and an empty text for an empty log. */
  last: Effect.map(sql.query("SELECT seq, at FROM events ORDER BY seq DESC LIMIT 1"), ([row]) => ({
    seq: Number(row?.seq ?? 0),
    at: String(row?.at ?? ""),
  })),

  streamHead: (tenant: string, project: string, stream: string) =>
    Effect.map(
      sql.query("SELECT max(seq) AS seq FROM events WHERE tenant = ? AND project = ? AND stream = ?", [
        tenant,
        project,
        stream,
      ]),
      ([row]) => Number(row?.seq ?? 0),
    ),

  byId: (ids: ReadonlyArray<string>) =>
    Effect.map(
      sql.query(`SELECT ${columns} FROM events WHERE id IN (SELECT value FROM json_each(?))`, [
        JSON.stringify(ids),
      ]),
      (rows) => new Map(rows.map((row) => [String(row.id), asEvent(row)])),
    ),

  /** One statement for each: prepared, they are as fast as one for all, whose argument could be too long for a text. */
  insert: (events: ReadonlyArray<StoredEvent>): ReadonlyArray<SqlStatement> =>
    events.map((event) => ({ sql: insertion, args: asRow(event) })),

  /** One page, in the order of `seq`: as many as there are, up to the limit. */
  page: (filter: EventFilter) =>
    Effect.map(Stream.runCollect(pages(sql, { ...filter, limit: filter.limit ?? pageSize })), (all) =>
      all.flat(),
    ),

  /** A page as far as it fits into memory; `more` says that it was cut off, or is full. */
  part: (filter: EventFilter) => readPart(sql, filter),

  pages: (filter: EventFilter) => pages(sql, filter),
  read: (filter: EventFilter): Stream.Stream<StoredEvent, StorageError> =>
    Stream.flattenIterable(pages(sql, filter)),
});

const insertion = `INSERT INTO events (${columns}) VALUES (${columnNames.map(() => "?").join(", ")})`;

/** All that match, page by page. */
const pages = (
  sql: SqlBatch["Service"],
  filter: EventFilter,
): Stream.Stream<ReadonlyArray<StoredEvent>, StorageError> =>
  Stream.paginate(
    { after: filter.after ?? 0, left: filter.limit ?? Number.MAX_SAFE_INTEGER },
    ({ after, left }) => {
      const limit = Math.min(longPage, left);
      return Effect.map(readPart(sql, { ...filter, after, limit }), ({ events, more }) => {
        const last = events.at(-1);
        const rest = left - events.length;
        const next =
          more && rest > 0 && last !== undefined
            ? Option.some({ after: last.seq, left: rest })
            : Option.none();
        return [events.length === 0 ? [] : [events], next] as const;
      });
    },
  );

/** Data longer than this does not go with its page: a page of such would be more than one text can hold. */
const longData = 32 * 1024;
/** So much long data is read at once. */
const bytesAtOnce = 16 * 1024 * 1024;

/**
 * A page as two texts: they cross from the thread, and are parsed, several times faster than rows. The data is put
 * together unparsed, since SQLite refuses what is nested deeply.
 */
const readPart = Effect.fnUntraced(function* (sql: SqlBatch["Service"], filter: EventFilter) {
  const [page, args] = pageQuery(filter);
  const [row] = yield* sql.read(
    `SELECT json_group_array(json_array(${envelope})) AS envelopes, group_concat(iif(${isLong}, 'null', data)) AS data
    FROM (${page})`,
    args,
  );
  const envelopes = JSON.parse(String(row?.envelopes)) as ReadonlyArray<Envelope>;
  const data = JSON.parse(`[${row?.data ?? ""}]`) as ReadonlyArray<StoredEvent["data"]>;
  const events: Array<StoredEvent> = [];
  let bytes = 0;
  for (const [index, [seq, id, tenant, project, stream, type, version, ...others]] of envelopes.entries()) {
    const [actor, at, correlation, causation, size] = others;
    if (size > 0 && bytes > 0 && bytes + size > bytesAtOnce) return { events, more: true };
    bytes += size;
    const its = size === 0 ? data[index]! : yield* readLong(sql, seq);
    const event = { seq, id, tenant, project, stream, type, version, data: its, actor, at };
    events.push({ ...event, correlation, causation });
  }
  return { events, more: events.length === (filter.limit ?? pageSize) };
});

const readLong = (sql: SqlBatch["Service"], seq: number) =>
  Effect.map(
    sql.read("SELECT data FROM events WHERE seq = ?", [seq]),
    ([row]) => JSON.parse(String(row?.data)) as StoredEvent["data"],
  );

const isLong = `octet_length(data) > ${longData}`;
const envelope = [
  ...columnNames.filter((name) => name !== "data"),
  `iif(${isLong}, octet_length(data), 0)`,
].join(", ");

/** The values of `envelope`; the size is that of data which is read by itself. */
type Envelope = readonly [
  seq: number,
  id: string,
  tenant: string,
  project: string,
  stream: string,
  type: string,
  version: number,
  actor: string,
  at: string,
  correlation: string | null,
  causation: string | null,
  size: number,
];

/** With more types than this, walking the log is as good. */
const typesMerged = 40;

type Condition = readonly [text: string, value: unknown];

/**
 * A page must not cost more the longer the log is, so no page may sort what comes after it. Streams and types have
 * an index that ends in `seq`; several types are merged from one ordered search each. Everything else walks the log
 * itself: the `+` keeps the planner from an index that is not in the order of `seq`.
 */
const pageQuery = (given: EventFilter): [sql: string, args: ReadonlyArray<unknown>] => {
  const filter = whole(given);
  const types = filter.types === undefined ? undefined : [...new Set(filter.types)];
  const owned = filter.project !== undefined;
  const byType =
    owned &&
    filter.stream === undefined &&
    types !== undefined &&
    types.length > 0 &&
    types.length <= typesMerged;
  const sign = byType || (owned && filter.stream !== undefined) ? "" : "+";
  const common: ReadonlyArray<Condition | undefined> = [
    filter.tenant === undefined ? undefined : [`${sign}tenant = ?`, filter.tenant],
    filter.project === undefined ? undefined : [`${sign}project = ?`, filter.project],
    filter.stream === undefined ? undefined : [`${sign}stream = ?`, filter.stream],
    filter.actor === undefined ? undefined : ["actor = ?", filter.actor],
    ["seq > ?", filter.after ?? 0],
    filter.upTo === undefined ? undefined : ["seq <= ?", filter.upTo],
  ];
  const anyType: Condition | undefined =
    types === undefined ? undefined : ["+type IN (SELECT value FROM json_each(?))", JSON.stringify(types)];
  const searches = (byType ? types.map((type): Condition => ["type = ?", type]) : [anyType]).map((extra) =>
    [...common, extra].filter((one) => one !== undefined),
  );
  const selects = searches.map(
    (conditions) => `SELECT ${columns} FROM events WHERE ${conditions.map(([text]) => text).join(" AND ")}`,
  );
  return [
    `${selects.join(" UNION ALL ")} ORDER BY seq LIMIT ?`,
    [...searches.flatMap((conditions) => conditions.map(([, value]) => value)), filter.limit ?? pageSize],
  ];
};

/** The values of `columns`. */
const asRow = (event: StoredEvent): ReadonlyArray<unknown> => [
  event.seq,
  event.id,
  event.tenant,
  event.project,
  event.stream,
  event.type,
  event.version,
  canonicalJson(event.data),
  event.actor,
  event.at,
  event.correlation,
  event.causation,
];

const asEvent = (row: SqlRow): StoredEvent => ({
  ...(row as unknown as StoredEvent),
  data: JSON.parse(String(row.data)),
});
