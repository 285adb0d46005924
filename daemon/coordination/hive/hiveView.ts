/** The cells of every project in memory: a fold of the `cell_*` events, started from the projection's rows. */
import { Effect, Schema } from "effect";
import { NotFound } from "../../../shared/contract/errors.ts";
import { isKnown, type StoredEvent } from "../../../shared/contract/events.ts";
import type { CellView } from "../../../shared/contract/routes.ts";
import type { Row } from "../../primitives/Projection.ts";
import type { Fields } from "./cellFields.ts";
import { cellId, childId } from "./cellId.ts";
import { prefixOf } from "./cellsProjection.ts";
import { type Cell, type Dependency, parentOf, type ReadyCells, readyCells, statusOf } from "./readyCells.ts";

export interface ProjectCells {
  readonly cells: Map<string, Cell>;
  readonly ready: ReadyCells;
  /** Ids that were handed out; their events may not be appended yet. */
  readonly planned: Set<string>;
  prefix: string;
}

/** Of a project that nobody has opened, which has no folder to take a prefix from. */
const anyPrefix = "cell";

export type HiveView = ReturnType<typeof hiveView>;

/** `onStamp` is called with every field stamp that goes by. */
export const hiveView = (onStamp: (stamp: string) => void) => {
  const projects = new Map<string, ProjectCells>();

  const of = (project: string): ProjectCells => {
    const known = projects.get(project);
    if (known !== undefined) return known;
    const cells = new Map<string, Cell>();
    const fresh: ProjectCells = { cells, ready: readyCells(cells), planned: new Set(), prefix: anyPrefix };
    projects.set(project, fresh);
    return fresh;
  };

  const setFields = (project: string, id: string, fields: Fields) => {
    const { cells } = of(project);
    const old = cells.get(id) ?? { id, fields: {}, dependencies: [] };
    cells.set(id, { ...old, fields: { ...old.fields, ...fields } });
  };

  const addDependency = (project: string, id: string, added: Dependency) => {
    const { cells } = of(project);
    const old = cells.get(id) ?? { id, fields: {}, dependencies: [] };
    const others = old.dependencies.filter((one) => one.depends_on_id !== added.depends_on_id);
    cells.set(id, { ...old, dependencies: [...others, added] });
  };

  const apply = (event: StoredEvent) => {
    if (!isKnown(event)) return;
    const { project } = event;
    switch (event.type) {
      case "project_opened":
        of(project).prefix = prefixOf(event.data.commonDir);
        return;
      case "cell_created":
      case "cell_updated":
        setFields(project, event.data.id, event.data.fields);
        Object.values(event.data.stamps).forEach(onStamp);
        return of(project).ready.changed(event.data.id);
      case "cell_dependency_added": {
        const { id, depends_on_id, dependency: type, stamp } = event.data;
        addDependency(project, id, { depends_on_id, type, created_at: event.at, created_by: event.actor });
        onStamp(stamp);
        return of(project).ready.changed(id);
      }
      default:
        return;
    }
  };

  /** Takes over the rows of `cellsProjection`, once, before any event. */
  const load = (rows: {
    readonly fields: ReadonlyArray<Row>;
    readonly dependencies: ReadonlyArray<Row>;
    readonly settings: ReadonlyArray<Row>;
  }) => {
    for (const row of rows.settings) {
      const { project, setting, value } = Schema.decodeUnknownSync(SettingRow)(row);
      if (setting === "prefix") of(project).prefix = value;
    }
    for (const row of rows.fields) {
      const { project, cell, field, value, stamp } = Schema.decodeUnknownSync(FieldRow)(row);
      setFields(project, cell, { [field]: value });
      onStamp(stamp);
    }
    // In the order in which they were added, as when the events themselves are followed.
    const dependencies = rows.dependencies.map((row) => Schema.decodeUnknownSync(DependencyRow)(row));
    for (const one of dependencies.sort((left, right) => left.seq - right.seq)) {
      const { project, cell, stamp, seq: _, ...dependency } = one;
      addDependency(project, cell, dependency);
      onStamp(stamp);
    }
    for (const { cells, ready } of projects.values()) for (const id of cells.keys()) ready.changed(id);
  };

  return { of, apply, load };
};

export const findCell = (here: ProjectCells, id: string): Effect.Effect<Cell, NotFound> => {
  const cell = here.cells.get(id);
  return cell === undefined
    ? Effect.fail(
        new NotFound({ message: `There is no cell ${id} in this project; \`hive list\` shows them.` }),
      )
    : Effect.succeed(cell);
};

/** An id that no cell has and that was not handed out; with a parent, the next child's. */
export const newId = ({ cells, planned, prefix }: ProjectCells, parent?: string): string => {
  const isTaken = (id: string) => cells.has(id) || planned.has(id);
  return parent === undefined ? cellId(prefix, cells.size, isTaken) : childId(parent, isTaken);
};

export const viewOf = ({ ready }: ProjectCells, cell: Cell): CellView => {
  const { fields, dependencies } = cell;
  return {
    id: cell.id,
    title: String(fields.title ?? ""),
    status: statusOf(cell),
    issue_type: String(fields.issue_type ?? "task"),
    priority: priorityOf(cell),
    fields: Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null)),
    parent_id: parentOf(cell),
    dependencies: dependencies.map(({ depends_on_id, type }) => ({ depends_on_id, type })),
    ready: ready.ids.has(cell.id),
    waiting_for: ready.reasons(cell.id),
  };
};

const priorityOf = (cell: Cell): number =>
  typeof cell.fields.priority === "number" ? cell.fields.priority : 2;

/** The most urgent first, then the oldest. */
export const byUrgency = (left: Cell, right: Cell): number =>
  priorityOf(left) - priorityOf(right) || byAge(left, right);

export const byAge = (left: Cell, right: Cell): number =>
  compare(String(left.fields.created_at ?? ""), String(right.fields.created_at ?? "")) ||
  left.id.localeCompare(right.id, "en", { numeric: true });

const compare = (left: string, right: string) => (left < right ? -1 : left > right ? 1 : 0);

const SettingRow = Schema.Struct({ project: Schema.String, setting: Schema.String, value: Schema.String });
const FieldRow = Schema.Struct({
  project: Schema.String,
  cell: Schema.String,
  field: Schema.String,
  value: Schema.Json,
  stamp: Schema.String,
});
const DependencyRow = Schema.Struct({
  project: Schema.String,
  cell: Schema.String,
  depends_on_id: Schema.String,
  type: Schema.String,
  stamp: Schema.String,
  created_at: Schema.String,
  created_by: Schema.String,
  seq: Schema.Int,
});
