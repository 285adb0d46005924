/** *Resume Swarm*: work goes on that was interrupted, stopped by itself or was paused. */
import * as vscode from "vscode";
import { t } from "../../text/t.ts";
import type { Vibe } from "../../Vibe.ts";
import { commandIds } from "../commandIds.ts";
import { chosenCell } from "./chosenCell.ts";

export const resumeSwarm = (vibe: Vibe): vscode.Disposable =>
  vscode.commands.registerCommand(commandIds.resumeSwarm, (argument: unknown) =>
    vibe.run(async () => {
      const chosen = await chosenCell(vibe, {
        argument,
        placeholder: t("Which swarm goes on?"),
        word: "resume",
        none: t("No swarm is interrupted."),
      });
      if (chosen === undefined) return;
      const { project, entry } = chosen;
      const client = await project.client();
      await client.swarm.resume({ project: project.root, epic: entry.id });
    }),
  );
