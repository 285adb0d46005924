/** Turns the data of projections and state tables into SQL for the embedded store. Table and column names are ours, never input. */
import type { StoredEvent } from "../../shared/contract/events.ts";
import { isKnown } from "../../shared/contract/events.ts";
import type { SqlStatement } from "../platform/sqlWorker.ts";
import type { Projection, Row, RowChange, StateChange, StateTable, TableSpec } from "./Projection.ts";
import { storedText } from "./storedText.ts";

const sqlType = { text: "TEXT", integer: "INTEGER", real: "REAL", json: "TEXT" } as const;
const owner = ["tenant", "project"] as const;

export const createTables = (projection: Projection): ReadonlyArray<SqlStatement> =>
  projection.tables.map((table) => ({ sql: `CREATE TABLE ${definition(table)}`, args: [] }));

export const createStateTables = (tables: ReadonlyArray<StateTable>): ReadonlyArray<SqlStatement> =>
  tables.map((table) => ({ sql: `CREATE TABLE IF NOT EXISTS ${definition(table)}`, args: [] }));

const definition = (table: TableSpec): string => {
  const columns = Object.entries(table.columns).map(([name, type]) => `${name} ${sqlType[type]}`);
  const key = `PRIMARY KEY (${[...owner, ...table.key].join(", ")})`;
  const all = ["tenant TEXT NOT NULL", "project TEXT NOT NULL", ...columns, key].join(", ");
  return `${table.name} (${all}) WITHOUT ROWID`;
};

export const createIndexes = (projection: Projection): ReadonlyArray<SqlStatement> =>
  projection.tables.flatMap((table) =>
    (table.indexes ?? []).map((columns) => ({
      sql: `CREATE INDEX ${[table.name, ...columns].join("_")} ON ${table.name} (${[...owner, ...columns].join(", ")})`,
      args: [],
    })),
  );

/** The same projection in tables of other names, to be built beside the live ones. */
export const shadowOf = (projection: Projection): Projection => {
  const other = (table: string) => `${table}__shadow`;
  return {
    ...projection,
    tables: projection.tables.map((table) => ({ ...table, name: other(table.name) })),
    apply: (event) => projection.apply(event).map((change) => ({ ...change, table: other(change.table) })),
  };
};

export const renameTables = (from: Projection, to: Projection): ReadonlyArray<SqlStatement> =>
  from.tables.map((table, index) => ({
    sql: `ALTER TABLE ${table.name} RENAME TO ${to.tables[index]!.name}`,
    args: [],
  }));

export const dropTables = (projection: Projection): ReadonlyArray<SqlStatement> =>
  projection.tables.map((table) => ({ sql: `DROP TABLE IF EXISTS ${table.name}`, args: [] }));

/** The statements that bring all projections up to date with one event. */
export const applyEvent = (
  projections: ReadonlyArray<Projection>,
  event: StoredEvent,
): ReadonlyArray<SqlStatement> => {
  if (!isKnown(event)) return [];
  return projections
    .filter((projection) => projection.types.includes(event.type))
    .flatMap((projection) =>
      projection.apply(event).map((change) => changeRow(tableOf(projection.tables, change), event, change)),
    );
};

/**
 * The statements that bring all projections up to date with many events. What a later statement sets again, or
 * deletes again, is left out: no statement reads what another one wrote.
 */
export const applyEvents = (
  projections: ReadonlyArray<Projection>,
  events: ReadonlyArray<StoredEvent>,
): ReadonlyArray<SqlStatement> => {
  const statements: Array<SqlStatement | undefined> = [];
  const latest = new Map<string, Map<string, number>>();
  for (const event of events) {
    if (!isKnown(event)) continue;
    for (const projection of projections) {
      if (!projection.types.includes(event.type)) continue;
      for (const change of projection.apply(event)) {
        const table = tableOf(projection.tables, change);
        const statement = changeRow(table, event, change);
        const ofText = latest.get(statement.sql) ?? new Map<string, number>();
        latest.set(statement.sql, ofText);
        const row = JSON.stringify(statement.args.slice(0, owner.length + table.key.length));
        const earlier = ofText.get(row);
        if (earlier !== undefined) statements[earlier] = undefined;
        ofText.set(row, statements.push(statement) - 1);
      }
    }
  }
  return statements.filter((one) => one !== undefined);
};

/** The statements that change rows of state tables. */
export const applyState = (
  tables: ReadonlyArray<StateTable>,
  changes: ReadonlyArray<StateChange>,
): ReadonlyArray<SqlStatement> => changes.map((change) => changeRow(tableOf(tables, change), change, change));

const tableOf = (tables: ReadonlyArray<TableSpec>, change: RowChange): TableSpec => {
  const table = tables.find(({ name }) => name === change.table);
  if (table === undefined) throw new Error(`there is no table ${change.table} to change`);
  return table;
};

const changeRow = (
  table: TableSpec,
  owned: { readonly tenant: string; readonly project: string },
  change: RowChange,
): SqlStatement => {
  const keyValues = [
    owned.tenant,
    owned.project,
    ...table.key.map((name) => encode(table, name, change.key[name])),
  ];
  if ("delete" in change) return { sql: textOf(table, undefined), args: keyValues };
  const names = Object.keys(change.set);
  const values = names.map((name) => encode(table, name, change.set[name]));
  return { sql: textOf(table, names), args: [...keyValues, ...values] };
};

const texts = new WeakMap<TableSpec, Map<string, string>>();

/** The statement that sets these columns of a row, or deletes it; made once for each set of columns. */
const textOf = (table: TableSpec, names: ReadonlyArray<string> | undefined): string => {
  const ofTable = texts.get(table) ?? new Map<string, string>();
  texts.set(table, ofTable);
  const which = names?.join() ?? "-";
  const known = ofTable.get(which);
  if (known !== undefined) return known;
  const text = names === undefined ? deleteText(table) : upsertText(table, names);
  ofTable.set(which, text);
  return text;
};

const keyOf = (table: TableSpec) => [...owner, ...table.key];

const deleteText = (table: TableSpec) =>
  `DELETE FROM ${table.name} WHERE ${keyOf(table)
    .map((name) => `${name} = ?`)
    .join(" AND ")}`;

const upsertText = (table: TableSpec, names: ReadonlyArray<string>) => {
  const all = [...keyOf(table), ...names];
  const update =
    names.length === 0
      ? "NOTHING"
      : `UPDATE SET ${names.map((name) => `${name} = excluded.${name}`).join(", ")}`;
  return `INSERT INTO ${table.name} (${all.join(", ")}) VALUES (${all.map(() => "?").join(", ")})
    ON CONFLICT (${keyOf(table).join(", ")}) DO ${update}`;
};

const encode = (table: TableSpec, column: string, value: unknown): unknown => {
  if (value === undefined || value === null) return null;
  if (table.columns[column] === "json") return JSON.stringify(value);
  if (typeof value === "string") return storedText(value);
  return typeof value === "boolean" ? Number(value) : value;
};

/** A row as the projection wrote it, with the tenant and project that it belongs to. */
export const decodeRow = (table: TableSpec, row: Row): Row =>
  Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      table.columns[name] === "json" && typeof value === "string" ? JSON.parse(value) : value,
    ]),
  );
