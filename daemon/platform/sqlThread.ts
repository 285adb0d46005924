/**
 * A worker thread that owns a connection to the database, and the messages to it and back (`sqlWorker.ts` is what
 * runs there). What goes wrong becomes a `StorageError` that says what to do. For `Sql.ts`; nobody else starts one.
 */
import { inspect } from "node:util";
import type { Worker } from "node:worker_threads";
import { Effect } from "effect";
import { StorageError } from "../../shared/contract/errors.ts";
import type {
  SentStatement,
  SqlMessage,
  SqlOpening,
  SqlRequest,
  SqlResponse,
  SqlResult,
  SqlStatement,
} from "./sqlWorker.ts";
import { takeSqlWorker } from "./takeSqlWorker.ts";

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
export type Work =
  | { readonly kind: "batch"; readonly statements: ReadonlyArray<SqlStatement> }
  | { readonly kind: "query"; readonly statement: SqlStatement }
  | { readonly kind: "begin" | "commit" | "rollback" };

export interface Thread {
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

export const startThread = Effect.fn("Sql.startThread")(function* (opening: SqlOpening) {
  const worker = yield* Effect.acquireRelease(Effect.sync(takeSqlWorker), (thread) =>
    Effect.promise(() => endThread(thread)),
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

  const answer = (id: number, ask: () => void) =>
    Effect.callback<SqlResult | undefined, StorageError>((resume) => {
      if (dead !== undefined) return resume(Effect.fail(dead));
      pending.set(id, (response) => {
        if (response instanceof StorageError) resume(Effect.fail(response));
        else if (response.ok) resume(Effect.succeed(response.result));
        else resume(Effect.fail(storageError(response.code, response.message)));
      });
      try {
        ask();
      } catch (cause) {
        pending.delete(id);
        return resume(
          Effect.fail(storageError("TOO_LARGE", `what was to be written is too large (${cause})`)),
        );
      }
      return Effect.sync(() => void pending.delete(id));
    });
  yield* answer(0, () => worker.postMessage(opening));
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
