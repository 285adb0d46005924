/**
 * The cell that a command is about: the one of the node it was called on, else one that the person chooses from those
 * that fit.
 */
import * as vscode from "vscode";
import type { Project } from "../../project/Project.ts";
import { asPlainText } from "../../text/sanitise.ts";
import { t } from "../../text/t.ts";
import type { Vibe } from "../../Vibe.ts";
import { titleOf } from "../../views/hive/cellItem.ts";
import { cellState } from "../../views/hive/cellState.ts";
import { cellWords } from "../../views/hive/cellWords.ts";
import { type HiveEntry, hiveTree } from "../../views/hive/hiveTree.ts";

export interface ChosenCell {
  readonly project: Project;
  readonly entry: HiveEntry;
}

export interface CellChoice {
  /** What the command was called with. */
  readonly argument: unknown;
  readonly placeholder: string;
  /** A word of `cellWords` that a cell must have; all fit when left out. */
  readonly word?: string;
  /** Said when no cell fits. */
  readonly none: string;
}

export const chosenCell = async (
  { projects }: Vibe,
  { argument, placeholder, word, none }: CellChoice,
): Promise<ChosenCell | undefined> => {
  if (isCellRef(argument)) {
    const project = projects.all().find(({ commonDir }) => commonDir === argument.project);
    const entry = project && hiveTree(project.model()).entries.get(argument.cell);
    if (project !== undefined && entry !== undefined) return { project, entry };
    void vscode.window.showInformationMessage(
      t("The cell {0} is not there any more.", asPlainText(argument.cell, 80)),
    );
    return undefined;
  }
  const items = projects.all().flatMap((project) => {
    const tree = hiveTree(project.model());
    return inOrder(tree)
      .map((id) => tree.entries.get(id)!)
      .filter((entry) => word === undefined || cellWords(entry).split(" ").includes(word))
      .map((entry) => quickPickItem(project, entry));
  });
  if (items.length === 0) {
    void vscode.window.showInformationMessage(none);
    return undefined;
  }
  return vscode.window.showQuickPick(items, { placeHolder: placeholder, matchOnDescription: true });
};

const isCellRef = (value: unknown): value is { readonly project: string; readonly cell: string } =>
  typeof value === "object" &&
  value !== null &&
  typeof (value as { project?: unknown }).project === "string" &&
  typeof (value as { cell?: unknown }).cell === "string";

/** As the tree shows them, from its top down. */
const inOrder = (tree: ReturnType<typeof hiveTree>): ReadonlyArray<string> => {
  const found: Array<string> = [];
  const add = (id: string): void => {
    found.push(id);
    tree.childrenOf(id).forEach(add);
  };
  tree.childrenOf(undefined).forEach(add);
  return found;
};

const quickPickItem = (project: Project, entry: HiveEntry) => {
  const { word, icon, colour } = cellState(entry);
  return {
    label: titleOf(entry),
    description: `${asPlainText(entry.id, 80)} · ${word}`,
    iconPath: new vscode.ThemeIcon(
      icon.replace("~spin", ""),
      colour === undefined ? undefined : new vscode.ThemeColor(colour),
    ),
    project,
    entry,
  };
};
