/**
 * *Send Back…*: the person wants the work otherwise. The remarks made in the diff go along, each with its file and
 * line, and a word on the whole if there is one.
 */
import * as vscode from "vscode";
import { chosenCell } from "../../commands/cells/chosenCell.ts";
import { commandIds } from "../../commands/commandIds.ts";
import type { Review } from "../../diff/openReview.ts";
import { commentsFor, lineComments } from "../../diff/reviewComments.ts";
import { asPlainText } from "../../text/sanitise.ts";
import { t } from "../../text/t.ts";
import type { Vibe } from "../../Vibe.ts";

export const sendBack = (vibe: Vibe, review: Review): vscode.Disposable =>
  vscode.commands.registerCommand(commandIds.sendBack, (argument: unknown) =>
    vibe.run(async () => {
      const chosen = await chosenCell(vibe, {
        argument,
        placeholder: t("What is to be done otherwise?"),
        word: "sendBack",
        none: t("Nothing waits for your review."),
      });
      const swarm = chosen?.entry.swarm;
      if (chosen === undefined || swarm === undefined) return;
      const { project, entry } = chosen;
      const { subtask } = entry;
      const { epic } = swarm;
      const only = subtask === undefined ? {} : { cell: subtask.id };
      const changed = subtask?.changed ?? [];
      const comments = commentsFor(review.all(), { project: project.commonDir, epic, changed, ...only });
      const text = await vscode.window.showInputBox({
        title: t('Send "{0}" back', asPlainText(subtask?.title ?? swarm.title, 80)),
        prompt: promptOf(comments.length),
        ignoreFocusOut: true,
        validateInput: (value) =>
          comments.length === 0 && value.trim() === "" ? t("Say what is to be otherwise.") : undefined,
      });
      if (text === undefined) return;
      const said = text.trim() === "" ? {} : { text: text.trim() };
      const client = await project.client();
      await client.swarm.sendBack({
        project: project.root,
        epic,
        ...only,
        ...said,
        comments: lineComments(comments),
      });
      review.remove(comments);
    }),
  );

const promptOf = (remarks: number): string => {
  if (remarks === 0) return t("What is to be otherwise?");
  return remarks === 1
    ? t("Your remark in the diff goes along. Anything else to say?")
    : t("Your {0} remarks in the diff go along. Anything else to say?", remarks);
};
