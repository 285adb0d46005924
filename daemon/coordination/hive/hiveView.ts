/**
 * Cells in memory: a fold of the `cell_*` events, started from the projection's rows. A cell that is done may not be
 * there; `hiveCells.ts` brings it when somebody asks for it.
 */
import { Effect, Schema } from "effect";
import { NotFound } from "../../../shared/contract/errors.ts";
import { isKnown, type StoredEvent } from "../../../shared/contract/events.ts";
import type { CellView } from "../../../shared/contract/hiveRoutes.ts";
import type { Row } from "../../primitives/Projection.ts";
import type { Fields } from "./cellFields.ts";
import { cellId, childId } from "./cellId.ts";
import { prefixOf, prefixSetting, stampSetting } from "./cellsProjection.ts";
import {
  type Cell,
  type Dependency,
  leansOn,
  parentOf,
  type ReadyCells,
  readyCells,
  statusOf,
} from "./readyCells.ts";

export interface ProjectCells {
  readonly cells: Map<string, Cell>;
  readonly ready: ReadyCells;
  /** Ids that can't be handed out: they were, perhaps without their events yet, or a cell that is not here has it. */
  readonly planned: Set<string>;
  /** Cells that are not here and should be: they changed, or a cell that is here leans on them. */
  readonly missed: Set<string>;
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
    const fresh: ProjectCells = {
      cells,
      ready: readyCells(cells),
      planned: new Set(),
      missed: new Set(),
      prefix: anyPrefix,
    };
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

  /** It may lean on cells now that are done and not here. */
  const changed = (here: ProjectCells, id: string) => {
    for (const other of leansOn(here.cells.get(id)!)) if (!here.cells.has(other)) here.missed.add(other);
    here.ready.changed(id);
  };

  const apply = (event: StoredEvent) => {
    if (!isKnown(event)) return;
    const { project } = event;
    switch (event.type) {
      case "project_opened":
        of(project).prefix = prefixOf(event.data.commonDir);
        return;
      case "cell_created":
      case "cell_updated": {
        Object.values(event.data.stamps).forEach(onStamp);
        const { id, fields } = event.data;
        const here = of(project);
        // The other fields of a cell that is not here are in its rows only.
        if (event.type === "cell_updated" && !here.cells.has(id)) return void here.missed.add(id);
        setFields(project, id, fields);
        return changed(here, id);
      }
      case "cell_dependency_added": {
        const { id, depends_on_id, dependency: type, stamp } = event.data;
        onStamp(stamp);
        const here = of(project);
        if (!here.cells.has(id)) return void here.missed.add(id);
        addDependency(project, id, { depends_on_id, type, created_at: event.at, created_by: event.actor });
        return changed(here, id);
      }
      default:
        return;
    }
  };

  /** Takes over rows of `cellsProjection`: all of the cells that they are of. */
  const load = (rows: {
    readonly fields: ReadonlyArray<Row>;
    readonly dependencies: ReadonlyArray<Row>;
    readonly settings: ReadonlyArray<Row>;
  }) => {
    const loaded = new Map<string, Set<string>>();
    const note = (project: string, cell: string) => {
      const cells = loaded.get(project) ?? new Set();
      loaded.set(project, cells.add(cell));
    };
    for (const row of rows.settings) {
      const { project, setting, value } = decodeSetting(row);
      if (setting === prefixSetting) of(project).prefix = value;
      if (setting.startsWith(stampSetting)) onStamp(value);
    }
    for (const row of rows.fields) {
      const { project, cell, field, value, stamp } = decodeField(row);
      note(project, cell);
      setFields(project, cell, { [field]: value });
      onStamp(stamp);
    }
    // In the order in which they were added, as when the events themselves are followed.
    const dependencies = rows.dependencies.map((row) => decodeDependency(row));
    for (const one of dependencies.sort((left, right) => left.seq - right.seq)) {
      const { project, cell, stamp, seq: _, ...dependency } = one;
      note(project, cell);
      addDependency(project, cell, dependency);
      onStamp(stamp);
    }
    for (const [project, cells] of loaded) {
      for (const id of cells) of(project).ready.changed(id);
    }
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

/** An id that no cell here has and that was not handed out; with a parent, the next child's. */
export const newId = (
  { cells, planned, prefix }: ProjectCells,
  { parent, count }: { readonly parent?: string | undefined; readonly count: number },
): string => {
  const isTaken = (id: string) => cells.has(id) || planned.has(id);
  return parent === undefined ? cellId(prefix, count, isTaken) : childId(parent, isTaken);
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
  byNumber.compare(left.id, right.id);

/** Kept, since making one takes longer than many comparisons. */
const byNumber = new Intl.Collator("en", { numeric: true });

const compare = (left: string, right: string) => (left < right ? -1 : left > right ? 1 : 0);

const decodeSetting = Schema.decodeUnknownSync(
  Schema.Struct({ project: Schema.String, setting: Schema.String, value: Schema.String }),
);
const decodeField = Schema.decodeUnknownSync(
  Schema.Struct({
    project: Schema.String,
    cell: Schema.String,
    field: Schema.String,
    value: Schema.Json,
    stamp: Schema.String,
  }),
);
const decodeDependency = Schema.decodeUnknownSync(
  Schema.Struct({
    project: Schema.String,
    cell: Schema.String,
    depends_on_id: Schema.String,
    type: Schema.String,
    stamp: Schema.String,
    created_at: Schema.String,
    created_by: Schema.String,
    seq: Schema.Int,
  }),
);
