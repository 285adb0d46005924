/** Shows a plan's lenses. Each carries the version that it was made for, so that a late click approves nothing else. */
import * as vscode from "vscode";
import { commandIds } from "../commands/commandIds.ts";
import { t } from "../text/t.ts";
import { draftOf, planScheme } from "./PlanDrafts.ts";
import { type PlanDocuments, planSelector } from "./planDocuments.ts";
import { type PlanAction, planLenses } from "./planLenses.ts";

/** What a lens does that is no command of the palette's. */
export const planLensCommand = "_vibe.planLens";

export const planLensProvider = (documents: PlanDocuments): vscode.Disposable => {
  const changes = new vscode.EventEmitter<void>();
  const provider: vscode.CodeLensProvider = {
    onDidChangeCodeLenses: changes.event,
    provideCodeLenses: (document) => {
      const { version, verdict, counts } = documents.seen(document);
      const isDraft = document.uri.scheme === planScheme;
      return planLenses(document.getText(), verdict, counts, { isDraft }).map(
        ({ offset, title, action }) =>
          new vscode.CodeLens(
            new vscode.Range(document.positionAt(offset), document.positionAt(offset)),
            commandOf(title, action, document.uri, version),
          ),
      );
    },
  };
  return vscode.Disposable.from(
    changes,
    documents.onDidJudge(() => changes.fire()),
    vscode.languages.registerCodeLensProvider([...planSelector], provider),
    vscode.languages.registerCodeLensProvider(
      { scheme: planScheme, pattern: "**/*.vibe-task.md" },
      { provideCodeLenses: taskLenses },
    ),
  );
};

const commandOf = (
  title: string,
  action: PlanAction | undefined,
  uri: vscode.Uri,
  version: number,
): vscode.Command => {
  switch (action) {
    case undefined:
      return { title, command: "" };
    case "approve":
      return { title, command: commandIds.approvePlan, arguments: [uri, version] };
    case "cancel":
      return { title, command: commandIds.cancelPlan, arguments: [uri] };
    default:
      return { title, command: planLensCommand, arguments: [action, uri] };
  }
};

/** A long task: what it is written for, and the way out. */
const taskLenses = ({
  uri,
}: vscode.TextDocument): ReadonlyArray<vscode.CodeLens> & Array<vscode.CodeLens> => {
  if (draftOf(uri) === undefined) return [];
  const top = new vscode.Range(0, 0, 0, 0);
  return [
    new vscode.CodeLens(top, {
      title: `$(rocket) ${t("Make a plan of this")}`,
      command: commandIds.planTask,
      arguments: [uri],
    }),
    new vscode.CodeLens(top, { title: t("Cancel"), command: commandIds.cancelPlan, arguments: [uri] }),
  ];
};
