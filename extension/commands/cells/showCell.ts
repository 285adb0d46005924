/** Selects a cell in the Hive view: other parts lead there, with `{ project, cell }`. */
import * as vscode from "vscode";
import { t } from "../../text/t.ts";
import type { Vibe } from "../../Vibe.ts";
import type { Reveal } from "../../views/hive/hiveView.ts";
import { commandIds } from "../commandIds.ts";
import { chosenCell } from "./chosenCell.ts";

export const showCell = (vibe: Vibe, reveal: Reveal): vscode.Disposable =>
  vscode.commands.registerCommand(commandIds.showCell, (argument: unknown) =>
    vibe.run(async () => {
      const chosen = await chosenCell(vibe, {
        argument,
        placeholder: t("Which cell?"),
        none: t("There are no cells yet."),
      });
      if (chosen !== undefined) await reveal({ project: chosen.project.commonDir, cell: chosen.entry.id });
    }),
  );
