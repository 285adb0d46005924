/** *Release My Reservation*: agents may take the files again. Without a file, the person is asked which. */
import * as vscode from "vscode";
import type { LeaseView } from "../../shared/contract/reservationRoutes.ts";
import { commandIds } from "../commands/commandIds.ts";
import type { Project } from "../project/Project.ts";
import { asPlainText } from "../text/sanitise.ts";
import type { Vibe } from "../Vibe.ts";
import type { HeldFiles } from "./HeldFiles.ts";
import { type LeaseArgument, leaseTarget } from "./leaseTarget.ts";
import { isMine, untilText } from "./leaseText.ts";

export const releaseMine = (held: HeldFiles, vibe: Vibe): vscode.Disposable =>
  vscode.commands.registerCommand(commandIds.releaseMine, (argument?: LeaseArgument) =>
    vibe.run(async () => {
      const found = argument === undefined ? await pick(vibe) : await named(held, vibe, argument);
      if (found === undefined) return;
      const { project, leases } = found;
      const patterns = [...new Set(leases.flatMap((lease) => lease.patterns))];
      const client = await project.client();
      await client.reservations.release({ project: project.root, patterns });
      const message = vscode.l10n.t("Agents may take {0} again.", asPlainText(patterns.join(", ")));
      vscode.window.setStatusBarMessage(message, 5000);
    }),
  );

interface Found {
  readonly project: Project;
  readonly leases: ReadonlyArray<LeaseView>;
}

const named = async (held: HeldFiles, vibe: Vibe, argument: LeaseArgument): Promise<Found | undefined> => {
  const target = await leaseTarget(vibe, held, argument);
  if (target === undefined) return undefined;
  const leases = target.reservation?.mine ?? [];
  if (leases.length > 0) return { project: target.project, leases };
  const message = vscode.l10n.t("You hold no reservation of {0}.", target.label);
  void vscode.window.showInformationMessage(message);
  return undefined;
};

const pick = async ({ projects }: Vibe): Promise<Found | undefined> => {
  const own = projects.all().flatMap((project) =>
    [...project.model().leases.values()].filter(isMine).map((lease) => ({
      label: asPlainText(lease.patterns.join(", ")),
      description: untilText(lease),
      project,
      leases: [lease],
    })),
  );
  if (own.length > 0)
    return vscode.window.showQuickPick(own, { placeHolder: vscode.l10n.t("Which reservation to release") });
  void vscode.window.showInformationMessage(vscode.l10n.t("You hold no reservation."));
  return undefined;
};
