/** The commands of plan documents but the approval: cancel, save to the workspace, open a draft, and lenses' clicks. */
import * as vscode from "vscode";
import type { Proposal } from "../../shared/contract/swarmRoutes.ts";
import { commandIds } from "../commands/commandIds.ts";
import { asPlainText } from "../text/sanitise.ts";
import { showPage } from "../text/TextPages.ts";
import { t } from "../text/t.ts";
import { visibleText } from "../text/visibleText.ts";
import type { Vibe } from "../Vibe.ts";
import { closeDraft } from "./closeDraft.ts";
import { findPlan } from "./findPlan.ts";
import { draftOf, draftStore, draftUri } from "./PlanDrafts.ts";
import type { PlanDocuments } from "./planDocuments.ts";
import type { PlanAction } from "./planLenses.ts";
import { planLensCommand } from "./planLensProvider.ts";

export const planCommands = (vibe: Vibe, documents: PlanDocuments): vscode.Disposable => {
  const { context } = vibe;

  const cancel = async (given: unknown) => {
    const uri = given instanceof vscode.Uri ? given : vscode.window.activeTextEditor?.document.uri;
    const draft = uri === undefined ? undefined : draftOf(uri);
    if (uri === undefined || draft === undefined) return;
    const document = await vscode.workspace.openTextDocument(uri);
    // What a planner wrote can be had again; what a person wrote can't.
    const isTheirs = document.getText() !== draft.original;
    if (isTheirs && !(await throwAway(draft.name))) return;
    await closeDraft(await draftStore(context), document);
  };

  const save = async (given: unknown) => {
    const document = await findPlan(given);
    const draft = document === undefined ? undefined : draftOf(document.uri);
    if (document === undefined || draft === undefined) return;
    const target = await vscode.window.showSaveDialog({
      defaultUri: vscode.Uri.joinPath(vscode.Uri.file(draft.root), draft.name),
      filters: { [t("Plans")]: ["json"] },
      title: t("Save Plan to Workspace"),
    });
    if (target === undefined) return;
    await vscode.workspace.fs.writeFile(target, Buffer.from(document.getText()));
    await closeDraft(await draftStore(context), document);
    await vscode.window.showTextDocument(target, { preview: false });
  };

  const open = async () => {
    const drafts = (await draftStore(context)).all().toReversed();
    if (drafts.length === 0) {
      void vscode.window.showInformationMessage(t("There are no drafts of plans."));
      return;
    }
    const items = drafts.map((draft) => ({
      label: asPlainText(draft.name),
      description: new Date(draft.changedAt).toLocaleString(),
      detail: asPlainText(draft.task ?? "", 120),
      draft,
    }));
    const picked = await vscode.window.showQuickPick(items, { placeHolder: t("Which draft?") });
    if (picked !== undefined)
      await vscode.window.showTextDocument(draftUri(picked.draft), { preview: false });
  };

  const act = async (action: PlanAction, uri: vscode.Uri): Promise<unknown> => {
    const document = await vscode.workspace.openTextDocument(uri);
    const { verdict } = documents.seen(document);
    const proposal = verdict.kind === "good" ? verdict.proposal : undefined;
    switch (action) {
      case "retry":
        return documents.look(document);
      case "showFault":
        await vscode.window.showTextDocument(document);
        return vscode.commands.executeCommand("editor.action.marker.next");
      case "showUnseen":
        return proposal && showPage(t("Changes that agents will not see"), unseenPage(proposal));
      case "showChecks":
        return proposal && showPage(t("Checks"), checksPage(proposal));
      default:
        return undefined;
    }
  };

  const command = (id: string, run: (given: unknown) => Promise<unknown>) =>
    vscode.commands.registerCommand(id, (given: unknown) => vibe.run(() => run(given)));
  return vscode.Disposable.from(
    command(commandIds.cancelPlan, cancel),
    command(commandIds.savePlan, save),
    command(commandIds.openPlan, open),
    vscode.commands.registerCommand(planLensCommand, (action: PlanAction, uri: vscode.Uri) =>
      vibe.run(() => act(action, uri)),
    ),
  );
};

const unseenPage = ({ dirty }: Proposal): string =>
  visibleText(dirty.map(({ path, state }) => `${state}  ${path}\n`).join(""));

const checksPage = ({ checks }: Proposal): string =>
  checks
    .map(({ check, approved }) => {
      const open = approved ? "" : ` (${t("to be approved")})`;
      return visibleText(`# ${check.name}${open}\n${check.text}\n`);
    })
    .join("\n");

const throwAway = async (name: string): Promise<boolean> => {
  const yes = t("Throw Away");
  const message = t("Throw away {0}? What you wrote in it would be gone.", asPlainText(name));
  return (await vscode.window.showWarningMessage(message, { modal: true }, yes)) === yes;
};
