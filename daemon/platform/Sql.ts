/**
 * The embedded database: an Effect `SqlClient` over `libsql`, which lives in a worker thread because a single
 * statement can block its thread for half a second. A second thread, started at its first use, only reads.
 *
 * Use `SqlBatch` for what runs often: one message, one transaction. `SqlClient` is for migrations and for reads
 * with the statement builder; while a transaction of it is open, everything but `read` waits.
 */
import { inspect } from "node:util";
import { Worker } from "node:worker_threads";
import { Context, Effect, Exit, Layer, Scope, Semaphore, Stream } from "effect";
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
  [
    "SQLITE_READONLY",
    "The data folder can't be written; check its owner and mode, and that its disk is not mounted read-only.",
  ],
  ["SQLITE_CANTOPEN", "The database can't be opened; check the data folder's owner and mode."],
  ["SQLITE_CORRUPT", "The database is damaged; stop the daemon and restore store.db from a backup."],
  ["SQLITE_NOTADB", "store.db is not a database; move it away or restore it from a backup."],
  ["SQLITE_BUSY", "Another program holds the database; close it."],
  ["ARGUMENT", "Give text, bytes, null, or a number that JavaScript holds exactly."],
];

const storageError = (code: string, message: string): StorageError => {
  const remedy = remedies.find(([prefix]) => code.startsWith(prefix))?.[1];
  return new StorageError({
    code,
    message: `The store failed: ${message}.${remedy === undefined ? "" : ` ${remedy}`}`,
  });
};

/** What is asked of a thread; `sqlWorker.ts` says what each means. */
type Work =
  | { readonly kind: "batch"; readonly statements: ReadonlyArray<SqlStatement> }
  | { readonly kind: "query"; readonly statement: SqlStatement }
  | { readonly kind: "begin" | "commit" | "rollback" };

interface Thread {
  /** Ends with the thread's answer. An interrupted caller's is dropped when it comes. */
  readonly send: (work: Work) => Effect.Effect<SqlResult | undefined, StorageError>;
  readonly isDead: () => boolean;
}

/** Says why not when something can't be stored and read back as it was. The driver itself would end the process. */
const unsendable = (work: Work): string | undefined => {
  const statements = work.kind === "batch" ? work.statements : work.kind === "query" ? [work.statement] : [];
  for (const { sql, args } of statements) {
    const wrong = args.findIndex((value) => !isStorable(value));
    if (wrong >= 0) return `argument ${wrong + 1} of ${sql} is ${inspect(args[wrong], { depth: 0 })}`;
  }
  return undefined;
};

const isStorable = (value: unknown): boolean =>
  value === null ||
  typeof value === "string" ||
  (typeof value === "number" && Number.isFinite(value)) ||
  (typeof value === "bigint" && Number.isSafeInteger(Number(value))) ||
  value instanceof Uint8Array;

/** More statements than the product has; what comes beyond makes both sides begin again. */
const textsKept = 512;

/** Turns statements into what is sent: a text goes once, and by its number from then on. */
const makeSender = (worker: Worker) => {
  const numbers = new Map<string, number>();
  let lastNumber = 0;
  let unknown = false;
  return (id: number, work: Work): void => {
    const fresh: Array<readonly [number, string]> = [];
    const forget = unknown || numbers.size > textsKept;
    if (forget) numbers.clear();
    const sent = ({ sql, args }: SqlStatement): SentStatement => {
      const known = numbers.get(sql);
      if (known !== undefined) return [known, args];
      const number = ++lastNumber;
      numbers.set(sql, number);
      fresh.push([number, sql]);
      return [number, args];
    };
    const request: SqlRequest =
      work.kind === "batch"
        ? { kind: "batch", statements: work.statements.map(sent) }
        : work.kind === "query"
          ? { kind: "query", statement: sent(work.statement) }
          : { kind: work.kind };
    const message: SqlMessage = {
      id,
      request,
      ...(forget ? { forget: true } : {}),
      ...(fresh.length > 0 ? { texts: fresh } : {}),
    };
    // What was too large to go has taken its new texts with it.
    unknown = true;
    worker.postMessage(message);
    unknown = false;
  };
};

/** The driver ends the whole process when its thread is terminated in the middle of a call, so the thread is asked to go. */
const endThread = (thread: Worker): Promise<void> =>
  new Promise((resolve) => {
    // So it is numbered once it has ended.
    if (thread.threadId === -1) return resolve();
    thread.once("exit", () => resolve());
    const last: SqlMessage = { id: -1, request: { kind: "end" } };
    thread.postMessage(last);
  });

const startThread = Effect.fn("Sql.startThread")(function* (workerData: SqlWorkerData) {
  const worker = yield* Effect.acquireRelease(
    Effect.sync(() => new Worker(sibling("sqlWorker", import.meta.url), { workerData })),
    (thread) => Effect.promise(() => endThread(thread)),
  );
  const pending = new Map<number, (response: SqlResponse | StorageError) => void>();
  const post = makeSender(worker);
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

  const answer = (id: number, ask?: () => void) =>
    Effect.callback<SqlResult | undefined, StorageError>((resume) => {
      if (dead !== undefined) return resume(Effect.fail(dead));
      pending.set(id, (response) => {
        if (response instanceof StorageError) resume(Effect.fail(response));
        else if (response.ok) resume(Effect.succeed(response.result));
        else resume(Effect.fail(storageError(response.code, response.message)));
      });
      try {
        ask?.();
      } catch (cause) {
        pending.delete(id);
        return resume(
          Effect.fail(storageError("TOO_LARGE", `what was to be written is too large (${cause})`)),
        );
      }
      return Effect.sync(() => void pending.delete(id));
    });
  yield* answer(0);
  const thread: Thread = {
    send: (work) =>
      Effect.suspend(() => {
        const why = unsendable(work);
        if (why !== undefined) return Effect.fail(storageError("ARGUMENT", why));
        const id = ++lastId;
        return answer(id, () => post(id, work));
      }),
    isDead: () => dead !== undefined,
  };
  return thread;
});

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
