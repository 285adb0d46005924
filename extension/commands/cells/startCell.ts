/** *Start Cell*: you work on it from now on; nobody else begins it. */
import * as vscode from "vscode";
import { t } from "../../text/t.ts";
import type { Vibe } from "../../Vibe.ts";
import { commandIds } from "../commandIds.ts";
import { chosenCell } from "./chosenCell.ts";

export const startCell = (vibe: Vibe): vscode.Disposable =>
  vscode.commands.registerCommand(commandIds.startCell, (argument: unknown) =>
    vibe.run(async () => {
      const chosen = await chosenCell(vibe, {
        argument,
        placeholder: t("Which cell do you begin?"),
        word: "ready",
        none: t("No cell is ready to be begun."),
      });
      if (chosen === undefined) return;
      const { project, entry } = chosen;
      const client = await project.client();
      await client.hive.start({ project: project.root, id: entry.id });
    }),
  );
