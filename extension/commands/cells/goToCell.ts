/** *Go to Cell…*: any cell of the window by its title or id, closed ones too, selected in the Hive view. */
import * as vscode from "vscode";
import { t } from "../../text/t.ts";
import type { Vibe } from "../../Vibe.ts";
import type { Reveal } from "../../views/hive/hiveView.ts";
import { commandIds } from "../commandIds.ts";
import { chosenCell } from "./chosenCell.ts";

export const goToCell = (vibe: Vibe, reveal: Reveal): vscode.Disposable =>
  vscode.commands.registerCommand(commandIds.goToCell, () =>
    vibe.run(async () => {
      const chosen = await chosenCell(vibe, {
        argument: undefined,
        placeholder: t("Go to a cell: type a part of its title or id"),
        none: t("There are no cells yet. Start Swarm makes some."),
      });
      if (chosen !== undefined) await reveal({ project: chosen.project.commonDir, cell: chosen.entry.id });
    }),
  );
