/** *Cancel Swarm…*: ends its agents. What is merged already stays to be looked at until it is discarded. */
import * as vscode from "vscode";
import { t } from "../../text/t.ts";
import type { Vibe } from "../../Vibe.ts";
import { titleOf } from "../../views/hive/cellItem.ts";
import { commandIds } from "../commandIds.ts";
import { chosenCell } from "./chosenCell.ts";

export const cancelSwarm = (vibe: Vibe): vscode.Disposable =>
  vscode.commands.registerCommand(commandIds.cancelSwarm, (argument: unknown) =>
    vibe.run(async () => {
      const chosen = await chosenCell(vibe, {
        argument,
        placeholder: t("Which swarm is cancelled?"),
        word: "cancel",
        none: t("No swarm is at work."),
      });
      if (chosen === undefined) return;
      const { project, entry } = chosen;
      const cancel = t("Cancel Swarm");
      const merged = entry.swarm!.subtasks.filter(({ status }) => status === "merged").length;
      const answer = await vscode.window.showWarningMessage(
        t('Cancel the swarm "{0}"?', titleOf(entry)),
        {
          modal: true,
          detail: t(
            "Its agents are ended, and what they have not finished is lost. {0} of {1} cells are merged; none of it lands.",
            merged,
            entry.swarm!.subtasks.length,
          ),
        },
        cancel,
      );
      if (answer !== cancel) return;
      const client = await project.client();
      await client.swarm.cancel({ project: project.root, epic: entry.id });
    }),
  );
