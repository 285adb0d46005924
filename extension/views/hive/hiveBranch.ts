/**
 * What the view has been given of one project, and what of that is another after an update. So the editor is told of
 * exactly what changed, however large the hive is: it asks for the rest only when the person opens it.
 */
import type { ProjectModel } from "../../project/ProjectModel.ts";
import { cellItem, type HiveItem, sameItem } from "./cellItem.ts";
import { type HiveEntry, type HiveFilter, type HiveTree, hiveTree } from "./hiveTree.ts";

export type HiveModel = Pick<ProjectModel, "cells" | "swarms" | "lines">;

/** Children of one parent that are shown before *Show more*, and by each use of it. */
export const pageSize = 200;

export interface Page {
  readonly cells: ReadonlyArray<string>;
  /** How many there are besides. */
  readonly rest: number;
}

/** What the editor must ask for again. A parent stands for itself and what is below it; undefined is the top. */
export interface Refresh {
  readonly parents: ReadonlySet<string | undefined>;
  readonly cells: ReadonlySet<string>;
  /** Parents below which only the number of those that are not shown is another. */
  readonly rests: ReadonlySet<string | undefined>;
}

export interface HiveUpdate {
  readonly model: HiveModel;
  readonly filter: HiveFilter;
  /** Cells that may look different; undefined for all. */
  readonly changed: ReadonlySet<string> | undefined;
  readonly now: number;
}

export interface HiveBranch {
  readonly entry: (id: string) => HiveEntry | undefined;
  readonly tree: () => HiveTree;
  /** What the editor is given from now on counts as known to it. */
  readonly page: (parent: string | undefined) => Page;
  readonly item: (id: string, now: number) => HiveItem | undefined;
  readonly update: (update: HiveUpdate) => Refresh;
  /** The next page below a parent. The parent is to be refreshed. */
  readonly showMore: (parent: string | undefined) => void;
  /** Makes pages long enough for a cell to be on one; the parents whose pages grew. */
  readonly uncover: (id: string) => ReadonlySet<string | undefined>;
}

