/**
 * Finds out, outside SQL, what one append or decision writes: whether its events can be stored, and which rows they
 * change. It gives sequence numbers from `moment.seq` on; nothing is kept here, so an append whose transaction
 * failed is simply placed again.
 */
import { randomUUIDv7 } from "node:crypto";
import { Effect, Result, Schema } from "effect";
import { canonicalJson } from "../../shared/contract/canonicalJson.ts";
import { ConcurrencyConflict, EventRejected } from "../../shared/contract/errors.ts";
import { eventData, isRedacted, type StoredEvent } from "../../shared/contract/events.ts";
import type { SqlStatement } from "../platform/sqlWorker.ts";
import type { Decision, Moment, NewEvent, Origin } from "./EventStore.ts";
import { type EventQueries, localTenant } from "./eventQueries.ts";
import type { Projection, StateChange, StateTable } from "./Projection.ts";
import { applyEvent, applyState } from "./projectionTables.ts";

export interface Placement {
  /** For each event given, the event as stored. */
  readonly stored: ReadonlyArray<StoredEvent>;
  /** Those of them that are new. */
  readonly fresh: ReadonlyArray<StoredEvent>;
  readonly state: ReadonlyArray<StateChange>;
  /** What all this does to the tables. */
  readonly changes: ReadonlyArray<SqlStatement>;
  /** What the caller is told when it is durable. */
  readonly answer: (stored: ReadonlyArray<StoredEvent>) => unknown;
}

/** An append is a decision that looks at nothing. */
export interface PlaceRequest {
  readonly origin: Origin;
  readonly decide: (moment: Moment) => Result.Result<Decision<unknown>, unknown>;
  readonly expected: Readonly<Record<string, number>>;
  /** Statements of the store's own that go into the same transaction. */
  readonly beside?: ReadonlyArray<SqlStatement>;
}

const encoders = new Map(
  Object.entries(eventData).map(([type, schema]) => [
    type,
    Schema.encodeUnknownResult(schema as Schema.Codec<unknown>, { onExcessProperty: "error" }),
  ]),
);

export const makePlace = (options: {
  readonly queries: EventQueries;
  readonly projections: ReadonlyArray<Projection>;
  readonly stateTables: ReadonlyArray<StateTable>;
  /** The `seq` of a stream's last event, by `streamKey`; counts the appends that share the transaction. */
  readonly headOf: (
    tenant: string,
    project: string,
    stream: string,
  ) => ReturnType<EventQueries["streamHead"]>;
}) =>
  Effect.fnUntraced(function* ({ origin, decide, expected, beside = [] }: PlaceRequest, moment: Moment) {
    const { queries, projections, stateTables, headOf } = options;
    const decided = yield* Effect.suspend(() => Effect.fromResult(decide(moment)));
    const { events, answer } = decided;
    const tenant = origin.tenant ?? localTenant;
    const at = new Date(moment.at).toISOString();
    const ids = events.flatMap(({ id, idIsNew }) => (id === undefined || idIsNew === true ? [] : id));
    const known = ids.length === 0 ? new Map<string, StoredEvent>() : new Map(yield* queries.byId(ids));
    const stored: Array<StoredEvent> = [];
    const fresh: Array<StoredEvent> = [];
    for (const event of events) {
      const wanted: StoredEvent = {
        seq: moment.seq + fresh.length,
        id: event.id ?? randomUUIDv7(),
        tenant,
        project: origin.project,
        stream: event.stream,
        type: event.type,
        version: 1,
        data: yield* encodeData(event),
        actor: origin.actor,
        at,
        correlation: origin.correlation ?? null,
        causation: event.causation ?? null,
      };
      const before = known.get(wanted.id);
      if (before === undefined) {
        fresh.push(wanted);
        if (event.id !== undefined) known.set(wanted.id, wanted);
      } else if (
        contentOf(before) !== contentOf(isRedacted(before) ? { ...wanted, data: before.data } : wanted)
      ) {
        return yield* new EventRejected({
          message: `The event id ${wanted.id} was used before with other content. Use a new id for a new event.`,
          id: wanted.id,
        });
      }
      stored.push(before ?? wanted);
    }
    // What was stored before is answered; it is not judged by what came after it, and changes nothing again.
    const isNew = fresh.length > 0 || events.length === 0;
    if (isNew) {
      for (const [stream, seq] of Object.entries(expected)) {
        const actual = yield* headOf(tenant, origin.project, stream);
        if (actual !== seq) return yield* conflict(stream, seq, actual);
      }
    }
    const state = isNew
      ? (decided.state ?? []).map((change) => ({ ...change, tenant, project: origin.project }))
      : [];
    const placement: Placement = {
      stored,
      fresh,
      state,
      changes: [
        ...beside,
        ...fresh.flatMap((event) => applyEvent(projections, event)),
        ...applyState(stateTables, state),
      ],
      answer,
    };
    return placement;
  });

const encodeData = (event: NewEvent) => {
  const result = encoders.get(event.type)?.(event.data);
  if (result !== undefined && Result.isSuccess(result))
    return Effect.succeed(result.success as StoredEvent["data"]);
  const why = result === undefined ? "its type is not in the catalogue" : String(result.failure);
  return Effect.fail(
    new EventRejected({ message: `A ${event.type} can't be stored: ${why}`, id: event.id ?? "" }),
  );
};

/** What makes two events with one id the same event. The correlation does not: it is new with each request. */
const contentOf = ({ tenant, project, stream, type, actor, data }: StoredEvent): string =>
  canonicalJson([tenant, project, stream, type, actor, data]);

const conflict = (stream: string, expected: number, actual: number) =>
  new ConcurrencyConflict({
    message: `${stream} is at ${actual}, not at ${expected}: somebody else wrote to it. Read it again and decide anew.`,
    stream,
    expected,
    actual,
  });
