/**
 * A projection is data: tables, and a pure function from an event to changes of their rows. It knows no SQL and
 * reads no clock, so replaying the log gives the same rows, and another store can hold them.
 */
import type { AnyEvent, EventType } from "../../shared/contract/events.ts";

/** `json` columns hold any JSON value; the others hold what their name says, or null. */
export type ColumnType = "text" | "integer" | "real" | "json";

export interface TableSpec {
  readonly name: string;
  readonly columns: Readonly<Record<string, ColumnType>>;
  /** Columns that identify a row within one project; the store adds tenant and project to every table. */
  readonly key: ReadonlyArray<string>;
  readonly indexes?: ReadonlyArray<ReadonlyArray<string>>;
}

export type RowKey = Readonly<Record<string, string | number>>;

export type RowChange =
  /** Inserts the row, or changes just these columns of it. */
  | { readonly table: string; readonly key: RowKey; readonly set: Readonly<Record<string, unknown>> }
  | { readonly table: string; readonly key: RowKey; readonly delete: true };

export interface Projection {
  readonly name: string;
  /** Raise it when `apply` or a table changes: the store then rebuilds the projection at start. */
  readonly version: number;
  readonly tables: ReadonlyArray<TableSpec>;
  /** The event types that `apply` looks at; it is called for no other. */
  readonly types: ReadonlyArray<EventType>;
  readonly apply: (event: AnyEvent) => ReadonlyArray<RowChange>;
}

/**
 * What must last and is no event: checkpoints, visibility times, places in a queue. It is changed in the transaction
 * of an append and not rebuilt from the log, so its columns change by a migration only.
 */
export type StateTable = TableSpec;

/** A change of a row of a state table, and whose row it is. */
export type StateChange = RowChange & { readonly tenant: string; readonly project: string };

/** A row as read back: JSON columns parsed, `tenant` and `project` beside the columns. */
export type Row = Readonly<Record<string, unknown>>;
