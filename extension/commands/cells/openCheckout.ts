/** *Open Its Checkout*: the folder that its agent works in, in another window. It is there to be looked at. */
import * as vscode from "vscode";
import { t } from "../../text/t.ts";
import type { Vibe } from "../../Vibe.ts";
import { commandIds } from "../commandIds.ts";
import { chosenCheckout } from "./chosenCheckout.ts";

export const openCheckout = (vibe: Vibe): vscode.Disposable =>
  vscode.commands.registerCommand(commandIds.openCheckout, (argument: unknown) =>
    vibe.run(async () => {
      const chosen = await chosenCheckout(vibe, { argument, placeholder: t("Whose checkout?") });
      if (chosen === undefined) return;
      await vscode.commands.executeCommand("vscode.openFolder", vscode.Uri.file(chosen.folder), {
        forceNewWindow: true,
      });
    }),
  );