export const hiveBranch = (start: HiveModel, startFilter: HiveFilter): HiveBranch => {
  let model = start;
  let filter = startFilter;
  let tree = hiveTree(model, filter);
  const limits = new Map<string | undefined, number>();
  const givenPages = new Map<string | undefined, Page>();
  const givenItems = new Map<string, HiveItem>();
  /** Whether a node was open at first: from then on that is the person's, whatever becomes of the cell. */
  const openAtFirst = new Map<string, boolean>();

  const limitOf = (parent: string | undefined) => limits.get(parent) ?? pageSize;

  const pageOf = (parent: string | undefined): Page => {
    const all = tree.childrenOf(parent);
    const limit = limitOf(parent);
    // One line that says that there is one more is no shorter than that one.
    return all.length <= limit + 1
      ? { cells: all, rest: 0 }
      : { cells: all.slice(0, limit), rest: all.length - limit };
  };

  const itemOf = (id: string, now: number): HiveItem | undefined => {
    const entry = tree.entries.get(id);
    return entry === undefined
      ? undefined
      : cellItem(entry, { now, line: model.lines.get(id), parent: tree.childrenOf(id).length > 0 });
  };

  const page = (parent: string | undefined): Page => {
    const given = pageOf(parent);
    givenPages.set(parent, given);
    return given;
  };

  const item = (id: string, now: number): HiveItem | undefined => {
    const given = itemOf(id, now);
    if (given === undefined) return undefined;
    givenItems.set(id, given);
    // Of one that says that nothing is below it, the editor does not ask what is.
    if (!given.parent) givenPages.delete(id);
    const open = openAtFirst.get(id) ?? given.open;
    if (given.parent) openAtFirst.set(id, open);
    return { ...given, open };
  };

  /** The editor has it: on the page that it was given last, as is all that leads to it. */
  const isGiven = (id: string): boolean => {
    for (let at: string | undefined = id; at !== undefined; at = tree.parentOf(at))
      if (!givenPages.get(tree.parentOf(at))?.cells.includes(at)) return false;
    return true;
  };

  const changedPages = () => {
    const parents = new Set<string | undefined>();
    const rests = new Set<string | undefined>();
    for (const [parent, before] of givenPages) {
      const after = pageOf(parent);
      if (parent !== undefined && !tree.entries.has(parent)) givenPages.delete(parent);
      else if (!sameList(before.cells, after.cells) || (before.rest === 0) !== (after.rest === 0))
        parents.add(parent);
      else if (before.rest !== after.rest) {
        givenPages.set(parent, after);
        rests.add(parent);
      }
    }
    return { parents, rests };
  };

  const changedItems = (ids: Iterable<string>, now: number): Set<string> => {
    const found = new Set<string>();
    for (const id of ids) {
      const before = givenItems.get(id);
      if (before === undefined) continue;
      const after = itemOf(id, now);
      if (after === undefined) givenItems.delete(id);
      else if (!sameItem(before, after)) {
        givenItems.set(id, after);
        found.add(id);
      }
    }
    return found;
  };

  const update = (next: HiveUpdate): Refresh => {
    const before = tree;
    const refiltered = next.filter !== filter;
    const isOther = refiltered || next.model.cells !== model.cells || next.model.swarms !== model.swarms;
    model = next.model;
    filter = next.filter;
    if (isOther) tree = hiveTree(model, filter);
    const { parents, rests } = isOther
      ? changedPages()
      : { parents: new Set<undefined>(), rests: new Set<undefined>() };
    // What is hidden may leave any parent with nothing below it.
    const suspects =
      next.changed === undefined || refiltered
        ? givenItems.keys()
        : withAncestors(next.changed, before, tree);
    const cells = changedItems([...suspects], next.now);
    // A parent is asked for with all that is below it, and what is hidden by now not at all.
    for (const id of cells) if (isIn(tree, id, parents) || !isGiven(id)) cells.delete(id);
    for (const id of [...parents])
      if (id !== undefined && (isIn(tree, tree.parentOf(id), parents) || !isGiven(id))) parents.delete(id);
    for (const id of [...rests])
      if (isIn(tree, id, parents) || (id !== undefined && !isGiven(id))) rests.delete(id);
    return { parents, cells, rests };
  };

  const uncover = (id: string): ReadonlySet<string | undefined> => {
    const grown = new Set<string | undefined>();
    for (let at: string | undefined = id; at !== undefined; at = tree.parentOf(at)) {
      const parent = tree.parentOf(at);
      if (pageOf(parent).cells.includes(at)) continue;
      const place = tree.childrenOf(parent).indexOf(at);
      if (place < 0) continue;
      limits.set(parent, Math.ceil((place + 1) / pageSize) * pageSize);
      grown.add(parent);
    }
    return grown;
  };

  return {
    entry: (id) => tree.entries.get(id),
    tree: () => tree,
    page,
    item,
    update,
    showMore: (parent) => void limits.set(parent, limitOf(parent) + pageSize),
    uncover,
  };
};

/** The cells, and what they were and are below: whether a parent has something below it may depend on them. */
const withAncestors = (cells: ReadonlySet<string>, before: HiveTree, after: HiveTree): Set<string> => {
  const found = new Set<string>();
  for (const tree of [before, after]) {
    for (const cell of cells) {
      const seen = new Set<string>();
      for (let at: string | undefined = cell; at !== undefined && !seen.has(at); at = tree.parentOf(at)) {
        seen.add(at);
        found.add(at);
      }
    }
  }
  return found;
};

/** It is one of these, or below one; everything is below undefined. */
const isIn = (tree: HiveTree, id: string | undefined, parents: ReadonlySet<string | undefined>): boolean => {
  if (parents.has(undefined)) return true;
  for (let at = id; at !== undefined; at = tree.parentOf(at)) if (parents.has(at)) return true;
  return false;
};

const sameList = (left: ReadonlyArray<string>, right: ReadonlyArray<string>): boolean =>
  left === right || (left.length === right.length && left.every((one, index) => one === right[index]));
