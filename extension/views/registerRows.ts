/**
 * A tree view over rows (`Row.ts`). It is built anew at most four times a second, and only while somebody sees it; of
 * what was built, the editor is told of the rows that are others than before.
 */
import * as vscode from "vscode";
import { drawnRows } from "./drawnRows.ts";
import { childIds, type Row, type RowRef, type RowTree } from "./Row.ts";

export interface RowsView extends vscode.Disposable {
  /** Something changed that the rows are made of. */
  readonly refresh: () => void;
  /** What is shown now, and whether something changed that is not shown yet: for tests. */
  readonly tree: () => RowTree;
  readonly isPending: () => boolean;
}

/** Milliseconds. */
const atMostEvery = 250;

export const registerRows = (options: {
  readonly viewId: string;
  readonly build: () => ReadonlyArray<Row>;
  /** Gets what a row needs that has its children `later`; the rows are built anew after that. */
  readonly load?: (ref: RowRef) => Promise<void>;
}): RowsView => {
  const { viewId, build, load } = options;
  const changed = new vscode.EventEmitter<RowRef | undefined>();
  const rows = drawnRows(build);
  // The editor knows nodes by identity: one object for each id.
  const refs = new Map<string, RowRef>();
  let timer: NodeJS.Timeout | undefined;

  const refOf = (id: string): RowRef | undefined => {
    const ref = refs.get(id) ?? rows.current().rows.get(id)?.ref;
    if (ref !== undefined) refs.set(id, ref);
    return ref;
  };
  const refsOf = (ids: ReadonlyArray<string>) => ids.flatMap((id) => refOf(id) ?? []);

  const provider: vscode.TreeDataProvider<RowRef> = {
    onDidChangeTreeData: changed.event,
    getTreeItem: ({ id }) => itemOf(rows.current().rows.get(id), id),
    getChildren: async (parent) => {
      if (parent === undefined) return refsOf(rows.current().roots);
      if (rows.current().rows.get(parent.id)?.later === true) {
        await load?.(parent);
        rows.outdate();
      }
      return refsOf(childIds(rows.current(), parent.id));
    },
  };
  const view = vscode.window.createTreeView(viewId, { treeDataProvider: provider, showCollapseAll: true });

  const draw = () => {
    timer = undefined;
    if (!view.visible) return;
    const ids = rows.draw();
    for (const id of refs.keys()) if (!rows.current().rows.has(id)) refs.delete(id);
    for (const id of ids) changed.fire(id === undefined ? undefined : refOf(id));
  };
  const soon = () => {
    timer ??= setTimeout(draw, atMostEvery);
  };
  const seen = view.onDidChangeVisibility(({ visible }) => {
    if (visible) soon();
  });

  return {
    refresh: () => {
      rows.outdate();
      if (view.visible) soon();
    },
    tree: rows.current,
    isPending: () => timer !== undefined,
    dispose: () => {
      clearTimeout(timer);
      seen.dispose();
      view.dispose();
      changed.dispose();
    },
  };
};

const itemOf = (row: Row | undefined, id: string): vscode.TreeItem => {
  const { None, Collapsed, Expanded } = vscode.TreeItemCollapsibleState;
  // It went while the editor was about to draw it, and is not shown for longer than that.
  if (row === undefined) return { id, label: "", collapsibleState: None };
  const { label, description, icon, colour, tooltip, words, children, later, open, click, ref } = row;
  const isLeaf = children === undefined && later !== true;
  const item = new vscode.TreeItem(label, isLeaf ? None : open === true ? Expanded : Collapsed);
  item.id = id;
  item.iconPath = new vscode.ThemeIcon(
    icon,
    colour === undefined ? undefined : new vscode.ThemeColor(colour),
  );
  if (description !== undefined) item.description = description;
  if (tooltip !== undefined) item.tooltip = textTooltip(tooltip);
  if (words !== undefined) item.contextValue = words;
  if (click !== undefined) item.command = { command: click, title: label, arguments: [ref] };
  return item;
};

/** Lines as text: what they say may come from an agent. */
const textTooltip = (lines: ReadonlyArray<string>): vscode.MarkdownString => {
  const text = new vscode.MarkdownString();
  for (const [index, line] of lines.entries()) {
    if (index > 0) text.appendMarkdown("  \n");
    text.appendText(line);
  }
  return text;
};
