/** *Approve and Start*, from a lens, the editor's title or the palette: for the version of the plan that was seen. */
import * as vscode from "vscode";
import type { PlanFault } from "../../shared/contract/plan.ts";
import { commandIds } from "../commands/commandIds.ts";
import { closeDraft } from "../plan/closeDraft.ts";
import { findPlan } from "../plan/findPlan.ts";
import { draftIdOf, draftOf, draftStore } from "../plan/PlanDrafts.ts";
import { agentSetting, type PlanDocuments } from "../plan/planDocuments.ts";
import { asPlainText } from "../text/sanitise.ts";
import { t } from "../text/t.ts";
import type { Vibe } from "../Vibe.ts";
import { type ApprovalOutcome, approveAndStart } from "./approval.ts";
import { acceptRed, allowChecks } from "./askAboutChecks.ts";
import { rememberTask } from "./pastTasks.ts";
import { requireTrust } from "./requireTrust.ts";

export const registerApprovePlan = (vibe: Vibe, documents: PlanDocuments): vscode.Disposable => {
  const underWay = new Set<string>();

  const approve = async (document: vscode.TextDocument, version: number): Promise<void> => {
    const key = document.uri.toString();
    if (!requireTrust() || underWay.has(key)) return;
    if (document.version !== version) return askAgain(document);
    underWay.add(key);
    try {
      const outcome = await start(document);
      vibe.log.info(`${key}: ${outcome.kind}`);
      await conclude(document, outcome);
    } finally {
      underWay.delete(key);
    }
  };

  const start = async (document: vscode.TextDocument): Promise<ApprovalOutcome> => {
    const project = documents.projectOf(document);
    if (project === undefined)
      throw new Error(t("The repository of this plan is not open in this window. Open its folder."));
    const { version } = document;
    const text = document.getText();
    const { verdict } = documents.seen(document);
    const task = draftOf(document.uri)?.task;
    const notice = { location: vscode.ProgressLocation.Notification, title: t("Vibe"), cancellable: true };
    return vscode.window.withProgress(notice, async (progress, token) => {
      const cancelling = new AbortController();
      token.onCancellationRequested(() => cancelling.abort(new vscode.CancellationError()));
      const { swarm } = await project.client();
      const outcome = approveAndStart(
        swarm,
        {
          project: project.root,
          text,
          ...agentSetting(document.uri),
          ...(task === undefined ? {} : { task }),
          ...(verdict.kind === "good" ? { seen: verdict.proposal } : {}),
        },
        {
          isCurrent: () => !document.isClosed && document.version === version,
          allowChecks,
          acceptRed,
          progress: (message) => progress.report({ message }),
          signal: cancelling.signal,
        },
      );
      return outcome.catch((cause: unknown) => {
        throw cancelling.signal.aborted ? new vscode.CancellationError() : cause;
      });
    });
  };

  const conclude = async (document: vscode.TextDocument, outcome: ApprovalOutcome): Promise<void> => {
    switch (outcome.kind) {
      case "declined":
        return;
      case "changed":
        return askAgain(document);
      case "faulty":
        documents.look(document);
        await vscode.window.showTextDocument(document, { preview: false });
        throw new Error(whatIsWrong(outcome.faults));
      case "started": {
        const { swarm } = outcome;
        const project = documents.projectOf(document)?.commonDir;
        const task = draftOf(document.uri)?.task ?? swarm.title;
        if (project !== undefined) await rememberTask(vibe.context, project, task);
        if (draftIdOf(document.uri) !== undefined) await closeDraft(await draftStore(vibe.context), document);
        await vscode.commands.executeCommand("vibe.hive.focus");
        void vscode.window.setStatusBarMessage(
          t("Started {0}: {1}", asPlainText(swarm.epic), asPlainText(swarm.title, 80)),
          10_000,
        );
      }
    }
  };

  /** What was approved is not what is there: the person sees the document as it is, and says so again. */
  const askAgain = async (document: vscode.TextDocument): Promise<void> => {
    documents.look(document);
    await vscode.window.showTextDocument(document, { preview: false });
    const again = t("Approve This");
    const answer = await vscode.window.showWarningMessage(
      t(
        "Nothing was started: the plan, or the commit it starts from, is not what you saw. Look at it again.",
      ),
      again,
    );
    // The version that stands in front of the person when the button is clicked.
    if (answer === again) await approve(document, document.version);
  };

  return vscode.commands.registerCommand(commandIds.approvePlan, (uri?: vscode.Uri, version?: number) =>
    vibe.run(async () => {
      const document = await findPlan(uri);
      if (document === undefined) return;
      await approve(document, typeof version === "number" ? version : document.version);
    }),
  );
};

const whatIsWrong = (faults: ReadonlyArray<PlanFault>): string => {
  const [first, ...others] = faults.filter(({ severity }) => severity === "error");
  const what = first === undefined ? "" : `${first.where}: ${first.message}`;
  return others.length === 0
    ? t("The plan can't be started. {0}.", what)
    : t("The plan can't be started. {0} ({1} more in Problems).", what, others.length);
};
