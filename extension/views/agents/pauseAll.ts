/** *Pause All* and *Continue All*: no new agents are started, in any swarm, until the person says otherwise. */
import * as vscode from "vscode";
import { commandIds } from "../../commands/commandIds.ts";
import { chooseProject } from "../../start/chooseProject.ts";
import { t } from "../../text/t.ts";
import type { Vibe } from "../../Vibe.ts";

export const pauseAll = (vibe: Vibe): vscode.Disposable =>
  vscode.Disposable.from(
    vscode.commands.registerCommand(commandIds.pauseAll, () =>
      vibe.run(async () => {
        const project = await chooseProject(vibe);
        if (project === undefined) return;
        const paused = await (await project.client()).swarm.pause({ project: project.root });
        if (paused.length === 0) void vscode.window.showInformationMessage(t("No swarm is at work."));
      }),
    ),
    vscode.commands.registerCommand(commandIds.unpauseAll, () =>
      vibe.run(async () => {
        const project = await chooseProject(vibe);
        if (project === undefined) return;
        await (await project.client()).swarm.unpause({ project: project.root });
      }),
    ),
  );
