/** *Open a Terminal in Its Checkout*. */
import * as vscode from "vscode";
import { t } from "../../text/t.ts";
import type { Vibe } from "../../Vibe.ts";
import { titleOf } from "../../views/hive/cellItem.ts";
import { commandIds } from "../commandIds.ts";
import { checkoutGone } from "./checkoutGone.ts";
import { chosenCell } from "./chosenCell.ts";

export const openCheckoutTerminal = (vibe: Vibe): vscode.Disposable =>
  vscode.commands.registerCommand(commandIds.openCheckoutTerminal, (argument: unknown) =>
    vibe.run(async () => {
      const chosen = await chosenCell(vibe, {
        argument,
        placeholder: t("In whose checkout?"),
        word: "folder",
        none: t("No cell has a checkout now."),
      });
      if (chosen === undefined) return;
      const { entry } = chosen;
      const folder = entry.subtask?.folder;
      if (folder == null) {
        void vscode.window.showInformationMessage(checkoutGone());
        return;
      }
      vscode.window.createTerminal({ name: titleOf(entry), cwd: folder }).show();
    }),
  );
