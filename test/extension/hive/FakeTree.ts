/**
 * A tree view as the editor keeps one: it has what it was given, and asks again only for what it is told of, with
 * all that is below it.
 */
import type { HiveItem } from "../../../extension/views/hive/cellItem.ts";
import type { HiveBranch, Refresh } from "../../../extension/views/hive/hiveBranch.ts";

export interface FakeLine {
  readonly cell: string;
  item: HiveItem;
  below: ReadonlyArray<FakeLine>;
  rest: number;
}

export interface FakeTree {
  readonly top: { below: ReadonlyArray<FakeLine>; rest: number };
  /** How many items were asked for so far. */
  readonly asked: () => number;
  readonly refresh: (refresh: Refresh, now: number) => void;
  readonly find: (cell: string) => FakeLine | undefined;
}

/** Every node is open, so that everything counts. */
export const fakeTree = (branch: HiveBranch, now: number): FakeTree => {
  let asked = 0;
  const item = (cell: string, at: number): HiveItem => {
    asked += 1;
    return branch.item(cell, at)!;
  };
  /** What is below a node is asked for only when the node says that there is something. */
  const line = (cell: string, at: number): FakeLine => {
    const given = item(cell, at);
    return { cell, item: given, ...(given.parent ? below(cell, at) : { below: [], rest: 0 }) };
  };
  const below = (parent: string | undefined, at: number): Pick<FakeLine, "below" | "rest"> => {
    const { cells, rest } = branch.page(parent);
    return { below: cells.map((cell) => line(cell, at)), rest };
  };
  const top = below(undefined, now) as FakeTree["top"];
  const find = (cell: string, among = top.below): FakeLine | undefined => {
    for (const line of among) {
      const found = line.cell === cell ? line : find(cell, line.below);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return {
    top,
    asked: () => asked,
    find: (cell) => find(cell),
    refresh: ({ parents, cells, rests }, at) => {
      for (const parent of parents) {
        if (parent === undefined) Object.assign(top, below(undefined, at));
        else Object.assign(find(parent)!, line(parent, at));
      }
      for (const cell of cells) {
        const known = find(cell)!;
        const wasParent = known.item.parent;
        known.item = item(cell, at);
        if (known.item.parent !== wasParent) Object.assign(known, line(cell, at));
      }
      for (const parent of rests)
        (parent === undefined ? top : find(parent)!).rest = branch.page(parent).rest;
    },
  };
};
