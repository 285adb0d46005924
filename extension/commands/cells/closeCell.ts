/** *Close Cell…*: a cell that no swarm works on, with the reason if there is one to give. */
import * as vscode from "vscode";
import { asPlainText } from "../../text/sanitise.ts";
import { t } from "../../text/t.ts";
import type { Vibe } from "../../Vibe.ts";
import { commandIds } from "../commandIds.ts";
import { chosenCell } from "./chosenCell.ts";

export const closeCell = (vibe: Vibe): vscode.Disposable =>
  vscode.commands.registerCommand(commandIds.closeCell, (argument: unknown) =>
    vibe.run(async () => {
      const chosen = await chosenCell(vibe, {
        argument,
        placeholder: t("Which cell is done?"),
        word: "open",
        none: t("There is no open cell of yours to close."),
      });
      if (chosen === undefined) return;
      const { project, entry } = chosen;
      const reason = await vscode.window.showInputBox({
        title: t("Close {0}", asPlainText(entry.id, 80)),
        prompt: t("Why it is closed. Leave it empty if there is nothing to say."),
      });
      if (reason === undefined) return;
      const client = await project.client();
      await client.hive.close({
        project: project.root,
        id: entry.id,
        ...(reason.trim() === "" ? {} : { reason: reason.trim() }),
      });
    }),
  );
