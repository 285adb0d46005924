/** The store's own tables, by `effect/sql/Migrator`. Tables of projections are not here: they come and go. */
import { Effect } from "effect";
import { Migrator, SqlClient } from "effect/sql";
import { StorageError } from "../../shared/contract/errors.ts";

const log = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient;
  yield* sql`CREATE TABLE store (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID`;
  // No AUTOINCREMENT: the writer assigns seq, without gaps.
  yield* sql`CREATE TABLE events (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    tenant TEXT NOT NULL,
    project TEXT NOT NULL,
    stream TEXT NOT NULL,
    type TEXT NOT NULL,
    version INTEGER NOT NULL,
    data TEXT NOT NULL,
    actor TEXT NOT NULL,
    at TEXT NOT NULL,
    correlation TEXT,
    causation TEXT
  )`;
  yield* sql`CREATE INDEX events_stream ON events (tenant, project, stream, seq)`;
  yield* sql`CREATE INDEX events_type ON events (tenant, project, type, seq)`;
  yield* sql`CREATE TRIGGER events_keep BEFORE DELETE ON events
    BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END`;
  // Redaction replaces the data of an event and nothing else.
  yield* sql`CREATE TRIGGER events_immutable BEFORE UPDATE ON events
    WHEN NOT (json_extract(NEW.data, '$.redacted') IS 1
      AND NEW.seq = OLD.seq AND NEW.id = OLD.id AND NEW.tenant = OLD.tenant AND NEW.project = OLD.project
      AND NEW.stream = OLD.stream AND NEW.type = OLD.type AND NEW.version = OLD.version AND NEW.actor = OLD.actor
      AND NEW.at = OLD.at AND NEW.correlation IS OLD.correlation AND NEW.causation IS OLD.causation)
    BEGIN SELECT RAISE(ABORT, 'events are immutable'); END`;
  yield* sql`CREATE TABLE projections (
    name TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    applied INTEGER NOT NULL
  ) WITHOUT ROWID`;
});

/** See `snapshots.ts`. A `row` that is null is a row that was deleted. */
const snapshots = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient;
  yield* sql`CREATE TABLE snapshots (
    projection TEXT NOT NULL,
    version INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (projection, seq)
  ) WITHOUT ROWID`;
  yield* sql`CREATE TABLE snapshot_rows (
    projection TEXT NOT NULL,
    tenant TEXT NOT NULL,
    project TEXT NOT NULL,
    tbl TEXT NOT NULL,
    key TEXT NOT NULL,
    seq INTEGER NOT NULL,
    row TEXT,
    PRIMARY KEY (projection, tenant, project, tbl, key, seq)
  ) WITHOUT ROWID`;
  yield* sql`CREATE INDEX snapshot_rows_seq ON snapshot_rows (projection, seq)`;
  // What takes the place of an event's data is the marker alone: else any text could be put there.
  yield* sql`DROP TRIGGER events_immutable`;
  yield* sql`CREATE TRIGGER events_immutable BEFORE UPDATE ON events
    WHEN NOT (NEW.data IS '{"redacted":1}'
      AND NEW.seq = OLD.seq AND NEW.id = OLD.id AND NEW.tenant = OLD.tenant AND NEW.project = OLD.project
      AND NEW.stream = OLD.stream AND NEW.type = OLD.type AND NEW.version = OLD.version AND NEW.actor = OLD.actor
      AND NEW.at = OLD.at AND NEW.correlation IS OLD.correlation AND NEW.causation IS OLD.causation)
    BEGIN SELECT RAISE(ABORT, 'events are immutable'); END`;
});

const migrations = { "0001_log": log, "0002_snapshots": snapshots };
const newest = Object.keys(migrations).length;

/** 0 of a new store. */
const currentVersion = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient;
  const tables = yield* sql`SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'migrations'`;
  if (tables.length === 0) return 0;
  const [row] = yield* sql<{
    readonly version: number | null;
  }>`SELECT max(migration_id) AS version FROM migrations`;
  return row?.version ?? 0;
});

export const migrate = Effect.fn("migrate")(
  function* () {
    const version = yield* currentVersion;
    if (version > newest) {
      return yield* new StorageError({
        code: "NEWER_DATABASE",
        message: `The store was written by a newer version of OpenCode Vibe (schema ${version}, this one knows ${newest}). Update this one; nothing was changed.`,
      });
    }
    // Nearly always there is nothing to do, and to find that out by itself takes the migrator a dozen statements.
    if (version === newest) return;
    yield* Migrator.make({})({ loader: Migrator.fromRecord(migrations), table: "migrations" });
  },
  (effect) =>
    Effect.catchTag(effect, ["MigrationError", "SqlError"], (cause) =>
      Effect.fail(
        new StorageError({ code: "MIGRATION", message: `The store could not be prepared: ${cause.message}` }),
      ),
    ),
);
