/** Takes a draft away, with the editors that show it: without a question, since what is in it is done with. */
import * as vscode from "vscode";
import type { DraftStore } from "./DraftStore.ts";
import { draftIdOf } from "./PlanDrafts.ts";

export const closeDraft = async (drafts: DraftStore, document: vscode.TextDocument): Promise<void> => {
  const id = draftIdOf(document.uri);
  if (id === undefined) return;
  // An editor with unsaved text would ask.
  if (document.isDirty) await document.save();
  const key = document.uri.toString();
  const tabs = vscode.window.tabGroups.all
    .flatMap((group) => group.tabs)
    .filter(({ input }) => input instanceof vscode.TabInputText && input.uri.toString() === key);
  await vscode.window.tabGroups.close(tabs);
  await drafts.remove(id);
};
