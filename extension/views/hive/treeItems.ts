/** The Hive view's nodes as the editor draws them. */
import { basename } from "node:path";
import * as vscode from "vscode";
import { commandIds } from "../../commands/commandIds.ts";
import { asPlainText } from "../../text/sanitise.ts";
import { t } from "../../text/t.ts";
import type { HiveItem } from "./cellItem.ts";
import type { HiveNode } from "./HiveNode.ts";
import { pageSize } from "./hiveBranch.ts";
import type { HiveProject } from "./hiveBranches.ts";

const { None, Collapsed, Expanded } = vscode.TreeItemCollapsibleState;

/** `shown` is undefined for a cell that went while the editor asked. */
export const cellTreeItem = ({ id }: HiveNode, shown: HiveItem | undefined): vscode.TreeItem => {
  const item = new vscode.TreeItem(shown?.label ?? "", None);
  item.id = id;
  if (shown === undefined) return item;
  if (shown.parent) item.collapsibleState = shown.open ? Expanded : Collapsed;
  item.description = shown.description;
  item.iconPath = new vscode.ThemeIcon(
    shown.icon,
    shown.colour === undefined ? undefined : new vscode.ThemeColor(shown.colour),
  );
  item.contextValue = shown.words;
  item.accessibilityInformation = { label: shown.spoken };
  return item;
};

export const projectTreeItem = ({ id }: HiveNode, project: HiveProject | undefined): vscode.TreeItem => {
  const item = new vscode.TreeItem(asPlainText(basename(project?.root ?? "")), Expanded);
  item.id = id;
  item.iconPath = new vscode.ThemeIcon("repo");
  item.contextValue = "project";
  item.tooltip = project?.root ?? "";
  return item;
};

export const planningTreeItem = ({ id }: HiveNode, task: string): vscode.TreeItem => {
  const item = new vscode.TreeItem(t("Planning…"), None);
  item.id = id;
  item.description = asPlainText(task, 120);
  item.iconPath = new vscode.ThemeIcon("loading~spin");
  item.contextValue = "planning";
  item.tooltip = asPlainText(task);
  return item;
};

export const moreTreeItem = (node: HiveNode, rest = 0): vscode.TreeItem => {
  const item = new vscode.TreeItem(t("Show {0} more", Math.min(rest, pageSize)), None);
  item.id = node.id;
  item.description = rest > pageSize ? t("of {0}", rest) : "";
  item.iconPath = new vscode.ThemeIcon("ellipsis");
  item.contextValue = "more";
  item.command = { command: commandIds.showMoreCells, title: t("Show More"), arguments: [node] };
  return item;
};
