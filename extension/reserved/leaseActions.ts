/** *Who Holds This File?*: whose it is, and what the person can do about it. */
import * as vscode from "vscode";
import { commandIds } from "../commands/commandIds.ts";
import type { Vibe } from "../Vibe.ts";
import type { HeldFiles } from "./HeldFiles.ts";
import { leaseChoices } from "./leaseChoices.ts";
import { leaseCommand } from "./leaseCommand.ts";
import { type LeaseArgument, leaseTarget } from "./leaseTarget.ts";
import { reservationLine } from "./Reservation.ts";

export const leaseActions = (held: HeldFiles, vibe: Vibe): vscode.Disposable =>
  vscode.commands.registerCommand(commandIds.leaseActions, (argument?: LeaseArgument | string) =>
    vibe.run(async () => {
      // A link in a hover can carry text only.
      const about = typeof argument === "string" ? vscode.Uri.parse(argument) : argument;
      const target = await leaseTarget(vibe, held, about);
      if (target === undefined) return;
      const { project, reservation, label } = target;
      if (reservation === undefined) {
        const reserve = vscode.l10n.t("Reserve for Me");
        const message = vscode.l10n.t("Nobody holds {0}.", label);
        const choice = await vscode.window.showInformationMessage(message, reserve);
        if (choice === reserve) await vscode.commands.executeCommand(commandIds.reserveForMe, about);
        return;
      }
      const choices = leaseChoices(reservation);
      const picked = await vscode.window.showQuickPick([...choices], {
        title: label,
        placeHolder: reservationLine(project.model(), reservation),
      });
      if (picked === undefined) return;
      const { command, arguments: given = [] } = leaseCommand(picked.act, { project, reservation }, about);
      await vscode.commands.executeCommand(command, ...given);
    }),
  );
