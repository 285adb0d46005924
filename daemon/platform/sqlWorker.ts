/**
 * The thread that owns the database file. One message is one whole unit of work: a batch in one transaction, a
 * query, or a step of an interactive transaction. The driver is synchronous, so messages are done in the order in
 * which they came; whoever sends the steps of a transaction keeps other work out meanwhile (`Sql.ts` does).
 *
 * It speaks to the driver that `@libsql/client` is built on: kept prepared, a statement costs a tenth of what it does
 * there. What it can't bind ends the whole process (a boolean does), so `Sql.ts` sends nothing else.
 */
import { parentPort } from "node:worker_threads";
import Database from "libsql";

export interface SqlStatement {
  readonly sql: string;
  readonly args: ReadonlyArray<unknown>;
}

/** A statement on its way: its text is sent once and then known by a number. */
export type SentStatement = readonly [text: number, args: ReadonlyArray<unknown>];

export type SqlRequest =
  | { readonly kind: "batch"; readonly statements: ReadonlyArray<SentStatement> }
  | { readonly kind: "query"; readonly statement: SentStatement }
  | { readonly kind: "begin" | "commit" | "rollback" | "end" };

export interface SqlMessage {
  readonly id: number;
  /** The numbers given so far stand for nothing any more. */
  readonly forget?: true;
  /** Texts that were not sent before, by their numbers. */
  readonly texts?: ReadonlyArray<readonly [number, string]>;
  readonly request: SqlRequest;
}

/** Rows are arrays in the order of `columns`, so that a duplicate column name loses nothing. */
export interface SqlResult {
  readonly columns: ReadonlyArray<string>;
  readonly rows: ReadonlyArray<ReadonlyArray<unknown>>;
}

export type SqlResponse =
  | { readonly id: number; readonly ok: true; readonly result?: SqlResult }
  | { readonly id: number; readonly ok: false; readonly code: string; readonly message: string };

/** What a thread is told first. */
export interface SqlOpening {
  readonly file: string;
  /** Reads only: a second connection, for what must not keep the writer waiting. */
  readonly reader: boolean;
}

const pragmas = [
  ["journal_mode", "wal"],
  // 2 is FULL: a commit is on the disk before it is answered.
  ["synchronous", 2],
  ["foreign_keys", 1],
  // Else INSERT OR REPLACE deletes rows without asking the triggers that forbid it.
  ["recursive_triggers", 1],
] as const;
const readerPragmas = [["query_only", 1]] as const;

const port = parentPort!;
const texts = new Map<number, string>();
const prepared = new Map<string, Database.Statement>();
let database: Database.Database;
/** An interactive transaction is open, as far as its owner knows. */
let begun = false;

/** A statement kept prepared follows changes of the schema by itself. */
const prepare = (sql: string): Database.Statement => {
  const known = prepared.get(sql);
  if (known !== undefined) return known;
  const statement = database.prepare(sql);
  prepared.set(sql, statement);
  return statement;
};

const execute = ([text, args]: SentStatement): SqlResult | undefined => {
  const sql = texts.get(text);
  if (sql === undefined) throw new Error(`no statement was sent with the number ${text}`);
  // Else what comes after such a failure would be committed by itself.
  if (begun && !database.inTransaction) throw new Error("a failure ended the transaction; roll it back");
  const statement = prepare(sql);
  if (!statement.reader) {
    statement.run(args);
    return undefined;
  }
  const rows = statement.raw().all(args) as Array<Array<unknown>>;
  return { columns: statement.columns().map(({ name }) => name), rows };
};

const batch = (statements: ReadonlyArray<SentStatement>): void => {
  const [first] = statements;
  // A statement alone is a transaction already.
  if (first !== undefined && statements.length === 1) return void execute(first);
  if (first === undefined) return;
  control("BEGIN IMMEDIATE");
  try {
    for (const statement of statements) execute(statement);
    control("COMMIT");
  } catch (cause) {
    rollBack();
    throw cause;
  }
};

const control = (sql: "BEGIN IMMEDIATE" | "COMMIT" | "ROLLBACK") => prepare(sql).run();

/** Some failures end the transaction by themselves. */
const rollBack = () => {
  begun = false;
  if (database.inTransaction) control("ROLLBACK");
};

const handle = (request: SqlRequest): SqlResult | undefined => {
  switch (request.kind) {
    case "query":
      return execute(request.statement);
    case "batch":
      batch(request.statements);
      break;
    case "begin":
      control("BEGIN IMMEDIATE");
      begun = true;
      break;
    case "commit":
      control("COMMIT");
      begun = false;
      break;
    case "rollback":
      rollBack();
      break;
    case "end":
      // With nothing left to listen to, the thread ends by itself.
      port.close();
      database?.close();
      break;
  }
  return undefined;
};

const failure = (cause: unknown) => {
  const message = cause instanceof Error ? cause.message : String(cause);
  const code = (cause as { readonly code?: unknown }).code;
  if (typeof code === "string" && code !== "") return { code, message };
  // What the addon says before there is a connection has no code.
  return { code: message.includes("Unable to open connection") ? "SQLITE_CANTOPEN" : "UNKNOWN", message };
};

const open = ({ file, reader }: SqlOpening) => {
  database = new Database(file, { timeout: 5000 });
  for (const [name, value] of reader ? readerPragmas : pragmas) {
    database.prepare(`PRAGMA ${name} = ${value}`).all();
    const [row] = database.prepare(`PRAGMA ${name}`).raw().all() as Array<Array<unknown>>;
    const now = row?.[0];
    if (now !== value) throw new Error(`the database took ${name} = ${now} where ${value} was asked for`);
  }
};

const answer = (id: number, work: () => SqlResult | undefined) => {
  let response: SqlResponse;
  try {
    const result = work();
    response = result === undefined ? { id, ok: true } : { id, ok: true, result };
  } catch (cause) {
    response = { id, ok: false, ...failure(cause) };
  }
  port.postMessage(response);
};

port.on("message", (message: SqlMessage | SqlOpening) => {
  if ("file" in message) {
    answer(0, () => {
      open(message);
      return undefined;
    });
    return;
  }
  const { id, forget, texts: fresh, request } = message;
  if (forget) {
    texts.clear();
    prepared.clear();
  }
  for (const [number, sql] of fresh ?? []) texts.set(number, sql);
  answer(id, () => handle(request));
});
