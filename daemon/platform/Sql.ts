/**
 * The embedded database: an Effect `SqlClient` over `libsql`, which lives in a worker thread because a single
 * statement can block its thread for half a second. A second thread, started at its first use, only reads.
 *
 * Use `SqlBatch` for what runs often: one message, one transaction. `SqlClient` is for migrations and for reads
 * with the statement builder; while a transaction of it is open, everything but `read` waits.
 */
import { Context, Effect, Exit, Layer, Scope, Semaphore, Stream } from "effect";
import { Reactivity } from "effect/reactivity";
import { SqlClient, type SqlConnection, SqlError, Statement } from "effect/sql";
import type { StorageError } from "../../shared/contract/errors.ts";
import { startThread, type Thread, type Work } from "./sqlThread.ts";
import type { SqlResult, SqlStatement } from "./sqlWorker.ts";

export type SqlRow = Readonly<Record<string, unknown>>;

export class SqlBatch extends Context.Service<
  SqlBatch,
  {
    /** Runs all statements in one transaction (`BEGIN IMMEDIATE`); one that fails undoes all. */
    readonly run: (statements: ReadonlyArray<SqlStatement>) => Effect.Effect<void, StorageError>;
    readonly query: (
      sql: string,
      args?: ReadonlyArray<unknown>,
    ) => Effect.Effect<ReadonlyArray<SqlRow>, StorageError>;
    /**
     * Like `query`, on a connection of its own that keeps no writer waiting: for what is long. It sees everything
     * that was committed before it was asked.
     */
    readonly read: (
      sql: string,
      args?: ReadonlyArray<unknown>,
    ) => Effect.Effect<ReadonlyArray<SqlRow>, StorageError>;
  }
>()("opencode-vibe/platform/SqlBatch") {}

const asRows = (result: SqlResult | undefined): ReadonlyArray<SqlRow> =>
  result === undefined
    ? []
    : result.rows.map((values) => {
        const row: Record<string, unknown> = {};
        for (const [index, column] of result.columns.entries()) row[column] = values[index];
        return row;
      });

/** Opens (or creates) the database file. The file's folder must exist. */
export const sqlLayer = (options: { readonly file: string }) =>
  Layer.effectContext(
    Effect.gen(function* () {
      const { file } = options;
      const thread = yield* startThread({ file, reader: false });
      // What was sent will be done, so its caller waits for the answer even when interrupted.
      const writer: Thread = { ...thread, send: (work) => Effect.uninterruptible(thread.send(work)) };
      const reader = yield* startReader(file);
      // Held by an interactive transaction for its whole life; a batch takes it for one message.
      const turn = yield* Semaphore.make(1);
      const batch = SqlBatch.of({
        run: (statements) => turn.withPermit(Effect.asVoid(writer.send({ kind: "batch", statements }))),
        query: (sql, args = []) => turn.withPermit(Effect.map(query(writer, sql, args), asRows)),
        read: (sql, args = []) =>
          Effect.flatMap(reader, (other) => Effect.map(query(other, sql, args), asRows)),
      });
      return Context.make(SqlBatch, batch).pipe(
        Context.add(SqlClient.SqlClient, yield* makeClient(writer, turn)),
      );
    }),
  );

/** The thread that reads, started when it is first needed, and anew when it could not start or has ended. */
const startReader = Effect.fnUntraced(function* (file: string) {
  const scope = yield* Effect.scope;
  const turn = yield* Semaphore.make(1);
  let running: Thread | undefined;
  const start = Effect.gen(function* () {
    if (running !== undefined && !running.isDead()) return running;
    const own = yield* Scope.fork(scope);
    running = yield* startThread({ file, reader: true }).pipe(
      Scope.provide(own),
      Effect.onError((cause) => Scope.close(own, Exit.failCause(cause))),
    );
    return running;
  });
  return Effect.suspend(() =>
    running !== undefined && !running.isDead() ? Effect.succeed(running) : turn.withPermit(start),
  );
});

const query = (thread: Thread, sql: string, args: ReadonlyArray<unknown>) =>
  thread.send({ kind: "query", statement: { sql, args } });

const makeClient = (thread: Thread, turn: Semaphore.Semaphore) =>
  Effect.gen(function* () {
    const asSqlError = (error: StorageError) =>
      new SqlError.SqlError({
        reason: SqlError.classifySqliteError(error, { message: error.message, operation: "execute" }),
      });
    const send = (work: Work) => Effect.mapError(thread.send(work), asSqlError);
    const values = (sql: string, args: ReadonlyArray<unknown>) =>
      Effect.mapError(query(thread, sql, args), asSqlError);
    const execute: SqlConnection.Connection["execute"] = (sql, params, transform) =>
      Effect.map(values(sql, params), (result) => {
        const rows = asRows(result);
        return transform === undefined ? rows : transform(rows);
      });
    const control = new Map<string, Work>([
      ["BEGIN", { kind: "begin" }],
      ["COMMIT", { kind: "commit" }],
      ["ROLLBACK", { kind: "rollback" }],
    ]);
    const connection: SqlConnection.Connection = {
      execute,
      executeRaw: (sql, params) => values(sql, params),
      executeStream: (sql, params, transform) => Stream.fromIterableEffect(execute(sql, params, transform)),
      executeValues: (sql, params) => Effect.map(values(sql, params), (result) => result?.rows ?? []),
      executeValuesUnprepared: (sql, params) =>
        Effect.map(values(sql, params), (result) => result?.rows ?? []),
      executeUnprepared: (sql, params, transform) => {
        const request = control.get(sql);
        return request === undefined ? execute(sql, params, transform) : Effect.as(send(request), []);
      },
    };
    const acquirer = Effect.as(turn.takeScoped(1), connection);
    return yield* SqlClient.make({
      acquirer,
      transactionAcquirer: acquirer,
      borrower: (use) => turn.withPermit(use(connection)),
      compiler: Statement.makeCompilerSqlite(),
      driver: "libsql",
      spanAttributes: [["db.system.name", "sqlite"]],
    });
  }).pipe(Effect.provide(Reactivity.layer));
