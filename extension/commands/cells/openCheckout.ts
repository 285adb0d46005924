/** *Open Its Checkout*: the folder that its agent works in, in another window. It is there to be looked at. */
import * as vscode from "vscode";
import { t } from "../../text/t.ts";
import type { Vibe } from "../../Vibe.ts";
import { commandIds } from "../commandIds.ts";
import { checkoutGone } from "./checkoutGone.ts";
import { chosenCell } from "./chosenCell.ts";

export const openCheckout = (vibe: Vibe): vscode.Disposable =>
  vscode.commands.registerCommand(commandIds.openCheckout, (argument: unknown) =>
    vibe.run(async () => {
      const chosen = await chosenCell(vibe, {
        argument,
        placeholder: t("Whose checkout?"),
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
      await vscode.commands.executeCommand("vscode.openFolder", vscode.Uri.file(folder), {
        forceNewWindow: true,
      });
    }),
  );
