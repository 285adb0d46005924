/** The Hive view: the tree of cells, its badge, and the commands that need the tree. */
import * as vscode from "vscode";
import { goToCell } from "../../commands/cells/goToCell.ts";
import { showCell } from "../../commands/cells/showCell.ts";
import { commandIds } from "../../commands/commandIds.ts";
import { onDidChangePlannings, planningsUnderWay } from "../../start/planning.ts";
import { t } from "../../text/t.ts";
import type { Vibe } from "../../Vibe.ts";
import type { CellRef, HiveNode } from "./HiveNode.ts";
import { hiveProvider } from "./HiveProvider.ts";
import { hiveBranches } from "./hiveBranches.ts";
import { hiveSnapshot } from "./hiveSnapshot.ts";
import { waitsForYou } from "./waitsForYou.ts";

/** Selects a cell in the view. False when there is no such cell any more. */
export type Reveal = (cell: CellRef) => Promise<boolean>;

const hidesClosedKey = "vibe.hidesClosed";
/** Milliseconds between two looks at what has taken how long. */
const tickPause = 30_000;

export const hiveView = (vibe: Vibe): vscode.Disposable => {
  const { projects, context, probe } = vibe;
  const redrawn = new vscode.EventEmitter<HiveNode | Array<HiveNode> | undefined>();
  const hidesClosed = () => context.workspaceState.get(hidesClosedKey, false);
  const branches = hiveBranches({
    projects,
    hidesClosed,
    redraw: (nodes) => redrawn.fire(nodes === undefined ? undefined : [...nodes]),
  });
  const provider = hiveProvider({
    branches,
    state: projects.state,
    plannings: planningsUnderWay,
    redrawn: redrawn.event,
  });
  const tree = vscode.window.createTreeView("vibe.hive", {
    treeDataProvider: provider,
    showCollapseAll: true,
  });

  const reveal: Reveal = async ({ project, cell }) => {
    const node = branches.reach(project, cell);
    if (node === undefined) return false;
    await tree.reveal(node, { select: true, focus: true, expand: true });
    return true;
  };

  const setHidesClosed = async (hides: boolean) => {
    await context.workspaceState.update(hidesClosedKey, hides);
    await vscode.commands.executeCommand("setContext", hidesClosedKey, hides);
    branches.changedAll();
  };

  const say = () => {
    const waiting = projects.all().reduce((sum, project) => sum + waitsForYou(project.model()).length, 0);
    if (waiting !== (tree.badge?.value ?? 0))
      tree.badge =
        waiting === 0
          ? undefined
          : {
              value: waiting,
              tooltip: waiting === 1 ? t("1 thing waits for you") : t("{0} things wait for you", waiting),
            };
    const isPaused = projects.state() === "live" && projects.all().some((project) => project.model().paused);
    // The welcome text, which says what to do about a daemon that is down, is hidden by any message.
    const message = isPaused ? t("Paused: no new agents are started.") : "";
    if ((tree.message ?? "") !== message) tree.message = message;
  };

  const ticking = setInterval(() => tree.visible && branches.tick(), tickPause);
  void vscode.commands.executeCommand("setContext", hidesClosedKey, hidesClosed());
  say();
  probe?.pending(branches.isPending);
  probe?.set("hive", () => hiveSnapshot(provider));
  probe?.set("hiveBadge", () => tree.badge?.value ?? 0);
  probe?.set("hiveSelection", () => tree.selection.map(({ id }) => id));

  return vscode.Disposable.from(
    redrawn,
    tree,
    branches,
    { dispose: () => clearInterval(ticking) },
    projects.onDidChange(({ project, change }) => {
      branches.changed(project, change);
      say();
    }),
    projects.onDidChangeProjects(() => {
      branches.changedAll();
      say();
    }),
    onDidChangePlannings(branches.changedAll),
    vscode.commands.registerCommand(commandIds.hideClosed, () => setHidesClosed(true)),
    vscode.commands.registerCommand(commandIds.showClosed, () => setHidesClosed(false)),
    vscode.commands.registerCommand(
      commandIds.showMoreCells,
      (node: HiveNode) => node.kind === "more" && branches.showMore(node.project, node.parent),
    ),
    goToCell(vibe, reveal),
    showCell(vibe, reveal),
  );
};
