/**
 * Cells by field: a row for each field, with its stamp, because an event carries only the fields that changed
 * and a projection does not read the row before. Beside them the dependencies, and the prefix of new ids.
 */
import type { Projection, RowChange } from "../../primitives/Projection.ts";
import { cellPrefix } from "./cellId.ts";

export const fieldsTable = "cell_fields";
export const dependenciesTable = "cell_dependencies";
export const settingsTable = "hive_settings";

export const cellsProjection: Projection = {
  name: "cells",
  version: 1,
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
  ],
  types: ["project_opened", "cell_created", "cell_updated", "cell_dependency_added"],
  apply: (event): ReadonlyArray<RowChange> => {
    switch (event.type) {
      case "project_opened": {
        const value = prefixOf(event.data.commonDir);
        return [{ table: settingsTable, key: { setting: "prefix" }, set: { value } }];
      }
      case "cell_created":
      case "cell_updated": {
        const { id, fields, stamps } = event.data;
        return Object.entries(fields).map(([field, value]) => ({
          table: fieldsTable,
          key: { cell: id, field },
          set: { value, stamp: stamps[field] ?? "" },
        }));
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
        return [{ table: dependenciesTable, key: { cell: id, depends_on_id }, set }];
      }
      default:
        return [];
    }
  },
};

/** From the folder that the git directory lies in, or from a bare repository's own name. */
export const prefixOf = (commonDir: string): string => {
  const names = commonDir.split(/[\\/]+/).filter((name) => name !== "");
  const last = names.at(-1) ?? "";
  return cellPrefix(last === ".git" ? (names.at(-2) ?? "") : last.replace(/\.git$/, ""));
};
