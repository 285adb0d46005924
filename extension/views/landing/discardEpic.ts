/** *Discard…*: a swarm's work is thrown away before it landed. There is no way back, so the person is asked. */
import * as vscode from "vscode";
import { chosenCell } from "../../commands/cells/chosenCell.ts";
import { commandIds } from "../../commands/commandIds.ts";
import { asPlainText } from "../../text/sanitise.ts";
import { t } from "../../text/t.ts";
import type { Vibe } from "../../Vibe.ts";

export const discardEpic = (vibe: Vibe): vscode.Disposable =>
  vscode.commands.registerCommand(commandIds.discardEpic, (argument: unknown) =>
    vibe.run(async () => {
      const chosen = await chosenCell(vibe, {
        argument,
        placeholder: t("What is thrown away?"),
        word: "discard",
        none: t("There is nothing to discard."),
      });
      const swarm = chosen?.entry.swarm;
      if (chosen === undefined || swarm === undefined) return;
      const merged = swarm.subtasks.filter(({ status }) => status === "merged").length;
      const discard = t("Discard");
      const answer = await vscode.window.showWarningMessage(
        t('Discard "{0}"?', asPlainText(swarm.title, 100)),
        {
          modal: true,
          detail: t(
            "Its agents are ended, and its branches and checkouts removed, {0} merged cells of it too. This can't be undone. Your own files stay as they are.",
            merged,
          ),
        },
        discard,
      );
      if (answer !== discard) return;
      const { project } = chosen;
      const client = await project.client();
      await client.swarm.discard({ project: project.root, epic: swarm.epic });
    }),
  );
