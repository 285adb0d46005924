/**
 * *Remove Everything…*: shows exactly what of ours is on this machine and removes that, and only that, after a yes.
 * Work that has not landed stops it, until each piece is named as to be lost.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import * as vscode from "vscode";
import { awaitEnd } from "../../shared/client/awaitEnd.ts";
import { connect } from "../../shared/client/connect.ts";
import { dataFolder } from "../../shared/client/dataFolder.ts";
import { removeOwnData } from "../../shared/client/ownData.ts";
import type { OwnThings } from "../../shared/contract/daemonRoutes.ts";
import { draftStore, removeAllDrafts } from "../plan/PlanDrafts.ts";
import { forgetAllTasks } from "../start/pastTasks.ts";
import { requireTrust } from "../start/requireTrust.ts";
import { showPage } from "../text/TextPages.ts";
import { t } from "../text/t.ts";
import { visibleText } from "../text/visibleText.ts";
import type { Vibe } from "../Vibe.ts";
import { commandIds } from "./commandIds.ts";
import { removalPage } from "./removalPage.ts";

export const removeEverything = (vibe: Vibe): vscode.Disposable => {
  const { context, log } = vibe;

  const remove = async () => {
    if (!requireTrust()) return;
    const folder = dataFolder();
    // Without a store there is nothing to ask a daemon about, and one that is started would make a store.
    const client = existsSync(join(folder, "store.db")) ? await connect({ start: true }) : undefined;
    const things = await client?.daemon.ownThings({});
    const drafts = (await draftStore(context)).all().length;
    await showPage(t("Remove Everything"), removalPage(things, drafts));
    if (!(await isSure(things, drafts))) return;
    if (client !== undefined && things !== undefined) {
      const discard = things.unlanded.map(({ id }) => id);
      const { pid } = await client.daemon.uninstall({ hash: things.hash, discard });
      // The repositories are new to us again: nothing is asked of them that would start another daemon.
      await vibe.projects.reopen();
      await awaitEnd(pid);
    }
    await removeAllDrafts(context);
    await forgetAllTasks(context);
    const kept = await removeOwnData(folder);
    log.info(`removed everything${kept.length === 0 ? "" : `, but ${kept.join(", ")}`}`);
    void offerUninstall();
  };

  const offerUninstall = () =>
    vibe.run(async () => {
      const uninstall = t("Uninstall Extension");
      const message = t(
        "Everything of Vibe's is removed. Its settings and the extension itself are VS Code's.",
      );
      if ((await vscode.window.showInformationMessage(message, uninstall)) === uninstall)
        await vscode.commands.executeCommand("workbench.extensions.uninstallExtension", context.extension.id);
    });

  return vscode.commands.registerCommand(commandIds.removeEverything, () => vibe.run(remove));
};

const isSure = async (things: OwnThings | undefined, drafts: number): Promise<boolean> => {
  const unlanded = things?.unlanded ?? [];
  const items = things?.items.length ?? 0;
  const all = t("Remove Everything");
  const detail = t(
    "The page behind this dialogue lists each of them: {0} of the daemon's, {1} drafts of plans.",
    items,
    drafts,
  );
  if (unlanded.length === 0) {
    const message = t("Remove everything of Vibe's from this machine and its repositories?");
    return (await vscode.window.showWarningMessage(message, { modal: true, detail }, all)) === all;
  }
  const lose = t("Lose It and Remove Everything");
  const names = unlanded
    .map(({ id, title, status }) => visibleText(`${id}  ${title}  (${status})`))
    .join("\n");
  const message = t("This has not landed, and would be lost. Land it or discard it first.");
  const whole = { modal: true, detail: `${names}\n\n${detail}` };
  return (await vscode.window.showWarningMessage(message, whole, lose)) === lose;
};
