import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import workerThreads from "node:worker_threads";
import { assert, describe, it } from "@effect/vitest";
import { Effect, Exit, Fiber } from "effect";
import { SqlClient } from "effect/sql";
import { SqlBatch, sqlLayer } from "../../../daemon/platform/Sql.ts";
import { tempFolder } from "../../support/tempFolder.ts";

const statement = (sql: string, ...args: ReadonlyArray<unknown>) => ({ sql, args });
const insert = (a: number) => statement("INSERT INTO t VALUES (?)", a);
/** Seconds of work for the thread that runs it. */
const long =
  "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 3000000) SELECT count(*) AS n FROM n";

const withTable = <A, E>(run: Effect.Effect<A, E, SqlBatch | SqlClient.SqlClient>) =>
  Effect.gen(function* () {
    const file = join(yield* tempFolder, "store.db");
    const made = Effect.flatMap(SqlBatch, (sql) => sql.run([statement("CREATE TABLE t (a)")]));
    return yield* Effect.provide(Effect.andThen(made, run), sqlLayer({ file }));
  }).pipe(Effect.scoped);

/** The threads that are started from here on. */
const threadsStarted = Effect.gen(function* () {
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
  return started;
});

describe("SqlBatch.read", () => {
  it.live("sees everything that was committed before it was asked", () =>
    withTable(
      Effect.gen(function* () {
        const sql = yield* SqlBatch;
        yield* Effect.forEach(
          Array.from({ length: 300 }, (_, n) => n),
          (n) =>
            Effect.gen(function* () {
              yield* sql.run([insert(n)]);
              assert.deepStrictEqual(yield* sql.read("SELECT a FROM t WHERE a = ?", [n]), [{ a: n }]);
            }),
          { concurrency: 8, discard: true },
        );
      }),
    ),
  );

  it.live("keeps no writer waiting, and no open transaction keeps it waiting", () =>
    withTable(
      Effect.gen(function* () {
        const sql = yield* SqlBatch;
        const client = yield* SqlClient.SqlClient;
        yield* sql.read("SELECT 1");
        const reading = yield* Effect.forkChild(sql.read(long), { startImmediately: true });
        for (let n = 0; n < 20; n++) yield* sql.run([insert(n)]);
        assert.isUndefined(reading.pollUnsafe(), "the appends waited for the read");
        assert.deepStrictEqual(yield* Fiber.join(reading), [{ n: 3_000_000 }]);
        yield* client.withTransaction(
          Effect.gen(function* () {
            yield* client`INSERT INTO t VALUES (100)`;
            assert.deepStrictEqual(yield* sql.read("SELECT count(*) AS n FROM t"), [{ n: 20 }]);
          }),
        );
        assert.deepStrictEqual(yield* sql.read("SELECT count(*) AS n FROM t"), [{ n: 21 }]);
      }),
    ),
  );

  it.live("holds nothing open between two reads: the log of changes can be emptied", () =>
    withTable(
      Effect.gen(function* () {
        const sql = yield* SqlBatch;
        yield* sql.run(Array.from({ length: 500 }, (_, n) => insert(n)));
        yield* sql.read("SELECT * FROM t LIMIT 3");
        yield* Effect.exit(sql.read("SELECT json('{' || a) FROM t"));
        const [done] = yield* sql.query("PRAGMA wal_checkpoint(TRUNCATE)");
        assert.deepStrictEqual(done, { busy: 0, log: 0, checkpointed: 0 });
      }),
    ),
  );

  it.live("can't write", () =>
    withTable(
      Effect.gen(function* () {
        const sql = yield* SqlBatch;
        for (const text of ["INSERT INTO t VALUES (1)", "DROP TABLE t", "CREATE TABLE u (a)"]) {
          assert.strictEqual((yield* Effect.flip(sql.read(text))).code, "SQLITE_READONLY");
        }
        assert.deepStrictEqual(yield* sql.query("SELECT * FROM t"), []);
      }),
    ),
  );

  it.live("is given up at once by whoever is interrupted, and later ones get their own answers", () =>
    withTable(
      Effect.gen(function* () {
        const sql = yield* SqlBatch;
        yield* sql.read("SELECT 1");
        const reading = yield* Effect.forkChild(sql.read(long), { startImmediately: true });
        const next = yield* Effect.forkChild(sql.read("SELECT 2 AS two"), { startImmediately: true });
        yield* Fiber.interrupt(reading);
        assert.isUndefined(next.pollUnsafe(), "the interruption waited for the answer");
        assert.deepStrictEqual(yield* Fiber.join(next), [{ two: 2 }]);
      }),
    ),
  );

  it.live("starts its thread when it is needed, one for all, and anew when that one has ended", () =>
    Effect.gen(function* () {
      const started = yield* threadsStarted;
      yield* withTable(
        Effect.gen(function* () {
          const sql = yield* SqlBatch;
          assert.strictEqual(started.length, 1);
          yield* Effect.forEach([1, 2, 3], () => sql.read("SELECT 1"), { concurrency: "unbounded" });
          assert.strictEqual(started.length, 2);
          // No message of ours: the thread fails, and ends.
          started[1]!.postMessage(null);
          const waiting = yield* Effect.forkChild(Effect.flip(sql.read("SELECT 1")), {
            startImmediately: true,
          });
          assert.strictEqual((yield* Fiber.join(waiting)).code, "THREAD_ENDED");
          assert.deepStrictEqual(yield* sql.read("SELECT 3 AS n"), [{ n: 3 }]);
          yield* sql.run([insert(1)]);
          assert.deepStrictEqual(yield* sql.read("SELECT a FROM t"), [{ a: 1 }]);
          assert.strictEqual(started.length, 3);
        }),
      );
    }).pipe(Effect.scoped),
  );

  it.live("works for others when the one for whom its thread was started is interrupted", () =>
    withTable(
      Effect.gen(function* () {
        const sql = yield* SqlBatch;
        const first = yield* Effect.forkChild(sql.read("SELECT 1"), { startImmediately: true });
        const second = yield* Effect.forkChild(sql.read("SELECT 2 AS n"), { startImmediately: true });
        yield* Fiber.interrupt(first);
        assert.isTrue(Exit.isSuccess(yield* Fiber.await(second)));
      }),
    ),
  );

  it.live("that nobody waits for any more is let finish when the store is closed: nothing dies of it", () =>
    Effect.forEach(
      Array.from({ length: 8 }, (_, n) => n),
      (n) =>
        withTable(
          Effect.gen(function* () {
            const sql = yield* SqlBatch;
            yield* sql.run(Array.from({ length: 2000 }, (_, a) => insert(a)));
            const reading = yield* Effect.forkChild(
              Effect.forEach(Array.from({ length: 20 }), () => sql.read("SELECT * FROM t")),
              { startImmediately: true },
            );
            yield* Effect.sleep(n);
            yield* Fiber.interrupt(reading);
          }),
        ),
      { discard: true },
    ),
  );
});
