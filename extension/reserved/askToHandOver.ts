/** *Ask to Hand Over*: a message to the holder. A worker can't give files of its cell away, and is told what it can do. */
import * as vscode from "vscode";
import { commandIds } from "../commands/commandIds.ts";
import type { Vibe } from "../Vibe.ts";
import type { HeldFiles } from "./HeldFiles.ts";
import { handOverRequest } from "./handOverRequest.ts";
import { type LeaseArgument, leaseTarget } from "./leaseTarget.ts";

export const askToHandOver = (held: HeldFiles, vibe: Vibe): vscode.Disposable =>
  vscode.commands.registerCommand(commandIds.askToHandOver, (argument?: LeaseArgument) =>
    vibe.run(async () => {
      const target = await leaseTarget(vibe, held, argument);
      if (target === undefined) return;
      const { project, patterns, reservation } = target;
      const holder = reservation?.holder;
      if (holder?.agent === undefined) {
        const message =
          holder === undefined || holder.isMine
            ? vscode.l10n.t("No agent holds {0}.", target.label)
            : vscode.l10n.t("No agent is at work on it now that could be asked. You can take it over.");
        void vscode.window.showInformationMessage(message);
        return;
      }
      const client = await project.client();
      await client.mail.send({
        project: project.root,
        to: [holder.agent],
        importance: "high",
        ...handOverRequest(patterns, reservation?.lease.patterns ?? [], holder.cell !== undefined),
      });
      const message = vscode.l10n.t("{0} was asked. Its answer comes to your inbox.", holder.name);
      void vscode.window.showInformationMessage(message);
    }),
  );
