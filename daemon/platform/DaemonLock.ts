/**
 * One daemon a data folder: whoever holds this lock is it. The lock is SQLite's exclusive lock on a database file
 * of its own, which the system gives back the moment the process dies, however it dies.
 */
import { createClient } from "@libsql/client";
import { Effect, Schema } from "effect";

/** Another process is the daemon of this data folder. */
export class DaemonLockBusy extends Schema.TaggedError<DaemonLockBusy>()("DaemonLockBusy", {
  message: Schema.String,
}) {}

/** Takes the lock for the life of the scope, or fails at once. */
export const holdDaemonLock = Effect.fn("holdDaemonLock")(function* (file: string) {
  return yield* Effect.acquireRelease(
    Effect.tryPromise({
      try: async () => {
        const client = createClient({ url: `file:${file}`, concurrency: 1, timeout: 0 });
        try {
          await client.execute("PRAGMA locking_mode = EXCLUSIVE");
          // The mode takes the lock with the first write.
          await client.execute("CREATE TABLE IF NOT EXISTS lock (held INTEGER)");
          await client.execute("INSERT INTO lock VALUES (1)");
          await client.execute("DELETE FROM lock");
          return client;
        } catch (cause) {
          client.close();
          throw cause;
        }
      },
      catch: (cause) => new DaemonLockBusy({ message: cause instanceof Error ? cause.message : String(cause) }),
    }),
    (client) => Effect.sync(() => client.close()),
  );
});
