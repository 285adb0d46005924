/** *Open Log*: what a cell's agent printed, and prints, in a terminal that can only be read; one for each attempt. */
import * as vscode from "vscode";
import { chosenCell } from "../commands/cells/chosenCell.ts";
import { commandIds } from "../commands/commandIds.ts";
import { asPlainText } from "../text/sanitise.ts";
import { t } from "../text/t.ts";
import type { Vibe } from "../Vibe.ts";
import { logPty } from "./logPty.ts";

export const openLog = (vibe: Vibe): vscode.Disposable => {
  const open = new Map<string, vscode.Terminal>();
  const closed = vscode.window.onDidCloseTerminal((terminal) => {
    for (const [key, one] of open) if (one === terminal) open.delete(key);
  });
  const command = vscode.commands.registerCommand(commandIds.openLog, (argument: unknown) =>
    vibe.run(async () => {
      const chosen = await chosenCell(vibe, {
        argument,
        placeholder: t("Whose log?"),
        word: "log",
        none: t("No agent has worked yet, so there is no log."),
      });
      if (chosen === undefined) return;
      const { project, entry } = chosen;
      const { swarm, subtask } = entry;
      if (swarm === undefined || subtask === undefined || subtask.attempts === 0) {
        void vscode.window.showInformationMessage(
          t("No agent has worked on {0} yet.", asPlainText(entry.id, 80)),
        );
        return;
      }
      const { epic } = swarm;
      const { id: cell, attempts: attempt } = subtask;
      const key = [project.commonDir, cell, attempt].join("\n");
      const terminal = open.get(key) ?? createLog();
      open.set(key, terminal);
      terminal.show(true);

      function createLog(): vscode.Terminal {
        const name = subtask?.agent ?? cell;
        return vscode.window.createTerminal({
          name: t("Log: {0}", asPlainText(name, 60)),
          iconPath: new vscode.ThemeIcon("output"),
          isTransient: true,
          pty: logPty({
            follow: async (signal) =>
              (await project.client()).swarm.log({ project: project.root, epic, cell, attempt }, { signal }),
            onProblem: (cause) => {
              vibe.log.warn(`the log of ${cell}, attempt ${attempt}: ${String(cause)}`);
              // Opened again it begins anew.
              open.delete(key);
            },
          }),
        });
      }
    }),
  );
  vibe.probe?.set("logs", () => [...open.keys()]);
  return vscode.Disposable.from(closed, command);
};
