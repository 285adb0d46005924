/** Answers what the editor asks of the Hive view. What is shown is decided in `hiveBranches.ts` and below. */
import type * as vscode from "vscode";
import type { WindowState } from "../../project/Projects.ts";
import type { Planning } from "../../start/planning.ts";
import { cellTooltip } from "./cellTooltip.ts";
import type { HiveNode } from "./HiveNode.ts";
import type { HiveBranches, HiveProject } from "./hiveBranches.ts";
import { showTooltip } from "./showTooltip.ts";
import { cellTreeItem, moreTreeItem, planningTreeItem, projectTreeItem } from "./treeItems.ts";

export interface HiveSource {
  readonly branches: HiveBranches;
  readonly state: () => WindowState;
  readonly plannings: () => ReadonlyArray<Planning>;
  readonly redrawn: vscode.Event<HiveNode | Array<HiveNode> | undefined>;
}

export const hiveProvider = (source: HiveSource): vscode.TreeDataProvider<HiveNode> => {
  const { branches, state, plannings, redrawn } = source;
  const { nodes, find, branchOf } = branches;

  const below = (project: HiveProject, parent: string | undefined): Array<HiveNode> => {
    const { cells, rest } = branchOf(project).page(parent);
    const children = cells.map((cell) => nodes.cell(project.commonDir, cell));
    return rest === 0 ? children : [...children, nodes.more(project.commonDir, parent)];
  };

  const top = (): Array<HiveNode> => {
    // Nothing is known of what does not answer; the welcome text says what to do, and is there while the tree is empty.
    if (state() === "down") return [];
    const projects = branches.shown();
    return [
      ...plannings().map(({ project, id }) => nodes.planning(project, id)),
      ...(projects.length > 1
        ? projects.map(({ commonDir }) => nodes.project(commonDir))
        : projects.flatMap((project) => below(project, undefined))),
    ];
  };

  return {
    onDidChangeTreeData: redrawn,
    getChildren: (node) => {
      if (node === undefined) return top();
      const project = find(node.project);
      if (project === undefined || node.kind === "more" || node.kind === "planning") return [];
      return below(project, node.kind === "cell" ? node.cell : undefined);
    },
    getParent: (node) => {
      const project = find(node.project);
      if (project === undefined || node.kind === "project" || node.kind === "planning") return undefined;
      const parent = node.kind === "more" ? node.parent : branchOf(project).tree().parentOf(node.cell);
      return parent === undefined ? branches.topOf(node.project) : nodes.cell(node.project, parent);
    },
    getTreeItem: (node) => {
      const project = find(node.project);
      switch (node.kind) {
        case "planning":
          return planningTreeItem(node, plannings().find(({ id }) => id === node.planning)?.task ?? "");
        case "project":
          return projectTreeItem(node, project);
        case "more":
          return moreTreeItem(node, project && branchOf(project).page(node.parent).rest);
        case "cell":
          return cellTreeItem(node, project && branchOf(project).item(node.cell, Date.now()));
      }
    },
    resolveTreeItem: (item, node) => {
      const project = find(node.project);
      if (node.kind !== "cell" || project === undefined) return item;
      const tree = branchOf(project).tree();
      const entry = tree.entries.get(node.cell);
      if (entry !== undefined) item.tooltip = showTooltip(cellTooltip(tree, entry, { now: Date.now() }));
      return item;
    },
  };
};
