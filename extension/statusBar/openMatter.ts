/** Leads to what matters now: what a click on the status bar does. */
import * as vscode from "vscode";
import { commandIds } from "../commands/commandIds.ts";
import type { Matter } from "./swarmStatus.ts";

export const openMatter = async (matter: Matter): Promise<void> => {
  switch (matter.kind) {
    case "start":
      await vscode.commands.executeCommand(commandIds.startSwarm);
      return;
    case "trust":
      await vscode.commands.executeCommand("workbench.trust.manage");
      return;
    case "down":
      await vscode.commands.executeCommand(commandIds.restartDaemon);
      return;
    case "question":
      await vscode.commands.executeCommand(commandIds.answerQuestion);
      return;
    case "cell":
      await vscode.commands.executeCommand(commandIds.showCell, matter);
      return;
    case "landing":
    case "landed":
      await vscode.commands.executeCommand("vibe.landing.focus");
      return;
    case "planning":
    case "checkout":
      await vscode.commands.executeCommand("vibe.hive.focus");
      return;
  }
};
