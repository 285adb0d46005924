/** Plan documents: the file system they live on, what is seen in them, and the commands of their lenses and buttons. */
import * as vscode from "vscode";
import { registerApprovePlan } from "../start/registerApprovePlan.ts";
import type { Vibe } from "../Vibe.ts";
import { draftStore } from "./PlanDrafts.ts";
import { planCommands } from "./planCommands.ts";
import { planCompletionProvider } from "./planCompletionProvider.ts";
import { watchPlanDocuments } from "./planDocuments.ts";
import { planFileSystem } from "./planFileSystem.ts";
import { planLensProvider } from "./planLensProvider.ts";

export const plans = (vibe: Vibe): vscode.Disposable => {
  const documents = watchPlanDocuments(vibe);
  // Drafts of an earlier session are waiting; a view that shows them is told when they are read.
  void vibe.run(() => draftStore(vibe.context));
  return vscode.Disposable.from(
    planFileSystem(vibe),
    documents,
    planLensProvider(documents),
    planCompletionProvider(documents),
    planCommands(vibe, documents),
    registerApprovePlan(vibe, documents),
  );
};
