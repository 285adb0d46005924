import { join } from "node:path";
import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import { SqlClient } from "effect/sql";
import fc from "fast-check";
import { SqlBatch, type SqlRow, sqlLayer } from "../../../daemon/platform/Sql.ts";
import { tempFolder } from "../../support/tempFolder.ts";

const statement = (sql: string, ...args: ReadonlyArray<unknown>) => ({ sql, args });

const withSql = <A, E>(run: Effect.Effect<A, E, SqlBatch | SqlClient.SqlClient>) =>
  Effect.flatMap(tempFolder, (folder) =>
    Effect.provide(run, sqlLayer({ file: join(folder, "store.db") })),
  ).pipe(Effect.scoped);

describe("values", () => {
  it.live("come back as they were given, from both threads", () =>
    withSql(
      Effect.gen(function* () {
        const sql = yield* SqlBatch;
        yield* sql.run([statement("CREATE TABLE t (a)")]);
        const run = Effect.runPromiseWith(yield* Effect.context<never>());
        const value = fc.oneof(
          fc.constant(null),
          fc.maxSafeInteger(),
          fc.double({ noNaN: true, noDefaultInfinity: true }),
          // The driver reads text up to its first NUL.
          fc.string({ unit: "binary" }).map((text) => text.replaceAll("\0", "")),
          fc.uint8Array(),
        );
        yield* Effect.promise(() =>
          fc.assert(
            fc.asyncProperty(value, async (given) => {
              const insert = statement("INSERT INTO t VALUES (?)", given);
              await run(sql.run([statement("DELETE FROM t"), insert]));
              for (const ask of [sql.query, sql.read]) {
                const rows = await run(ask("SELECT a FROM t WHERE a IS ?", [given]));
                const back = rows[0]?.a instanceof Uint8Array ? new Uint8Array(rows[0].a) : rows[0]?.a;
                assert.deepStrictEqual(back, given);
              }
            }),
            { numRuns: 60 },
          ),
        );
        yield* sql.run([statement("INSERT INTO t VALUES (?)", 2n ** 53n - 1n)]);
        const [row] = yield* sql.query("SELECT a, typeof(a) AS type FROM t ORDER BY rowid DESC LIMIT 1");
        assert.deepStrictEqual(row, { a: Number.MAX_SAFE_INTEGER, type: "integer" });
      }),
    ),
  );

  it.live("that can't be kept exactly are refused, all of the batch with them, and nothing dies of it", () =>
    withSql(
      Effect.gen(function* () {
        const sql = yield* SqlBatch;
        yield* sql.run([statement("CREATE TABLE t (a)")]);
        const insert = (value: unknown) => statement("INSERT INTO t VALUES (?)", value);
        for (const bad of [true, undefined, Number.NaN, Infinity, 2n ** 60n, {}, [1], () => 1, new Date()]) {
          const before = statement(`INSERT INTO t VALUES ('${typeof bad}')`);
          const error = yield* Effect.flip(sql.run([before, insert(bad)]));
          assert.strictEqual(error.code, "ARGUMENT");
          assert.match(
            error.message,
            /argument 1 of INSERT INTO t VALUES \(\?\) is .*\. Give text, bytes, null/s,
          );
          assert.strictEqual((yield* Effect.flip(sql.read("SELECT ?", [bad]))).code, "ARGUMENT");
          yield* sql.run([before, insert("good")]);
        }
        assert.strictEqual((yield* sql.query("SELECT * FROM t")).length, 18);
      }),
    ),
  );

  it.live("of columns with the same name are all there for those who ask for values", () =>
    withSql(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient;
        assert.deepStrictEqual(yield* sql.unsafe("SELECT 1 AS a, 2 AS a").values, [[1, 2]]);
        assert.deepStrictEqual(yield* sql.unsafe("SELECT 1 AS a, 2 AS b"), [{ a: 1, b: 2 }]);
      }),
    ),
  );
});

