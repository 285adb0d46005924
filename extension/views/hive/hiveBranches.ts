/**
 * The view's projects: collects what changed in each, and says at most four times a second which nodes are to be
 * drawn again. It knows nothing of the editor.
 */
import type { Project } from "../../project/Project.ts";
import type { ModelChange } from "../../project/ProjectModel.ts";
import { type HiveNode, type HiveNodes, hiveNodes } from "./HiveNode.ts";
import { type HiveBranch, hiveBranch, type Refresh } from "./hiveBranch.ts";
import type { HiveFilter } from "./hiveTree.ts";
import { refreshQueue } from "./refreshQueue.ts";

/** Of a project, what the view needs. */
export type HiveProject = Pick<Project, "commonDir" | "root" | "model" | "state">;

export interface HiveBranches {
  readonly nodes: HiveNodes;
  /** The projects that the view shows: one that was never used with us has nothing to show. */
  readonly shown: () => ReadonlyArray<HiveProject>;
  readonly find: (commonDir: string) => HiveProject | undefined;
  readonly branchOf: (project: HiveProject) => HiveBranch;
  /** What cells of a project's top are below: nothing, where there is one project only. */
  readonly topOf: (commonDir: string) => HiveNode | undefined;
  readonly changed: (project: HiveProject, change: ModelChange) => void;
  /** The projects, what is being planned or the filter are others. */
  readonly changedAll: () => void;
  /** Time went on. */
  readonly tick: () => void;
  readonly showMore: (commonDir: string, parent: string | undefined) => void;
  /** The node of a cell, made reachable: whether it is closed or beyond *Show more*. Undefined when there is none. */
  readonly reach: (commonDir: string, cell: string) => HiveNode | undefined;
  /** Something changed that was not drawn yet. */
  readonly isPending: () => boolean;
  readonly dispose: () => void;
}

/** Milliseconds between two refreshes. */
export const refreshPause = 250;

export const hiveBranches = (options: {
  readonly projects: { readonly all: () => ReadonlyArray<HiveProject> };
  readonly hidesClosed: () => boolean;
  /** Is given what must be drawn again; undefined is everything. */
  readonly redraw: (nodes: ReadonlyArray<HiveNode> | undefined) => void;
}): HiveBranches => {
  const { projects, hidesClosed, redraw } = options;
  const nodes = hiveNodes();
  const branches = new Map<string, { readonly branch: HiveBranch; filter: HiveFilter }>();
  /** Cells by project that may be others since the last refresh; undefined is everything of it. */
  let pending = new Map<string, Set<string> | undefined>();
  let everything = false;

  const find = (commonDir: string) => projects.all().find((project) => project.commonDir === commonDir);
  const shown = () => projects.all().filter((project) => project.state() !== "new");

  const known = (project: HiveProject) => {
    const old = branches.get(project.commonDir);
    if (old !== undefined) return old;
    const filter: HiveFilter = { hideClosed: hidesClosed(), keep: new Set() };
    const made = { branch: hiveBranch(project.model(), filter), filter };
    branches.set(project.commonDir, made);
    return made;
  };

  const topOf = (commonDir: string) => (shown().length > 1 ? nodes.project(commonDir) : undefined);

  const catchUp = (project: HiveProject, changed: ReadonlySet<string> | undefined): Refresh => {
    const { branch, filter } = known(project);
    return branch.update({ model: project.model(), filter, changed, now: Date.now() });
  };

  const nodesOf = (commonDir: string, { parents, cells, rests }: Refresh) => [
    ...[...parents].map((parent) =>
      parent === undefined ? topOf(commonDir) : nodes.cell(commonDir, parent),
    ),
    ...[...cells].map((cell) => nodes.cell(commonDir, cell)),
    ...[...rests].map((parent) => nodes.more(commonDir, parent)),
  ];

  const draw = () => {
    const [all, changes] = [everything, pending];
    everything = false;
    pending = new Map();
    for (const key of all ? [...branches.keys()] : []) if (find(key) === undefined) branches.delete(key);
    const again = projects.all().flatMap((project) => {
      const { commonDir } = project;
      if (!all && !changes.has(commonDir)) return [];
      return nodesOf(commonDir, catchUp(project, all ? undefined : changes.get(commonDir)));
    });
    const isDefined = (node: HiveNode | undefined) => node !== undefined;
    if (all || !again.every(isDefined)) redraw(undefined);
    else if (again.length > 0) redraw(again);
  };

  const queue = refreshQueue(draw, refreshPause);

  const suspect = (commonDir: string, cells: ReadonlyArray<string> | undefined) => {
    const old = pending.get(commonDir);
    if (cells === undefined) pending.set(commonDir, undefined);
    else if (old !== undefined || !pending.has(commonDir))
      pending.set(commonDir, new Set([...(old ?? []), ...cells]));
    queue.ask();
  };

  return {
    nodes,
    shown,
    find,
    branchOf: (project) => known(project).branch,
    topOf,
    changed: (project, { whole, cells, swarms, lines }) => {
      if (whole) {
        everything = true;
        queue.ask();
        return;
      }
      const subtasks = [...swarms].flatMap(
        (epic) =>
          project
            .model()
            .swarms.get(epic)
            ?.subtasks.map(({ id }) => id) ?? [],
      );
      const suspects = [...cells, ...lines, ...swarms, ...subtasks];
      if (suspects.length > 0) suspect(project.commonDir, suspects);
    },
    changedAll: () => {
      for (const one of branches.values())
        if (one.filter.hideClosed !== hidesClosed())
          one.filter = { hideClosed: hidesClosed(), keep: new Set() };
      everything = true;
      queue.ask();
      queue.flush();
    },
    tick: () => {
      for (const project of shown()) suspect(project.commonDir, undefined);
    },
    showMore: (commonDir, parent) => {
      const project = find(commonDir);
      if (project === undefined) return;
      known(project).branch.showMore(parent);
      const node = parent === undefined ? topOf(commonDir) : nodes.cell(commonDir, parent);
      redraw(node === undefined ? undefined : [node]);
    },
    reach: (commonDir, cell) => {
      const project = find(commonDir);
      if (project === undefined) return undefined;
      const one = known(project);
      if (one.filter.hideClosed) one.filter = { hideClosed: true, keep: new Set([...one.filter.keep, cell]) };
      catchUp(project, undefined);
      if (one.branch.entry(cell) === undefined) return undefined;
      one.branch.uncover(cell);
      redraw(undefined);
      return nodes.cell(commonDir, cell);
    },
    isPending: queue.isPending,
    dispose: queue.dispose,
  };
};
