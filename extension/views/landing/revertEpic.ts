/** *Revert Epic…*: what a swarm landed is undone by one commit on top, after the person said yes to that. */
import * as vscode from "vscode";
import { chosenCell } from "../../commands/cells/chosenCell.ts";
import { commandIds } from "../../commands/commandIds.ts";
import { asPlainText } from "../../text/sanitise.ts";
import { t } from "../../text/t.ts";
import type { Vibe } from "../../Vibe.ts";
import { targetName } from "./targetName.ts";

export const revertEpic = (vibe: Vibe): vscode.Disposable =>
  vscode.commands.registerCommand(commandIds.revertEpic, (argument: unknown) =>
    vibe.run(async () => {
      const chosen = await chosenCell(vibe, {
        argument,
        placeholder: t("Which landed work is undone?"),
        word: "revert",
        none: t("Nothing has landed that could be reverted."),
      });
      const swarm = chosen?.entry.swarm;
      if (chosen === undefined || swarm === undefined || swarm.head === null) return;
      const { epic, head } = swarm;
      const revert = t("Revert");
      const answer = await vscode.window.showWarningMessage(
        t('Revert "{0}" on {1}?', asPlainText(swarm.title, 100), targetName(swarm)),
        {
          modal: true,
          detail: t(
            "One commit on top undoes what landed as {0}. What others did since then stays; where it meets the same lines, nothing is changed and you are told.",
            head.slice(0, 10),
          ),
        },
        revert,
      );
      if (answer !== revert) return;
      const { project } = chosen;
      await vscode.window.withProgress({ location: { viewId: "vibe.landing" } }, async () => {
        const client = await project.client();
        await client.swarm.revert({ project: project.root, epic, commit: head });
      });
    }),
  );
