/** The plan that a command is about: the one it was given (a lens, a title button), else the editor's in front. */
import * as vscode from "vscode";
import { isPlan } from "./planDocuments.ts";

export const findPlan = async (given: unknown): Promise<vscode.TextDocument | undefined> => {
  const uri = given instanceof vscode.Uri ? given : vscode.window.activeTextEditor?.document.uri;
  if (uri === undefined) return undefined;
  const document = await vscode.workspace.openTextDocument(uri);
  return isPlan(document) ? document : undefined;
};
