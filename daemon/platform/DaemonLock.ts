/**
 * One daemon a data folder: whoever holds this lock is it. The lock is SQLite's exclusive lock on a database file
 * of its own, which the system gives back the moment the process dies, however it dies.
 *
 * Nothing else in the process may open that file: closing any handle of it would drop the lock.
 */
import { existsSync, statSync } from "node:fs";
import { type Client, createClient, LibsqlError } from "@libsql/client/sqlite3";
import { Effect, Schema } from "effect";
import { StorageError } from "../../shared/contract/errors.ts";

/** Another process is the daemon of this data folder. */
export class DaemonLockBusy extends Schema.TaggedError<DaemonLockBusy>()("DaemonLockBusy", {
  message: Schema.String,
}) {}

/** How long the one that is to win waits for those that only look, which takes them microseconds. */
const winnerWaits = 5000;

/**
 * Of any number that contend, exactly one gets the write lock, and only that one keeps a lock at all: with the
 * exclusive mode set first, two that read at once would each keep out the other.
 */
const take = async (client: Client, isNew: boolean): Promise<void> => {
  // What stands in the file is of no account, so only its making must reach the disk: else each start waits for that.
  if (!isNew) await client.execute("PRAGMA synchronous = OFF");
  const transaction = await client.transaction("write");
  try {
    await transaction.execute(`PRAGMA busy_timeout = ${winnerWaits}`);
    await transaction.execute("PRAGMA locking_mode = EXCLUSIVE");
    // A commit that writes is what takes the exclusive lock, and the mode keeps it.
    await transaction.execute("CREATE TABLE IF NOT EXISTS lock (held INTEGER)");
    await transaction.execute("DELETE FROM lock");
    await transaction.execute("INSERT INTO lock VALUES (1)");
    await transaction.commit();
  } finally {
    transaction.close();
  }
};

/** Closing alone would keep the lock until the client's statements are collected. */
const giveBack = async (client: Client): Promise<void> => {
  await client.execute("PRAGMA locking_mode = NORMAL");
  await client.execute("SELECT * FROM lock");
  client.close();
};

const refusal = (file: string, cause: unknown): DaemonLockBusy | StorageError => {
  const code = cause instanceof LibsqlError ? cause.code : "UNKNOWN";
  const why = cause instanceof Error ? cause.message : String(cause);
  return code === "SQLITE_BUSY"
    ? new DaemonLockBusy({ message: `Another process holds ${file}.` })
    : new StorageError({
        code,
        message: `The lock ${file} can't be taken: ${why}. Check the owner and mode of its folder and the free space; the file itself may be removed while no daemon runs.`,
      });
};

/**
 * Takes the lock for the life of the scope. Fails at once: with `DaemonLockBusy` when another process holds it,
 * with `StorageError` when the file can't be used.
 */
export const holdDaemonLock = Effect.fn("holdDaemonLock")(function* (file: string) {
  yield* Effect.acquireRelease(
    Effect.tryPromise({
      try: async () => {
        const isNew = !existsSync(file) || statSync(file).size === 0;
        const client = createClient({ url: `file:${file}`, concurrency: 1, timeout: 0 });
        try {
          await take(client, isNew);
          return client;
        } catch (cause) {
          client.close();
          throw cause;
        }
      },
      catch: (cause) => refusal(file, cause),
    }),
    (client) => Effect.promise(() => giveBack(client)),
  );
});