describe("statements kept prepared", () => {
  it.live("follow the schema, also one that another thread changed or a rollback brought back", () =>
    withSql(
      Effect.gen(function* () {
        const sql = yield* SqlBatch;
        const client = yield* SqlClient.SqlClient;
        const seen = (expected: SqlRow) =>
          Effect.gen(function* () {
            for (const ask of [sql.query, sql.read])
              assert.deepStrictEqual(yield* ask("SELECT * FROM t"), [expected]);
          });
        yield* sql.run([statement("CREATE TABLE t (a)"), statement("INSERT INTO t VALUES (1)")]);
        yield* seen({ a: 1 });
        yield* sql.run([statement("ALTER TABLE t ADD COLUMN b DEFAULT 2")]);
        yield* seen({ a: 1, b: 2 });
        yield* Effect.exit(
          client.withTransaction(
            Effect.gen(function* () {
              yield* client`ALTER TABLE t ADD COLUMN c DEFAULT 3`;
              assert.deepStrictEqual(yield* client.unsafe("SELECT * FROM t"), [{ a: 1, b: 2, c: 3 }]);
              return yield* Effect.fail("no");
            }),
          ),
        );
        yield* seen({ a: 1, b: 2 });
        const fresh = [statement("CREATE TABLE n (z, y)"), statement("INSERT INTO n VALUES (7, 8)")];
        const swap = [statement("DROP TABLE t"), statement("ALTER TABLE n RENAME TO t")];
        yield* sql.run([...fresh, ...swap]);
        yield* seen({ z: 7, y: 8 });
      }),
    ),
  );

  it.live("are as many as the product has: other texts neither pile up nor get mixed up", () =>
    withSql(
      Effect.gen(function* () {
        const sql = yield* SqlBatch;
        yield* sql.run([statement("CREATE TABLE t (a)")]);
        const ask = (n: number) =>
          Effect.map(sql.query(`SELECT ${n} AS n, ? AS m`, [n]), ([row]) =>
            assert.deepStrictEqual(row, { n, m: n }),
          );
        const all = (from: number, to: number) =>
          Effect.forEach(
            Array.from({ length: to - from }, (_, n) => from + n),
            ask,
            {
              concurrency: 16,
              discard: true,
            },
          );
        yield* all(0, 1500);
        yield* all(0, 1500);
        yield* sql.run(
          Array.from({ length: 1200 }, (_, n) => statement(`INSERT INTO t VALUES (${n} + ?)`, n)),
        );
        const [row] = yield* sql.query("SELECT count(DISTINCT a) AS n, max(a) AS a FROM t");
        assert.deepStrictEqual(row, { n: 1200, a: 2398 });
        const before = process.memoryUsage().rss;
        yield* all(1500, 12_000);
        assert.isBelow(process.memoryUsage().rss - before, 150 * 1024 * 1024);
      }),
    ),
  );

  it.live("leave no memory behind, however often they are used", () =>
    withSql(
      Effect.gen(function* () {
        const sql = yield* SqlBatch;
        yield* sql.run([statement("CREATE TABLE t (a, b)")]);
        const many = Array.from({ length: 64 }, (_, n) => statement("INSERT INTO t VALUES (?, ?)", n, "x"));
        yield* sql.run([...many, ...many]);
        const use = (times: number) =>
          Effect.forEach(Array.from({ length: times }), () => sql.query("SELECT * FROM t"), {
            discard: true,
          });
        yield* use(2000);
        const before = process.memoryUsage().rss;
        yield* use(10_000);
        // A row that stayed would be 1.3 million of them.
        assert.isBelow(process.memoryUsage().rss - before, 100 * 1024 * 1024);
      }),
    ),
  );

  it.live("that fail leave the others of their text as they were", () =>
    withSql(
      Effect.gen(function* () {
        const sql = yield* SqlBatch;
        yield* sql.run([statement("CREATE TABLE t (a INTEGER PRIMARY KEY)")]);
        const insert = (a: number) => statement("INSERT INTO t VALUES (?)", a);
        for (let round = 0; round < 50; round++) {
          yield* sql.run([insert(round)]);
          assert.strictEqual(
            (yield* Effect.flip(sql.run([insert(round)]))).code,
            "SQLITE_CONSTRAINT_PRIMARYKEY",
          );
          assert.strictEqual((yield* Effect.flip(sql.query("SELECT json(?)", ["{"]))).code, "SQLITE_ERROR");
        }
        assert.strictEqual((yield* sql.query("SELECT * FROM t")).length, 50);
      }),
    ),
  );
});

describe("an interactive transaction", () => {
  it.live("that a failure has ended takes nothing more", () =>
    withSql(
      Effect.gen(function* () {
        const batch = yield* SqlBatch;
        const sql = yield* SqlClient.SqlClient;
        yield* batch.run([statement("CREATE TABLE t (a INTEGER PRIMARY KEY)")]);
        const ended = yield* Effect.exit(
          sql.withTransaction(
            Effect.gen(function* () {
              yield* sql`INSERT INTO t VALUES (1)`;
              yield* Effect.exit(sql`INSERT OR ROLLBACK INTO t VALUES (1)`);
              yield* sql`INSERT INTO t VALUES (2)`;
            }),
          ),
        );
        assert.isTrue(ended._tag === "Failure");
        assert.deepStrictEqual(yield* batch.query("SELECT * FROM t"), []);
        yield* sql.withTransaction(sql`INSERT INTO t VALUES (3)`);
        assert.deepStrictEqual(yield* batch.query("SELECT * FROM t"), [{ a: 3 }]);
      }),
    ),
  );
});
