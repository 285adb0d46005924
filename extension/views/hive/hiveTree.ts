/**
 * The cells of one project as a tree: what the hive says, and what the swarms say of the same cells. A pure function
 * of the model. Each cell is in it exactly once, whatever its parents are said to be. Children are sorted when they
 * are asked for, so that a large hive costs one pass.
 */
import type { CellView } from "../../../shared/contract/hiveRoutes.ts";
import type { SubtaskView, SwarmView } from "../../../shared/contract/swarmRoutes.ts";
import type { ProjectModel } from "../../project/ProjectModel.ts";

export interface HiveEntry {
  readonly id: string;
  /** Undefined when only a swarm knows it. */
  readonly cell: CellView | undefined;
  /** The swarm that it is the epic or a subtask of. */
  readonly swarm: SwarmView | undefined;
  /** Set for a subtask of that swarm, unset for its epic. */
  readonly subtask: SubtaskView | undefined;
}

export interface HiveTree {
  readonly entries: ReadonlyMap<string, HiveEntry>;
  readonly parentOf: (id: string) => string | undefined;
  /** What is shown below a cell, or at the top, in order. */
  readonly childrenOf: (parent: string | undefined) => ReadonlyArray<string>;
}

export interface HiveFilter {
  readonly hideClosed: boolean;
  /** Shown though it is closed: the person went to it. */
  readonly keep: ReadonlySet<string>;
}

export const showAll: HiveFilter = { hideClosed: false, keep: new Set() };

export const hiveTree = (
  model: Pick<ProjectModel, "cells" | "swarms">,
  filter: HiveFilter = showAll,
): HiveTree => {
  const entries = entriesOf(model);
  const parents = parentsOf(entries);
  const shown = filter.hideClosed ? unhidden(entries, parents, filter.keep) : undefined;
  const below = new Map<string | undefined, Array<string>>();
  for (const id of entries.keys()) {
    if (shown !== undefined && !shown.has(id)) continue;
    const parent = parents.get(id);
    const siblings = below.get(parent);
    if (siblings === undefined) below.set(parent, [id]);
    else siblings.push(id);
  }
  const sorted = new Map<string | undefined, ReadonlyArray<string>>();
  return {
    entries,
    parentOf: (id) => parents.get(id),
    childrenOf: (parent) => {
      const known = sorted.get(parent);
      if (known !== undefined) return known;
      const order = parent === undefined ? asRoots : asChildren;
      const children = (below.get(parent) ?? [])
        .map((id) => entries.get(id)!)
        .sort(order)
        .map(({ id }) => id);
      sorted.set(parent, children);
      return children;
    },
  };
};

export const isClosed = ({ cell, swarm, subtask }: HiveEntry): boolean =>
  cell !== undefined
    ? cell.status === "closed"
    : subtask !== undefined
      ? subtask.status === "merged" || subtask.status === "cancelled"
      : swarm !== undefined && isOver(swarm);

export const isOver = ({ status }: Pick<SwarmView, "status">): boolean => over.has(status);

const over: ReadonlySet<string> = new Set(["landed", "reverted", "cancelled", "discarded"]);

const entriesOf = ({
  cells,
  swarms,
}: Pick<ProjectModel, "cells" | "swarms">): ReadonlyMap<string, HiveEntry> => {
  const entries = new Map<string, HiveEntry>();
  for (const cell of cells.values()) {
    // A tombstone is what is left of a cell that was deleted.
    if (cell.status !== "tombstone")
      entries.set(cell.id, { id: cell.id, cell, swarm: undefined, subtask: undefined });
  }
  for (const swarm of swarms.values()) {
    entries.set(swarm.epic, { id: swarm.epic, cell: cells.get(swarm.epic), swarm, subtask: undefined });
    for (const subtask of swarm.subtasks)
      entries.set(subtask.id, { id: subtask.id, cell: cells.get(subtask.id), swarm, subtask });
  }
  return entries;
};

/** The parent of each cell that has one here. Of parents that go round in a circle, one is at the top. */
const parentsOf = (entries: ReadonlyMap<string, HiveEntry>): ReadonlyMap<string, string> => {
  const parents = new Map<string, string>();
  for (const entry of entries.values()) {
    const parent = namedParent(entry);
    if (parent !== undefined && entries.has(parent)) parents.set(entry.id, parent);
  }
  const settled = new Set<string>();
  for (const start of entries.keys()) {
    const path = new Set<string>();
    let at: string | undefined = start;
    while (at !== undefined && !settled.has(at)) {
      path.add(at);
      const up: string | undefined = parents.get(at);
      if (up !== undefined && path.has(up)) {
        parents.delete(at);
        break;
      }
      at = up;
    }
    for (const id of path) settled.add(id);
  }
  return parents;
};

const namedParent = ({ cell, swarm, subtask }: HiveEntry): string | undefined =>
  cell?.parent_id ??
  cell?.dependencies.find(({ type }) => type === "parent-child")?.depends_on_id ??
  (subtask === undefined ? undefined : swarm?.epic);

/** What is not closed, and what leads to it. */
const unhidden = (
  entries: ReadonlyMap<string, HiveEntry>,
  parents: ReadonlyMap<string, string>,
  keep: ReadonlySet<string>,
): ReadonlySet<string> => {
  const shown = new Set<string>();
  for (const entry of entries.values()) {
    if (isClosed(entry) && !keep.has(entry.id)) continue;
    for (let at: string | undefined = entry.id; at !== undefined && !shown.has(at); at = parents.get(at))
      shown.add(at);
  }
  return shown;
};

/** Swarms that are not over, the latest first; then open cells, the most urgent and oldest first; then the rest. */
const asRoots = (left: HiveEntry, right: HiveEntry): number => {
  const [first, second] = [rank(left), rank(right)];
  if (first !== second) return first - second;
  if (first === 0)
    return descending(left.swarm!.startedAt, right.swarm!.startedAt) || asChildren(left, right);
  if (first === 2) return descending(endOf(left), endOf(right)) || asChildren(left, right);
  return (left.cell?.priority ?? 2) - (right.cell?.priority ?? 2) || byAge(left, right);
};

const rank = (entry: HiveEntry): number =>
  isClosed(entry) ? 2 : entry.swarm !== undefined && !isOver(entry.swarm) ? 0 : 1;

/** In the order of the plan, which is that of the ids; those of other origin by age. */
const asChildren = (left: HiveEntry, right: HiveEntry): number => {
  const [first, second] = [position(left.id), position(right.id)];
  if (first !== undefined && second !== undefined && first !== second) return first - second;
  return byAge(left, right);
};

/** 12 of `a1b2.12`. */
const position = (id: string): number | undefined => {
  const digits = /\.(\d{1,9})$/.exec(id)?.[1];
  return digits === undefined ? undefined : Number(digits);
};

const byAge = (left: HiveEntry, right: HiveEntry): number =>
  ascending(bornAt(left), bornAt(right)) || ascending(left.id, right.id);

const bornAt = ({ cell, swarm }: HiveEntry): string =>
  textOf(cell?.fields.created_at) ?? swarm?.startedAt ?? "";

const endOf = ({ cell, swarm }: HiveEntry): string =>
  textOf(cell?.fields.closed_at) ?? swarm?.endedAt ?? swarm?.startedAt ?? "";

const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

const ascending = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);
const descending = (left: string, right: string): number => ascending(right, left);
