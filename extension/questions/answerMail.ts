/** A message in the person's inbox: read, answered if its sender waits for that, and then out of the way. */
import * as vscode from "vscode";
import type { Message } from "../../shared/contract/mailRoutes.ts";
import type { Project } from "../project/Project.ts";
import { asPlainText } from "../text/sanitise.ts";
import { showPage } from "../text/TextPages.ts";
import { t } from "../text/t.ts";
import { isTooLate, tooLate } from "./tooLate.ts";

interface Choice extends vscode.QuickPickItem {
  readonly act: "reply" | "read" | "done";
}

export const answerMail = async (project: Project, id: string): Promise<void> => {
  const message = project.model().mail.find((one) => one.id === id);
  if (message === undefined) return tooLate(project, { mail: id });
  const { replyTo } = message;
  const choice = await vscode.window.showQuickPick<Choice>(
    [
      {
        label: replyTo === undefined ? t("Reply…") : t("Answer…"),
        iconPath: new vscode.ThemeIcon("reply"),
        act: "reply",
      },
      { label: t("Show Whole Message"), iconPath: new vscode.ThemeIcon("go-to-file"), act: "read" },
      {
        label: replyTo === undefined ? t("Seen") : t("Leave It Unanswered"),
        detail: t("It does not wait for you any more."),
        iconPath: new vscode.ThemeIcon("check"),
        act: "done",
      },
    ],
    { title: titleOf(message), placeHolder: asPlainText(message.body, 200), ignoreFocusOut: true },
  );
  switch (choice?.act) {
    case "reply":
      return reply(project, message);
    case "read":
      await showPage(`${asPlainText(message.subject, 60)}.txt`, pageOf(message));
      return;
    case "done":
      return seen(project, message);
    case undefined:
      return;
  }
};

const titleOf = ({ from, subject }: Message): string =>
  `${asPlainText(from, 60)}: ${asPlainText(subject, 120)}`;

const pageOf = ({ from, subject, body, at }: Message): string => `${from}, ${at}\n${subject}\n\n${body}\n`;

const reply = async (project: Project, message: Message): Promise<void> => {
  const text = await vscode.window.showInputBox({
    title: titleOf(message),
    prompt: asPlainText(message.body, 300),
    ignoreFocusOut: true,
    validateInput: (value) => (value.trim() === "" ? t("Say something.") : undefined),
  });
  if (text === undefined) return;
  const client = await project.client();
  const { from, thread, subject, replyTo } = message;
  if (replyTo === undefined) {
    const about = subject.startsWith("Re: ") ? subject : `Re: ${subject}`;
    await client.mail.send({
      project: project.root,
      to: [from],
      subject: about.slice(0, 500),
      body: text,
      thread,
    });
    return seen(project, message);
  }
  try {
    await client.deferred.resolve({ project: project.root, id: replyTo, value: text });
  } catch (cause) {
    // Answered elsewhere, or too late: either way it does not wait any more.
    if (!isTooLate(cause)) throw cause;
    await tooLate(project, { stream: `deferred/${replyTo}` });
  }
  return seen(project, message);
};

const seen = async (project: Project, { id }: Message): Promise<void> => {
  const client = await project.client();
  await client.mail.seen({ project: project.root, id });
};
