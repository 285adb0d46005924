/** What a command on reserved files is about: a file or folder, a lease of a view, or the file in the editor. */
import { Result } from "effect";
import * as vscode from "vscode";
import { literalAlternative, renderAlternative } from "../../shared/contract/patternParse.ts";
import type { LeaseView } from "../../shared/contract/reservationRoutes.ts";
import type { Project } from "../project/Project.ts";
import { asPlainText } from "../text/sanitise.ts";
import type { Vibe } from "../Vibe.ts";
import type { HeldFiles } from "./HeldFiles.ts";
import { isFolder } from "./isFolder.ts";
import { overlapping } from "./overlapping.ts";
import { type Reservation, readReservation } from "./Reservation.ts";

export interface LeaseTarget {
  readonly project: Project;
  /** As leases are asked for. */
  readonly patterns: ReadonlyArray<string>;
  /** As a person is told of it, sanitised. */
  readonly label: string;
  readonly reservation: Reservation | undefined;
}

/** A lease in a view. `project` is its common git directory. */
export interface LeaseRef {
  readonly project: string;
  readonly lease: string;
}

export type LeaseArgument = vscode.Uri | LeaseRef | undefined;

/** Undefined when there is nothing to act on, which is told. */
export const leaseTarget = async (
  { projects }: Vibe,
  held: HeldFiles,
  argument: LeaseArgument,
): Promise<LeaseTarget | undefined> => {
  if (argument !== undefined && "lease" in argument) {
    const project = projects.all().find(({ commonDir }) => commonDir === argument.project);
    const lease = project?.model().leases.get(argument.lease);
    if (project !== undefined && lease !== undefined) return ofLease(project, lease);
    void vscode.window.showInformationMessage(vscode.l10n.t("That lease is over."));
    return undefined;
  }
  const uri = argument ?? vscode.window.activeTextEditor?.document.uri;
  const at = uri && projects.pathOf(uri);
  if (uri === undefined || at === undefined) {
    const message = vscode.l10n.t(
      "That is no file of a git repository in this window. Open one, and try again.",
    );
    void vscode.window.showInformationMessage(message);
    return undefined;
  }
  const { project, path } = at;
  const folder = await isFolder(uri.fsPath);
  const patterns = [patternOf(path, folder)];
  const label = labelOf(path, folder);
  if (!folder) return { project, patterns, label, reservation: held.file(uri)?.reservation };
  // Whoever wants a folder is in the way of everybody who holds a part of it.
  const model = project.model();
  const leases = overlapping(model.leases, patterns);
  return { project, patterns, label, reservation: readReservation(model, path, "folder", leases) };
};

const labelOf = (path: string, folder: boolean) =>
  path === "" ? "**" : asPlainText(folder ? `${path}/` : path, 200);

/** The pattern that is exactly this file, or this folder with everything below it. */
const patternOf = (path: string, folder: boolean): string => {
  if (path === "") return "**";
  const literal = Result.getOrThrowWith(literalAlternative(path), (why) => new Error(`${path} ${why}.`));
  return renderAlternative({ ...literal, folder }, false);
};

const ofLease = (project: Project, lease: LeaseView): LeaseTarget => {
  const label = asPlainText(lease.patterns.join(", "), 200);
  const reservation = readReservation(project.model(), label, "file", [lease]);
  return { project, patterns: lease.patterns, label, reservation };
};
