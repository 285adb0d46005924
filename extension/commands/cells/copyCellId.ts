/** *Copy Id*: for a terminal, a commit message, an agent. */
import * as vscode from "vscode";
import { t } from "../../text/t.ts";
import type { Vibe } from "../../Vibe.ts";
import { commandIds } from "../commandIds.ts";
import { chosenCell } from "./chosenCell.ts";

export const copyCellId = (vibe: Vibe): vscode.Disposable =>
  vscode.commands.registerCommand(commandIds.copyCellId, (argument: unknown) =>
    vibe.run(async () => {
      const chosen = await chosenCell(vibe, {
        argument,
        placeholder: t("Whose id?"),
        none: t("There are no cells yet."),
      });
      if (chosen !== undefined) await vscode.env.clipboard.writeText(chosen.entry.id);
    }),
  );
