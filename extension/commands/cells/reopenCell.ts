/** *Reopen Cell*: a closed cell that no swarm worked on. */
import * as vscode from "vscode";
import { t } from "../../text/t.ts";
import type { Vibe } from "../../Vibe.ts";
import { commandIds } from "../commandIds.ts";
import { chosenCell } from "./chosenCell.ts";

export const reopenCell = (vibe: Vibe): vscode.Disposable =>
  vscode.commands.registerCommand(commandIds.reopenCell, (argument: unknown) =>
    vibe.run(async () => {
      const chosen = await chosenCell(vibe, {
        argument,
        placeholder: t("Which cell is open again?"),
        word: "closed",
        none: t("There is no closed cell of yours to reopen."),
      });
      if (chosen === undefined) return;
      const { project, entry } = chosen;
      const client = await project.client();
      await client.hive.reopen({ project: project.root, id: entry.id });
    }),
  );
