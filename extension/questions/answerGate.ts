/** The gate holds a change that weakens the checks: the person takes it as it is, or has it done again without that. */
import * as vscode from "vscode";
import { commandIds } from "../commands/commandIds.ts";
import type { Project } from "../project/Project.ts";
import { asPlainText } from "../text/sanitise.ts";
import { t } from "../text/t.ts";
import { isTooLate, tooLate } from "./tooLate.ts";

interface Choice extends vscode.QuickPickItem {
  readonly act?: "accept" | "reject" | "diff" | "log";
}

export const answerGate = async (project: Project, epic: string, cell: string): Promise<void> => {
  const about = { stream: `swarm/${epic}`, cell };
  const subtask = project
    .model()
    .swarms.get(epic)
    ?.subtasks.find(({ id }) => id === cell);
  if (subtask?.status !== "needs-you") return tooLate(project, about);
  const choice = await vscode.window.showQuickPick<Choice>(
    [
      { label: t("Show Changes"), iconPath: new vscode.ThemeIcon("diff-multiple"), act: "diff" },
      {
        label: t("Accept"),
        detail: t("The change is taken as it is."),
        iconPath: new vscode.ThemeIcon("check"),
        act: "accept",
      },
      {
        label: t("Reject…"),
        detail: t("It is done again, without that."),
        iconPath: new vscode.ThemeIcon("reply"),
        act: "reject",
      },
      { label: t("Open Log"), iconPath: new vscode.ThemeIcon("output"), act: "log" },
      { label: t("Why the gate asks"), kind: vscode.QuickPickItemKind.Separator },
      ...subtask.findings.map(({ message, path }) => ({
        label: asPlainText(path ?? message, 150),
        ...(path === undefined ? {} : { detail: asPlainText(message, 300) }),
        iconPath: new vscode.ThemeIcon("warning"),
        act: "diff" as const,
      })),
    ],
    {
      title: asPlainText(subtask.title, 100),
      placeHolder: t("May this change weaken the checks?"),
      ignoreFocusOut: true,
    },
  );
  const ref = { project: project.commonDir, cell };
  switch (choice?.act) {
    case "accept":
      return answer(true);
    case "reject": {
      const text = await vscode.window.showInputBox({
        title: t('Reject "{0}"', asPlainText(subtask.title, 80)),
        prompt: t("What its agent is told; may be empty."),
        ignoreFocusOut: true,
      });
      return text === undefined ? undefined : answer(false, text.trim());
    }
    case "diff":
      await vscode.commands.executeCommand(commandIds.openDiff, ref);
      return;
    case "log":
      await vscode.commands.executeCommand(commandIds.openLog, ref);
      return;
    case undefined:
      return;
  }

  async function answer(accept: boolean, text = ""): Promise<void> {
    const client = await project.client();
    try {
      await client.swarm.answer({ project: project.root, cell, accept, ...(text === "" ? {} : { text }) });
    } catch (cause) {
      if (!isTooLate(cause)) throw cause;
      await tooLate(project, about);
    }
  }
};
