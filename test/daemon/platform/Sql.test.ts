import { spawnSync } from "node:child_process";
import { mkdir, open, stat, writeFile } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import workerThreads from "node:worker_threads";
import { assert, describe, it } from "@effect/vitest";
import { Deferred, Effect, Exit, Fiber, Layer } from "effect";
import { SqlClient } from "effect/sql";
import { SqlBatch, sqlLayer } from "../../../daemon/platform/Sql.ts";
import { tempFolder } from "../../support/tempFolder.ts";

const statement = (sql: string, ...args: ReadonlyArray<unknown>) => ({ sql, args });
const table = statement("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)");
const insert = (a: number, b = "x") => statement("INSERT INTO t VALUES (?, ?)", a, b);

const withSql = <A, E>(run: Effect.Effect<A, E, SqlBatch | SqlClient.SqlClient>) =>
  Effect.flatMap(tempFolder, (folder) =>
    Effect.provide(run, sqlLayer({ file: join(folder, "store.db") })),
  ).pipe(Effect.scoped);

const keys = Effect.gen(function* () {
  const sql = yield* SqlBatch;
  return (yield* sql.query("SELECT a FROM t ORDER BY a")).map((row) => row.a);
});

const pragmas = Effect.gen(function* () {
  const sql = yield* SqlBatch;
  const names = ["journal_mode", "synchronous", "foreign_keys", "recursive_triggers"];
  return yield* Effect.forEach(names, (name) =>
    Effect.map(sql.query(`PRAGMA ${name}`), ([row]) => row?.[name]),
  );
});
const asAsked = ["wal", 2, 1, 1];

/** A file system of a few hundred kilobytes; only root may make one. */
const smallDisk = (folder: string, kilobytes: number) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      await mkdir(folder);
      return spawnSync("mount", ["-t", "tmpfs", "-o", `size=${kilobytes}k`, "tmpfs", folder]);
    }),
    () => Effect.sync(() => spawnSync("umount", ["-l", folder])),
  );
const canMount = process.platform === "linux" && process.getuid?.() === 0;

