/** In Restricted Mode nothing is spawned: what would start something says so, with the way out. */
import * as vscode from "vscode";
import { t } from "../text/t.ts";

export const requireTrust = (): boolean => {
  if (vscode.workspace.isTrusted) return true;
  void tell();
  return false;
};

const tell = async () => {
  const manage = t("Manage Trust");
  const answer = await vscode.window.showInformationMessage(
    t("This folder is in Restricted Mode, where Vibe starts nothing. Trust it to go on."),
    manage,
  );
  if (answer === manage) await vscode.commands.executeCommand("workbench.trust.manage");
};
