/**
 * Cells by field: a row for each field, with its stamp, because an event carries only the fields that changed
 * and a projection does not read the row before. Beside them the dependencies, which cells there are and which of
 * them are not done, so that a daemon starts without the others, and what new ids and stamps begin with.
 */
import type { Projection, RowChange } from "../../primitives/Projection.ts";
import type { Fields } from "./cellFields.ts";
import { cellPrefix } from "./cellId.ts";
import { isDoneStatus } from "./readyCells.ts";
import { cloneOf } from "./stamp.ts";

export const fieldsTable = "cell_fields";
export const dependenciesTable = "cell_dependencies";
export const settingsTable = "hive_settings";
export const cellsTable = "cells";
export const openTable = "open_cells";
export const prefixSetting = "prefix";
/** One setting for each clone: its latest stamp. */
export const stampSetting = "stamp/";

export const cellsProjection: Projection = {
  name: "cells",
  version: 2,
  tables: [
    {
      name: fieldsTable,
      columns: { cell: "text", field: "text", value: "json", stamp: "text" },
      key: ["cell", "field"],
    },
    {
      name: dependenciesTable,
      columns: {
        cell: "text",
        depends_on_id: "text",
        type: "text",
        stamp: "text",
        created_at: "text",
        created_by: "text",
        seq: "integer",
      },
      key: ["cell", "depends_on_id"],
    },
    { name: settingsTable, columns: { setting: "text", value: "text" }, key: ["setting"] },
    { name: cellsTable, columns: { cell: "text" }, key: ["cell"] },
    { name: openTable, columns: { cell: "text" }, key: ["cell"] },
  ],
  types: ["project_opened", "cell_created", "cell_updated", "cell_dependency_added"],
  apply: (event): ReadonlyArray<RowChange> => {
    switch (event.type) {
      case "project_opened": {
        const value = prefixOf(event.data.commonDir);
        return [{ table: settingsTable, key: { setting: prefixSetting }, set: { value } }];
      }
      case "cell_created":
      case "cell_updated": {
        const { id, fields, stamps } = event.data;
        const rows = Object.entries(fields).map(([field, value]) => ({
          table: fieldsTable,
          key: { cell: id, field },
          set: { value, stamp: stamps[field] ?? "" },
        }));
        const known = { table: cellsTable, key: { cell: id }, set: {} };
        return [...rows, known, ...openness(id, fields, event.type), ...latest(Object.values(stamps))];
      }
      case "cell_dependency_added": {
        const { id, depends_on_id, dependency, stamp } = event.data;
        const set = {
          type: dependency,
          stamp,
          created_at: event.at,
          created_by: event.actor,
          seq: event.seq,
        };
        return [{ table: dependenciesTable, key: { cell: id, depends_on_id }, set }, ...latest([stamp])];
      }
      default:
        return [];
    }
  },
};

/** A cell is open until it is said to be done. */
const openness = (cell: string, fields: Fields, type: string): ReadonlyArray<RowChange> => {
  if (!("status" in fields) && type === "cell_updated") return [];
  return isDoneStatus(fields.status)
    ? [{ table: openTable, key: { cell }, delete: true }]
    : [{ table: openTable, key: { cell }, set: {} }];
};

/** A clone's own stamps only grow, and are later than all that it had seen. */
const latest = (stamps: ReadonlyArray<string>): ReadonlyArray<RowChange> => {
  const value = stamps.reduce((late, one) => (one > late ? one : late), "");
  const clone = cloneOf(value);
  return clone === undefined
    ? []
    : [{ table: settingsTable, key: { setting: `${stampSetting}${clone}` }, set: { value } }];
};

/** From the folder that the git directory lies in, or from a bare repository's own name. */
export const prefixOf = (commonDir: string): string => {
  const names = commonDir.split(/[\\/]+/).filter((name) => name !== "");
  const last = names.at(-1) ?? "";
  return cellPrefix(last === ".git" ? (names.at(-2) ?? "") : last.replace(/\.git$/, ""));
};
