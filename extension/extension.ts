/**
 * The extension's entry: it only wires. Each line is one part, named as its file; a part gets `Vibe` and gives what
 * is to be disposed of.
 */
import * as vscode from "vscode";
import { cancelSwarm } from "./commands/cells/cancelSwarm.ts";
import { closeCell } from "./commands/cells/closeCell.ts";
import { copyCellId } from "./commands/cells/copyCellId.ts";
import { messageAgent } from "./commands/cells/messageAgent.ts";
import { openCheckout } from "./commands/cells/openCheckout.ts";
import { openCheckoutTerminal } from "./commands/cells/openCheckoutTerminal.ts";
import { reopenCell } from "./commands/cells/reopenCell.ts";
import { resumeSwarm } from "./commands/cells/resumeSwarm.ts";
import { retryCell } from "./commands/cells/retryCell.ts";
import { startCell } from "./commands/cells/startCell.ts";
import { doctor } from "./commands/doctor.ts";
import { removeEverything } from "./commands/removeEverything.ts";
import { restartDaemon } from "./commands/restartDaemon.ts";
import { showLog } from "./commands/showLog.ts";
import { mcpServers } from "./mcp/mcpServers.ts";
import { plans } from "./plan/plans.ts";
import { makeProbe, type Probe } from "./probe.ts";
import { followContext } from "./project/followContext.ts";
import { openProjects } from "./project/Projects.ts";
import { reservedFiles } from "./reserved/reservedFiles.ts";
import { runAct } from "./runAct.ts";
import { startSwarm } from "./start/startSwarm.ts";
import { statusBar } from "./statusBar/statusBar.ts";
import { textPages } from "./text/TextPages.ts";
import { setTranslation } from "./text/t.ts";
import type { Vibe } from "./Vibe.ts";
import { agentsAndLanding } from "./views/agentsAndLanding.ts";
import { hiveView } from "./views/hive/hiveView.ts";

const parts: ReadonlyArray<(vibe: Vibe) => vscode.Disposable> = [
  followContext,
  showLog,
  textPages,
  plans,
  startSwarm,
  mcpServers,
  restartDaemon,
  doctor,
  removeEverything,
  hiveView,
  agentsAndLanding,
  statusBar,
  reservedFiles,
  cancelSwarm,
  closeCell,
  copyCellId,
  messageAgent,
  openCheckout,
  openCheckoutTerminal,
  reopenCell,
  resumeSwarm,
  retryCell,
  startCell,
];

/** The probe is there for tests only. */
export const activate = async (context: vscode.ExtensionContext): Promise<Probe | undefined> => {
  setTranslation(vscode.l10n.t);
  const log = vscode.window.createOutputChannel("OpenCode Vibe", { log: true });
  const projects = openProjects(log);
  const vibe: Vibe = {
    context,
    projects,
    log,
    probe: process.env.OCVIBE_TEST === undefined ? undefined : makeProbe(),
    run: (act) => runAct(log, act),
  };
  context.subscriptions.push(log, projects, ...parts.map((part) => part(vibe)));
  // The parts are there already, and are told of what is found.
  await projects.refresh();
  return vibe.probe;
};
