/** *Take Over*: modal, since it ends the work of another. It names what is not landed before it asks. */
import * as vscode from "vscode";
import type { LeaseView } from "../../shared/contract/reservationRoutes.ts";
import { commandIds } from "../commands/commandIds.ts";
import type { Project } from "../project/Project.ts";
import type { Vibe } from "../Vibe.ts";
import type { HeldFiles } from "./HeldFiles.ts";
import { type LeaseArgument, leaseTarget } from "./leaseTarget.ts";
import { untilText } from "./leaseText.ts";
import { type Ending, takeOverText, type Unlanded } from "./takeOverText.ts";

export const takeOver = (held: HeldFiles, vibe: Vibe): vscode.Disposable =>
  vscode.commands.registerCommand(commandIds.takeOver, (argument?: LeaseArgument) =>
    vibe.run(async () => {
      const target = await leaseTarget(vibe, held, argument);
      if (target === undefined) return;
      const { project, patterns, label, reservation } = target;
      const others = reservation?.others ?? [];
      if (others.length === 0) {
        const message = vscode.l10n.t("Nobody else holds {0}.", label);
        void vscode.window.showInformationMessage(message);
        return;
      }
      const endings = await Promise.all(others.map((lease) => endingOf(project, lease)));
      const { question, detail } = takeOverText(project.model(), label, endings);
      const yes = vscode.l10n.t("Take Over");
      const answer = await vscode.window.showWarningMessage(question, { modal: true, detail }, yes);
      if (answer !== yes) return;
      const client = await project.client();
      const { lease } = await client.reservations.takeover({ project: project.root, patterns });
      const message = vscode.l10n.t("{0} is reserved for you {1}.", label, untilText(lease));
      const release = vscode.l10n.t("Release");
      void vscode.window.showInformationMessage(message, release).then((choice) => {
        const ref = { project: project.commonDir, lease: lease.lease };
        return choice === release && vscode.commands.executeCommand(commandIds.releaseMine, ref);
      });
    }),
  );

const endingOf = async (project: Project, lease: LeaseView): Promise<Ending> => {
  const { cell, epic } = lease;
  if (epic === undefined) return { lease };
  return { lease, unlanded: await unlandedOf(project, epic, cell) };
};

const unlandedOf = async (project: Project, epic: string, cell: string | undefined): Promise<Unlanded> => {
  try {
    const client = await project.client();
    const of = { project: project.root, epic, ...(cell === undefined ? {} : { cell, now: true }) };
    const { files } = await client.swarm.changes(of);
    return { kind: "paths", paths: files.map(({ path }) => path) };
  } catch (cause) {
    // The person decides in any case, and is told that this is not known.
    return { kind: "unknown", why: (cause as Error).message };
  }
};
