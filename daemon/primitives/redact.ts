/**
 * Takes the data of an event away, everywhere the store keeps it: the one update of the log that is permitted. That
 * the event happened, when and by whom, stays known, and that it was redacted is an event itself.
 *
 * One transaction replaces the data, appends `event_redacted`, strikes the projections that the event fed and the
 * snapshots made of it, and notes that the file is to be cleaned. From there on a start finishes what a crash
 * interrupts: struck projections are built anew, and the file is written anew without its dead copies.
 *
 * Views that follow `onCommit` are not told. Whoever holds one should be started anew: a process that had the data in
 * its memory should end in any case.
 */
import { Effect, Option, Stream } from "effect";
import {
  type ConcurrencyConflict,
  type EventRejected,
  InvalidInput,
  NotFound,
  StorageError,
} from "../../shared/contract/errors.ts";
import { isKnown, isRedacted, redactedData, type StoredEvent } from "../../shared/contract/events.ts";
import type { SqlBatch } from "../platform/Sql.ts";
import type { SqlStatement } from "../platform/sqlWorker.ts";
import type { NewEvent, Origin } from "./EventStore.ts";
import type { EventQueries } from "./eventQueries.ts";
import type { Projection } from "./Projection.ts";
import type { Snapshots } from "./snapshots.ts";

/** Present in the `store` table from a redaction until the file has no dead copies of what was redacted. */
const cleaning = "cleaning";

export const makeRedact = (options: {
  readonly queries: EventQueries;
  readonly projections: ReadonlyArray<Projection>;
  readonly snapshots: Snapshots;
  /** Appends the event together with the statements. */
  readonly append: (
    origin: Origin,
    event: NewEvent,
    beside: ReadonlyArray<SqlStatement>,
  ) => Effect.Effect<StoredEvent, ConcurrencyConflict | EventRejected | StorageError>;
  /** With the writer at rest: builds what was struck, and loads views and caches anew. */
  readonly restore: (seq: number) => Effect.Effect<void, StorageError>;
}) => {
  const { queries, projections, snapshots } = options;

  const recordOf = Effect.fnUntraced(function* ({ tenant, project, seq }: StoredEvent) {
    const record = yield* queries.read({ tenant, project, stream: "store", after: seq }).pipe(
      Stream.filter((one) => isKnown(one) && one.type === "event_redacted" && one.data.redacted === seq),
      Stream.runHead,
    );
    return Option.match(record, { onNone: () => seq, onSome: (one) => one.seq });
  });

  return Effect.fn("EventStore.redact")(function* (by: Pick<Origin, "actor">, seq: number, reason: string) {
    const [event] =
      Number.isInteger(seq) && seq > 0 ? yield* queries.page({ after: seq - 1, upTo: seq, limit: 1 }) : [];
    if (event === undefined) {
      return yield* new NotFound({
        message: `There is no event ${seq}; \`ocvibe events\` shows their numbers.`,
      });
    }
    if (event.type === "event_redacted") {
      return yield* new InvalidInput({
        message: `Event ${seq} is the record of a redaction, and stays.`,
      });
    }
    const { tenant, project, type } = event;
    if (!isRedacted(event)) {
      const fed = projections
        .filter(({ types }) => types.some((one) => one === type))
        .map(({ name }) => name);
      const record = yield* options.append(
        { tenant, project, actor: by.actor },
        { stream: "store", type: "event_redacted", data: { redacted: seq, type, reason } },
        [
          {
            sql: "UPDATE events SET data = ? WHERE seq = ?",
            args: [JSON.stringify(redactedData), seq],
          },
          {
            sql: "DELETE FROM projections WHERE name IN (SELECT value FROM json_each(?))",
            args: [JSON.stringify(fed)],
          },
          ...snapshots.forgetting(fed, seq),
          { sql: "INSERT OR IGNORE INTO store (key, value) VALUES (?, '1')", args: [cleaning] },
        ],
      );
      yield* options.restore(seq);
      return { seq, redaction: record.seq };
    }
    // It was begun before, and perhaps not finished.
    yield* options.restore(seq);
    return { seq, redaction: yield* recordOf(event) };
  });
};

/** Writes the file anew when a redaction left dead copies in it: in free pages, and in the write-ahead log. */
export const cleanFile = Effect.fn("EventStore.cleanFile")(function* (sql: SqlBatch["Service"]) {
  const [due] = yield* sql.query("SELECT 1 FROM store WHERE key = ?", [cleaning]);
  if (due === undefined) return;
  yield* sql.run([{ sql: "VACUUM", args: [] }]);
  const [done] = yield* sql.query("PRAGMA wal_checkpoint(TRUNCATE)");
  if (Number(done?.busy ?? 1) !== 0) {
    return yield* new StorageError({
      code: "SQLITE_BUSY",
      message:
        "The store could not be cleaned of what was redacted, as somebody reads it. Redact the same event again, or start the daemon again, to finish.",
    });
  }
  yield* sql.run([{ sql: "DELETE FROM store WHERE key = ?", args: [cleaning] }]);
});
