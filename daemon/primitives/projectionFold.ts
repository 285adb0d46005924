/**
 * Projections in memory: what their tables would hold, made from the same `apply`. For states of the past and for
 * snapshots; the live rows are in the database.
 */
import { isKnown, type StoredEvent } from "../../shared/contract/events.ts";
import type { ColumnType, Projection, Row, RowChange, TableSpec } from "./Projection.ts";
import { storedText } from "./storedText.ts";

/** Where a row is. `key` is the JSON of its key's values, in the order of the table's key. */
export interface RowPlace {
  readonly tenant: string;
  readonly project: string;
  readonly table: string;
  readonly key: string;
}

export interface PlacedChange {
  readonly place: RowPlace;
  readonly change: RowChange;
}

/** What one event does to the rows of a projection. */
export const changesOf = (projection: Projection, event: StoredEvent): ReadonlyArray<PlacedChange> => {
  if (!isKnown(event) || !projection.types.includes(event.type)) return [];
  const { tenant, project } = event;
  return projection.apply(event).map((change) => {
    const table = tableOf(projection, change.table);
    const values = table.key.map((name) => stored(table.columns[name], change.key[name]));
    return { place: { tenant, project, table: table.name, key: JSON.stringify(values) }, change };
  });
};

/** The row after a change, as it would be read back; undefined when it is gone. */
export const changedRow = (
  projection: Projection,
  { place, change }: PlacedChange,
  before: Row | undefined,
): Row | undefined => {
  if ("delete" in change) return undefined;
  const { columns } = tableOf(projection, change.table);
  const row: Record<string, unknown> = before === undefined ? emptyRow(columns, place) : { ...before };
  for (const values of before === undefined ? [change.key, change.set] : [change.set]) {
    for (const [name, value] of Object.entries(values)) row[name] = stored(columns[name], value);
  }
  return row;
};

export const placeId = ({ tenant, project, table, key }: RowPlace): string =>
  JSON.stringify([tenant, project, table, key]);

const tableOf = (projection: Projection, name: string): TableSpec => {
  const table = projection.tables.find((one) => one.name === name);
  if (table === undefined) throw new Error(`there is no table ${name} to change`);
  return table;
};

const emptyRow = (columns: TableSpec["columns"], { tenant, project }: RowPlace): Record<string, unknown> => ({
  tenant,
  project,
  ...Object.fromEntries(Object.keys(columns).map((name) => [name, null])),
});

/** The value as the database gives it back. */
const stored = (type: ColumnType | undefined, value: unknown): unknown => {
  if (value === undefined || value === null) return null;
  if (type === "json") return JSON.parse(JSON.stringify(value));
  if (typeof value === "string") return storedText(value);
  const plain = typeof value === "boolean" ? Number(value) : value;
  return type === "text" && typeof plain === "number" ? String(plain) : plain;
};
