/** *Open a Terminal in Its Checkout*. */
import * as vscode from "vscode";
import { t } from "../../text/t.ts";
import type { Vibe } from "../../Vibe.ts";
import { titleOf } from "../../views/hive/cellItem.ts";
import { commandIds } from "../commandIds.ts";
import { chosenCheckout } from "./chosenCheckout.ts";

export const openCheckoutTerminal = (vibe: Vibe): vscode.Disposable =>
  vscode.commands.registerCommand(commandIds.openCheckoutTerminal, (argument: unknown) =>
    vibe.run(async () => {
      const chosen = await chosenCheckout(vibe, { argument, placeholder: t("In whose checkout?") });
      if (chosen === undefined) return;
      vscode.window.createTerminal({ name: titleOf(chosen.entry), cwd: chosen.folder }).show();
    }),
  );
