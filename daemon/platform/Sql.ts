/**
 * The embedded database: an Effect `SqlClient` over `@libsql/client`, which lives in a worker thread because a
 * single statement can block its thread for half a second.
 *
 * Use `SqlBatch` for what runs often: one message, one transaction. `SqlClient` is for migrations and for reads
 * with the statement builder; while a transaction of it is open, everything else waits.
 */
import { Worker } from "node:worker_threads";
import { Context, Effect, Layer, Scope, Semaphore, Stream } from "effect";
import { Reactivity } from "effect/reactivity";
import { SqlClient, type SqlConnection, SqlError, Statement } from "effect/sql";
import { StorageError } from "../../shared/contract/errors.ts";
import { sibling } from "./sibling.ts";
import type {
  SentStatement,
  SqlMessage,
  SqlRequest,
  SqlResponse,
  SqlResult,
  SqlStatement,
  SqlWorkerData,
} from "./sqlWorker.ts";

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

const remedies: ReadonlyArray<readonly [code: string, remedy: string]> = [
  ["SQLITE_FULL", "The disk is full; free some space. Nothing was lost, what failed can be tried again."],
  ["SQLITE_IOERR", "The disk could not be read or written; check it and its free space."],
  ["SQLITE_READONLY", "The data folder can't be written; check its owner and mode."],
  ["SQLITE_CANTOPEN", "The database can't be opened; check the data folder's owner and mode."],
  ["SQLITE_CORRUPT", "The database is damaged; stop the daemon and restore store.db from a backup."],
  ["SQLITE_NOTADB", "store.db is not a database; move it away or restore it from a backup."],
  ["SQLITE_BUSY", "Another program holds the database; close it."],
];

const storageError = (code: string, message: string): StorageError => {
  const remedy = remedies.find(([prefix]) => code.startsWith(prefix))?.[1];
  return new StorageError({
    code,
    message: `The store failed: ${message}.${remedy === undefined ? "" : ` ${remedy}`}`,
  });
};

interface Thread {
  readonly send: (request: SqlRequest) => Effect.Effect<SqlResult | undefined, StorageError>;
  /** The statement as it is sent. */
  readonly statement: (statement: SqlStatement) => SentStatement;
}

const startThread = Effect.fn("Sql.startThread")(function* (workerData: SqlWorkerData) {
  const worker = yield* Effect.acquireRelease(
    Effect.sync(() => new Worker(sibling("sqlWorker", import.meta.url), { workerData })),
    (thread) => Effect.promise(() => thread.terminate()),
  );
  const pending = new Map<number, (response: SqlResponse | StorageError) => void>();
  let dead: StorageError | undefined;
  let lastId = 0;
  const die = (why: string) => {
    dead ??= storageError("THREAD_ENDED", `its thread ended (${why}); start the daemon again`);
    for (const answer of pending.values()) answer(dead);
    pending.clear();
  };
  worker.on("message", (response: SqlResponse) => {
    pending.get(response.id)?.(response);
    pending.delete(response.id);
  });
  worker.on("error", (cause) => die(String(cause)));
  worker.on("exit", (code) => die(`exit code ${code}`));

  /** The texts that the thread knows by number, and those that go along with the next message. */
  const numbers = new Map<string, number>();
  let fresh: Array<readonly [number, string]> = [];
  const statement = ({ sql, args }: SqlStatement): SentStatement => {
    const known = numbers.get(sql);
    if (known !== undefined) return [known, args];
    numbers.set(sql, numbers.size);
    fresh.push([numbers.size - 1, sql]);
    return [numbers.size - 1, args];
  };

  const answer = (id: number) =>
    Effect.callback<SqlResult | undefined, StorageError>((resume) => {
      if (dead !== undefined) return resume(Effect.fail(dead));
      pending.set(id, (response) => {
        if (response instanceof StorageError) resume(Effect.fail(response));
        else if (response.ok) resume(Effect.succeed(response.result));
        else resume(Effect.fail(storageError(response.code, response.message)));
      });
    });
  yield* answer(0);
  const thread: Thread = {
    statement,
    // What was sent will be done, so its caller waits for the answer even when interrupted.
    send: (request) =>
      Effect.suspend(() => {
        const id = ++lastId;
        const result = answer(id);
        const message: SqlMessage = fresh.length === 0 ? { id, request } : { id, request, texts: fresh };
        fresh = [];
        if (dead === undefined) worker.postMessage(message);
        return result;
      }).pipe(Effect.uninterruptible),
  };
  return thread;
});

const asRows = (result: SqlResult | undefined): ReadonlyArray<SqlRow> =>
  result === undefined
    ? []
    : result.rows.map((row) =>
        Object.fromEntries(result.columns.map((column, index) => [column, row[index]])),
      );

/** Opens (or creates) the database file. The file's folder must exist. */
export const sqlLayer = (options: { readonly file: string }) =>
  Layer.effectContext(
    Effect.gen(function* () {
      const { file } = options;
      const thread = yield* startThread({ file, reader: false });
      const scope = yield* Effect.scope;
      // Most runs never need it, and it can't make the file.
      const reader = yield* Effect.cached(Scope.provide(startThread({ file, reader: true }), scope));
      // Held by an interactive transaction for its whole life; a batch takes it for one message.
      const turn = yield* Semaphore.make(1);
      const batch = SqlBatch.of({
        run: (statements) =>
          turn.withPermit(
            Effect.asVoid(
              Effect.suspend(() =>
                thread.send({ kind: "batch", statements: statements.map(thread.statement) }),
              ),
            ),
          ),
        query: (sql, args = []) => turn.withPermit(Effect.map(query(thread, sql, args), asRows)),
        read: (sql, args = []) =>
          Effect.flatMap(reader, (other) => Effect.map(query(other, sql, args), asRows)),
      });
      return Context.make(SqlBatch, batch).pipe(
        Context.add(SqlClient.SqlClient, yield* makeClient(thread, turn)),
      );
    }),
  );

const query = (thread: Thread, sql: string, args: ReadonlyArray<unknown>) =>
  Effect.suspend(() => thread.send({ kind: "query", statement: thread.statement({ sql, args }) }));

const makeClient = (thread: Thread, turn: Semaphore.Semaphore) =>
  Effect.gen(function* () {
    const asSqlError = (error: StorageError) =>
      new SqlError.SqlError({
        reason: SqlError.classifySqliteError(error, { message: error.message, operation: "execute" }),
      });
    const send = (request: SqlRequest) => Effect.mapError(thread.send(request), asSqlError);
    const values = (sql: string, args: ReadonlyArray<unknown>) =>
      Effect.mapError(query(thread, sql, args), asSqlError);
    const execute: SqlConnection.Connection["execute"] = (sql, params, transform) =>
      Effect.map(values(sql, params), (result) => {
        const rows = asRows(result);
        return transform === undefined ? rows : transform(rows);
      });
    const control = new Map<string, SqlRequest>([
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
