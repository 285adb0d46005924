/**
 * *Land…*: a swarm's work becomes the target's, after the person said yes to exactly the commit that was shown. What
 * nothing has checked needs a yes of its own.
 */
import * as vscode from "vscode";
import { chosenCell } from "../../commands/cells/chosenCell.ts";
import { commandIds } from "../../commands/commandIds.ts";
import { tooLate } from "../../questions/tooLate.ts";
import { asPlainText } from "../../text/sanitise.ts";
import { t } from "../../text/t.ts";
import type { Vibe } from "../../Vibe.ts";
import { targetName } from "./targetName.ts";
import { verdictOf } from "./verdictOf.ts";

export const landEpic = (vibe: Vibe): vscode.Disposable =>
  vscode.commands.registerCommand(commandIds.landEpic, (argument: unknown) =>
    vibe.run(async () => {
      const chosen = await chosenCell(vibe, {
        argument,
        placeholder: t("What lands?"),
        word: "land",
        none: t("Nothing is ready to land."),
      });
      const swarm = chosen?.entry.swarm;
      if (chosen === undefined || swarm === undefined) return;
      const title = asPlainText(swarm.title, 100);
      // What is approved is this commit: whatever is merged while the person thinks is not part of the yes.
      const { head, epic } = swarm;
      if (swarm.status !== "ready" || head === null) {
        return tooLate(chosen.project, { stream: `swarm/${epic}`, cell: epic });
      }
      const verdict = verdictOf(swarm);
      const unchecked = verdict.kind === "unchecked";
      const files = new Set(swarm.subtasks.flatMap(({ changed }) => changed)).size;
      const land = unchecked ? t("Land Unchecked") : t("Land");
      const look = t("Show Changes");
      const answer = await vscode.window.showWarningMessage(
        t('Land "{0}" on {1}?', title, targetName(swarm)),
        {
          modal: true,
          detail: [
            files === 1
              ? t("1 file, commit {0}.", head.slice(0, 10))
              : t("{0} files, commit {1}.", files, head.slice(0, 10)),
            verdict.sentence,
          ].join("\n"),
        },
        land,
        look,
      );
      if (answer === look) {
        await vscode.commands.executeCommand(commandIds.openDiff, {
          project: chosen.project.commonDir,
          cell: epic,
        });
        return;
      }
      if (answer !== land) return;
      const { project } = chosen;
      await vscode.window.withProgress({ location: { viewId: "vibe.landing" } }, async () => {
        const client = await project.client();
        await client.swarm.land({
          project: project.root,
          epic,
          commit: head,
          ...(unchecked ? { unchecked } : {}),
        });
      });
    }),
  );
