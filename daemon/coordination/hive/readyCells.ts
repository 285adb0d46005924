/**
 * Which cells are ready: open, with no open blocker, their own or inherited from the cells they belong to. Kept
 * up to date change by change: only the changed cell, what waits for it, and what belongs to those is looked at
 * again.
 */
import type { Fields } from "./cellFields.ts";

export interface Dependency {
  readonly depends_on_id: string;
  readonly type: string;
  readonly created_at: string;
  readonly created_by: string;
}

export interface Cell {
  readonly id: string;
  readonly fields: Fields;
  readonly dependencies: ReadonlyArray<Dependency>;
}

/** What a cell waits for. */
interface Edges {
  readonly blockers: ReadonlyArray<string>;
  readonly parents: ReadonlyArray<string>;
}

const none: Edges = { blockers: [], parents: [] };

export interface ReadyCells {
  /** To be called after a cell was added or changed. */
  readonly changed: (id: string) => void;
  readonly ids: ReadonlySet<string>;
  /** Why a cell is not ready, each reason a phrase; empty when it is. */
  readonly reasons: (id: string) => ReadonlyArray<string>;
  /** These, and every cell whose readiness, or the reasons against it, may be others since these changed. */
  readonly affected: (ids: Iterable<string>) => ReadonlyArray<string>;
  /** The chain by which `from` waits, even indirectly, for `to`; both ends included. */
  readonly chain: (from: string, to: string) => ReadonlyArray<string> | undefined;
}

export const readyCells = (cells: ReadonlyMap<string, Cell>): ReadyCells => {
  const edges = new Map<string, Edges>();
  const waiting = new Map<string, Set<string>>();
  const children = new Map<string, Set<string>>();
  const ids = new Set<string>();

  /** The cell and what it belongs to, nearest first. A cycle, which an import may bring, ends the climb. */
  const lineage = (id: string): ReadonlyArray<string> =>
    closure([id], (one) => (edges.get(one) ?? none).parents);
  const descendants = (start: Iterable<string>) => closure(start, (one) => children.get(one) ?? []);
  const blocks = (id: string) => !isDone(cells.get(id));

  const reasons = (id: string): ReadonlyArray<string> => {
    const cell = cells.get(id);
    if (cell === undefined) return ["it is not in this hive"];
    const own = cell.fields.status === "open" ? [] : [`it is ${statusOf(cell)}`];
    const blocked = lineage(id).flatMap((one) =>
      (edges.get(one) ?? none).blockers.filter(blocks).map((blocker) => {
        const known = cells.get(blocker);
        const what =
          known === undefined ? `${blocker}, which is not in this hive` : `${blocker} (${statusOf(known)})`;
        return one === id ? `it waits for ${what}` : `${one}, to which it belongs, waits for ${what}`;
      }),
    );
    return [...own, ...blocked];
  };

  const isReady = (id: string): boolean =>
    cells.get(id)?.fields.status === "open" &&
    !lineage(id).some((one) => (edges.get(one) ?? none).blockers.some(blocks));

  const affected = (ids: Iterable<string>) =>
    descendants([...ids].flatMap((id) => [id, ...(waiting.get(id) ?? [])]));

  const changed = (id: string) => {
    const before = edges.get(id) ?? none;
    const after = edgesOf(cells.get(id));
    edges.set(id, after);
    for (const one of before.blockers) waiting.get(one)?.delete(id);
    for (const one of before.parents) children.get(one)?.delete(id);
    for (const one of after.blockers) addTo(waiting, one, id);
    for (const one of after.parents) addTo(children, one, id);
    for (const one of affected([id])) {
      if (isReady(one)) ids.add(one);
      else ids.delete(one);
    }
  };

  const chain = (from: string, to: string): ReadonlyArray<string> | undefined => {
    const cameFrom = new Map<string, string | undefined>([[from, undefined]]);
    for (const one of cameFrom.keys()) {
      if (one === to) {
        const path: Array<string> = [];
        for (let at: string | undefined = to; at !== undefined; at = cameFrom.get(at)) path.unshift(at);
        return path;
      }
      const { blockers, parents } = edges.get(one) ?? none;
      for (const next of [...blockers, ...parents]) if (!cameFrom.has(next)) cameFrom.set(next, one);
    }
    return undefined;
  };

  return { changed, ids, reasons, affected, chain };
};

/** Everything reached from `start`, it included, nearest first. */
const closure = (start: Iterable<string>, next: (id: string) => Iterable<string>): ReadonlyArray<string> => {
  const found = new Set(start);
  for (const one of found) for (const further of next(one)) found.add(further);
  return [...found];
};

const addTo = (map: Map<string, Set<string>>, key: string, value: string) => {
  const values = map.get(key) ?? new Set();
  map.set(key, values.add(value));
};

export const statusOf = (cell: Cell): string => String(cell.fields.status ?? "open");

const isDone = (cell: Cell | undefined): boolean => cell !== undefined && isDoneStatus(cell.fields.status);

export const isDoneStatus = (status: unknown): boolean => status === "closed" || status === "tombstone";

export const parentOf = (cell: Cell): string | null =>
  typeof cell.fields.parent_id === "string" ? cell.fields.parent_id : null;

/** What a cell waits for or belongs to: whether it is ready can't be said without these. */
export const leansOn = (cell: Cell): ReadonlyArray<string> => {
  const { blockers, parents } = edgesOf(cell);
  return [...blockers, ...parents];
};

/** Of beads' kinds, `blocks` holds a cell up and `parent-child` hands its blockers down; the others only relate. */
const edgesOf = (cell: Cell | undefined): Edges => {
  if (cell === undefined) return none;
  const of = (type: string) =>
    cell.dependencies.filter((one) => one.type === type).map((one) => one.depends_on_id);
  const parent = parentOf(cell);
  return { blockers: of("blocks"), parents: [...(parent === null ? [] : [parent]), ...of("parent-child")] };
};
