/** *Restart Daemon*: ends the daemon in order and starts it again. Agents at work are ended, and begun anew by it. */
import * as vscode from "vscode";
import { awaitEnd } from "../../shared/client/awaitEnd.ts";
import { connect, findDaemon } from "../../shared/client/connect.ts";
import { dataFolder } from "../../shared/client/dataFolder.ts";
import { requireTrust } from "../start/requireTrust.ts";
import { t } from "../text/t.ts";
import type { Vibe } from "../Vibe.ts";
import { commandIds } from "./commandIds.ts";

export const restartDaemon = (vibe: Vibe): vscode.Disposable =>
  vscode.commands.registerCommand(commandIds.restartDaemon, () =>
    vibe.run(async () => {
      if (!requireTrust()) return;
      if (!(await stop())) return;
      const options = { location: vscode.ProgressLocation.Notification, title: t("Starting the daemon…") };
      const { pid } = await vscode.window.withProgress(options, async () => {
        const client = await connect({ start: true });
        return client.daemon.status({});
      });
      vibe.log.info(`the daemon was restarted, as process ${pid}`);
      await vibe.projects.refresh();
      void vscode.window.setStatusBarMessage(t("The daemon runs as process {0}.", pid), 10_000);
    }),
  );

/** False when the person would rather not. */
const stop = async (): Promise<boolean> => {
  if ((await findDaemon(dataFolder())) === undefined) return true;
  const client = await connect({ start: false });
  const { liveSwarms } = await client.daemon.status({});
  if (liveSwarms > 0) {
    const restart = t("Restart");
    const message =
      liveSwarms === 1
        ? t("A swarm is being worked on. Its agents are ended and begin their subtasks anew.")
        : t(
            "{0} swarms are being worked on. Their agents are ended and begin their subtasks anew.",
            liveSwarms,
          );
    const detail = t("What was merged stays, and nothing has to be approved again.");
    if ((await vscode.window.showWarningMessage(message, { modal: true, detail }, restart)) !== restart)
      return false;
  }
  const { pid } = await client.daemon.stop({});
  await awaitEnd(pid);
  return true;
};
