/** *Retry Cell*: a cell whose attempts were used up begins anew, with all that was found. */
import * as vscode from "vscode";
import { t } from "../../text/t.ts";
import type { Vibe } from "../../Vibe.ts";
import { commandIds } from "../commandIds.ts";
import { chosenCell } from "./chosenCell.ts";

export const retryCell = (vibe: Vibe): vscode.Disposable =>
  vscode.commands.registerCommand(commandIds.retryCell, (argument: unknown) =>
    vibe.run(async () => {
      const chosen = await chosenCell(vibe, {
        argument,
        placeholder: t("Which cell begins anew?"),
        word: "retry",
        none: t("No cell is blocked."),
      });
      if (chosen === undefined) return;
      const { project, entry } = chosen;
      const client = await project.client();
      await client.swarm.retry({ project: project.root, cell: entry.id });
    }),
  );
