/**
 * The thread that owns the database file. One message is one whole unit of work: a batch in one transaction, a
 * query, or a step of an interactive transaction. Steps are answered in the order in which they came; whoever
 * sends them keeps other work out while a transaction is open (`Sql.ts` does).
 */
import { parentPort, workerData } from "node:worker_threads";
import { type Client, createClient, type InStatement, LibsqlError, type Transaction } from "@libsql/client";

export interface SqlStatement {
  readonly sql: string;
  readonly args: ReadonlyArray<unknown>;
}

export type SqlRequest =
  | { readonly kind: "batch"; readonly statements: ReadonlyArray<SqlStatement> }
  | { readonly kind: "query"; readonly statement: SqlStatement }
  | { readonly kind: "begin" }
  | { readonly kind: "commit" }
  | { readonly kind: "rollback" };

/** Rows are arrays in the order of `columns`, so that a duplicate column name loses nothing. */
export interface SqlResult {
  readonly columns: ReadonlyArray<string>;
  readonly rows: ReadonlyArray<ReadonlyArray<unknown>>;
}

export type SqlResponse =
  | { readonly id: number; readonly ok: true; readonly results: ReadonlyArray<SqlResult> }
  | { readonly id: number; readonly ok: false; readonly code: string; readonly message: string };

const pragmas = [
  ["journal_mode", "wal"],
  // 2 is FULL: a commit is on the disk before it is answered.
  ["synchronous", "2"],
  ["foreign_keys", "1"],
  // Else INSERT OR REPLACE deletes rows without asking the triggers that forbid it.
  ["recursive_triggers", "1"],
] as const;

const port = parentPort!;
const { file } = workerData as { readonly file: string };
let client: Client;
let transaction: Transaction | undefined;
let queue: Promise<void> = Promise.resolve();

const asResult = (set: { columns: Array<string>; rows: ArrayLike<ArrayLike<unknown>> }): SqlResult => ({
  columns: set.columns,
  rows: Array.from(set.rows, (row) => set.columns.map((_, index) => row[index])),
});

const asStatement = ({ sql, args }: SqlStatement): InStatement => ({ sql, args: [...args] as never });

const handle = async (request: SqlRequest): Promise<ReadonlyArray<SqlResult>> => {
  switch (request.kind) {
    case "batch": {
      // Nobody asks a batch for rows, and a statement alone is a transaction already.
      const [first, ...others] = request.statements.map(asStatement);
      if (first !== undefined && others.length === 0) await client.execute(first);
      else if (first !== undefined) await client.batch([first, ...others], "write");
      return [];
    }
    case "query":
      return [asResult(await (transaction ?? client).execute(asStatement(request.statement)))];
    case "begin":
      transaction = await client.transaction("write");
      return [];
    case "commit": {
      const open = transaction;
      transaction = undefined;
      await open?.commit();
      return [];
    }
    case "rollback": {
      const open = transaction;
      transaction = undefined;
      await open?.rollback();
      return [];
    }
  }
};

const failure = (cause: unknown) => {
  const message = cause instanceof Error ? cause.message : String(cause);
  if (cause instanceof LibsqlError) return { code: cause.extendedCode ?? cause.code, message };
  // What the addon says before there is a connection has no code.
  return { code: message.includes("Unable to open connection") ? "SQLITE_CANTOPEN" : "UNKNOWN", message };
};

const open = async () => {
  // One connection: a second one would neither have the pragmas nor see an open transaction.
  client = createClient({ url: `file:${file}`, concurrency: 1, timeout: 5000 });
  for (const [name, value] of pragmas) {
    await client.execute(`PRAGMA ${name} = ${value}`);
    const now = String((await client.execute(`PRAGMA ${name}`)).rows[0]?.[0]);
    if (now !== value) throw new Error(`the database took ${name} = ${now} where ${value} was asked for`);
  }
};

port.on("message", ({ id, request }: { id: number; request: SqlRequest }) => {
  queue = queue
    .then(() => handle(request))
    .then(
      (results): SqlResponse => ({ id, ok: true, results }),
      (cause): SqlResponse => ({ id, ok: false, ...failure(cause) }),
    )
    .then((response) => port.postMessage(response));
});

open().then(
  () => port.postMessage({ id: 0, ok: true, results: [] } satisfies SqlResponse),
  (cause) => port.postMessage({ id: 0, ok: false, ...failure(cause) } satisfies SqlResponse),
);