describe("Sql", () => {
  it.live("keeps its pragmas through failed batches and rolled back transactions", () =>
    withSql(
      Effect.gen(function* () {
        const batch = yield* SqlBatch;
        const sql = yield* SqlClient.SqlClient;
        assert.deepStrictEqual(yield* pragmas, asAsked);
        yield* batch.run([table, insert(1)]);
        yield* Effect.exit(batch.run([insert(2), insert(1)]));
        yield* Effect.exit(sql.withTransaction(Effect.fail("no")));
        yield* sql.withTransaction(sql`INSERT INTO t VALUES (3, 'x')`);
        assert.deepStrictEqual(yield* pragmas, asAsked);
      }),
    ),
  );

  it.live("undoes a whole batch when one of its statements fails, and names the reason", () =>
    withSql(
      Effect.gen(function* () {
        const sql = yield* SqlBatch;
        yield* sql.run([table, insert(1)]);
        const error = yield* Effect.flip(sql.run([insert(2), insert(1), insert(3)]));
        assert.strictEqual(error.code, "SQLITE_CONSTRAINT_PRIMARYKEY");
        assert.deepStrictEqual(yield* keys, [1]);
        yield* sql.run([insert(2)]);
        assert.deepStrictEqual(yield* keys, [1, 2]);
      }),
    ),
  );

  it.live("rolls an interactive transaction back on failure, and a nested one by itself", () =>
    withSql(
      Effect.gen(function* () {
        const batch = yield* SqlBatch;
        const sql = yield* SqlClient.SqlClient;
        yield* batch.run([table]);
        yield* Effect.exit(
          sql.withTransaction(Effect.andThen(sql`INSERT INTO t VALUES (1, 'x')`, Effect.fail("no"))),
        );
        assert.deepStrictEqual(yield* keys, []);
        yield* sql.withTransaction(
          Effect.gen(function* () {
            yield* sql`INSERT INTO t VALUES (2, 'x')`;
            yield* Effect.exit(
              sql.withTransaction(Effect.andThen(sql`INSERT INTO t VALUES (3, 'x')`, Effect.fail("no"))),
            );
            yield* sql`INSERT INTO t VALUES (4, 'x')`;
          }),
        );
        assert.deepStrictEqual(yield* keys, [2, 4]);
      }),
    ),
  );

  it.live("lets a batch wait while a transaction is open", () =>
    withSql(
      Effect.gen(function* () {
        const batch = yield* SqlBatch;
        const sql = yield* SqlClient.SqlClient;
        yield* batch.run([table]);
        const opened = yield* Deferred.make<void>();
        const mayEnd = yield* Deferred.make<void>();
        const transaction = yield* sql
          .withTransaction(
            Effect.gen(function* () {
              yield* sql`INSERT INTO t VALUES (1, 'x')`;
              yield* Deferred.succeed(opened, undefined);
              yield* Deferred.await(mayEnd);
              return yield* Effect.fail("no");
            }),
          )
          .pipe(Effect.exit, Effect.forkChild);
        yield* Deferred.await(opened);
        const beside = yield* Effect.forEach([2, 3], (a) => batch.run([insert(a)]), {
          concurrency: "unbounded",
        }).pipe(Effect.forkChild({ startImmediately: true }));
        yield* Deferred.succeed(mayEnd, undefined);
        yield* Fiber.join(beside);
        assert.isTrue(Exit.isFailure(yield* Fiber.join(transaction)));
        assert.deepStrictEqual(yield* keys, [2, 3]);
      }),
    ),
  );

  it.live("does what was sent, and gives the turn back, when the caller is interrupted", () =>
    withSql(
      Effect.gen(function* () {
        const sql = yield* SqlBatch;
        yield* sql.run([table]);
        const fibers = yield* Effect.forEach([1, 2, 3], (a) =>
          Effect.forkChild(sql.run([insert(a)]), { startImmediately: true }),
        );
        yield* Effect.forEach(fibers, Fiber.interrupt, { discard: true });
        const [first] = yield* keys;
        assert.strictEqual(first, 1);
        yield* sql.run([insert(4)]);
      }),
    ),
  );

  it.live("says of a file that is no database, or a damaged one, what to do", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder;
      const text = join(folder, "text.db");
      yield* Effect.promise(() =>
        writeFile(text, "no database at all, whatever its name says. ".repeat(100)),
      );
      const notOne = yield* Effect.flip(Effect.scoped(Layer.build(sqlLayer({ file: text }))));
      assert.strictEqual(notOne.code, "SQLITE_NOTADB");
      assert.include(notOne.message, "is not a database; move it away");

      const file = join(folder, "store.db");
      const fill = Effect.gen(function* () {
        const sql = yield* SqlBatch;
        yield* sql.run([table, ...Array.from({ length: 500 }, (_, n) => insert(n, "y".repeat(200)))]);
        yield* sql.query("PRAGMA wal_checkpoint(TRUNCATE)");
      });
      yield* Effect.provide(fill, sqlLayer({ file }));
      yield* Effect.promise(async () => {
        const handle = await open(file, "r+");
        await handle.write(Buffer.alloc((await stat(file)).size - 8192, 0xa5), 0, undefined, 8192);
        await handle.close();
      });
      const damaged = yield* Effect.flip(Effect.provide(keys, sqlLayer({ file })));
      assert.strictEqual(damaged.code, "SQLITE_CORRUPT");
      assert.include(damaged.message, "restore store.db from a backup");

      const nowhere = yield* Effect.flip(
        Effect.scoped(Layer.build(sqlLayer({ file: join(folder, "no", "store.db") }))),
      );
      assert.include(nowhere.message, "check the data folder's owner and mode");
    }).pipe(Effect.scoped),
  );

  it.live("fails what waits, and all that comes later, when its thread ends", () =>
    Effect.gen(function* () {
      const started: Array<workerThreads.Worker> = [];
      const Original = workerThreads.Worker;
      workerThreads.Worker = class extends Original {
        constructor(...args: ConstructorParameters<typeof Original>) {
          super(...args);
          started.push(this);
        }
      };
      syncBuiltinESMExports();
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => {
          workerThreads.Worker = Original;
          syncBuiltinESMExports();
        }),
      );
      yield* withSql(
        Effect.gen(function* () {
          const sql = yield* SqlBatch;
          yield* sql.run([table]);
          // No message of ours: the thread fails, and ends.
          started[0]!.postMessage(null);
          const waiting = yield* sql
            .query("SELECT 1")
            .pipe(Effect.flip, Effect.forkChild({ startImmediately: true }));
          for (const error of [yield* Fiber.join(waiting), yield* Effect.flip(sql.run([insert(1)]))]) {
            assert.strictEqual(error.code, "THREAD_ENDED");
            assert.include(error.message, "start the daemon again");
          }
        }),
      );
    }).pipe(Effect.scoped),
  );

  it.live.skipIf(!canMount)("survives a full disk, and works again once there is space", () =>
    Effect.gen(function* () {
      const folder = join(yield* tempFolder, "small");
      yield* smallDisk(folder, 1024);
      yield* Effect.gen(function* () {
        const sql = yield* SqlBatch;
        yield* sql.run([table]);
        const ballast = join(folder, "ballast");
        yield* Effect.promise(() => writeFile(ballast, Buffer.alloc(600 * 1024)));
        let stored = 0;
        const fill: Effect.Effect<never, unknown> = Effect.suspend(() =>
          Effect.andThen(sql.run([insert(stored, "z".repeat(8000))]), () => {
            stored += 1;
            return fill;
          }),
        );
        const error = (yield* Effect.flip(fill)) as { readonly code: string; readonly message: string };
        assert.match(error.code, /^SQLITE_(FULL|IOERR)/);
        assert.match(error.message, /free (some )?space/);
        assert.isAbove(stored, 0);
        assert.strictEqual((yield* keys).length, stored);
        yield* Effect.promise(() => writeFile(ballast, ""));
        yield* sql.run([insert(stored)]);
        assert.strictEqual((yield* keys).length, stored + 1);
        assert.deepStrictEqual(yield* pragmas, asAsked);
        assert.deepStrictEqual(yield* sql.query("PRAGMA integrity_check"), [{ integrity_check: "ok" }]);
      }).pipe(Effect.provide(sqlLayer({ file: join(folder, "store.db") })));
    }).pipe(Effect.scoped),
  );

  it.live.skipIf(!canMount)("says that it can't write where everything is read-only", () =>
    Effect.gen(function* () {
      const folder = join(yield* tempFolder, "small");
      yield* smallDisk(folder, 1024);
      const file = join(folder, "store.db");
      yield* Effect.provide(
        Effect.flatMap(SqlBatch, (sql) => sql.run([table])),
        sqlLayer({ file }),
      );
      spawnSync("mount", ["-o", "remount,ro", folder]);
      const error = yield* Effect.flip(
        Effect.provide(
          Effect.flatMap(SqlBatch, (sql) => sql.run([insert(1)])),
          sqlLayer({ file }),
        ),
      );
      assert.include(error.message, "check the data folder's owner and mode");
    }).pipe(Effect.scoped),
  );
});
