/**
 * Whose the files of this window are: a look-up for each project, kept up with its feed. Everything here answers at
 * once, from memory. A change says which files it touches, so that who shows them need not ask for all.
 */
import * as vscode from "vscode";
import type { Project } from "../project/Project.ts";
import type { ModelChange } from "../project/ProjectModel.ts";
import type { Vibe } from "../Vibe.ts";
import { type LeaseLookup, leaseLookup } from "./LeaseLookup.ts";
import { leasesOfWork } from "./leasesOfWork.ts";
import { type Reservation, readReservation } from "./Reservation.ts";

export interface HeldFile {
  readonly project: Project;
  readonly reservation: Reservation;
}

export interface HeldFiles {
  /** Undefined for what nobody holds, and for what is no file of a project. */
  readonly file: (uri: vscode.Uri) => HeldFile | undefined;
  readonly folder: (uri: vscode.Uri) => HeldFile | undefined;
  readonly onDidChange: vscode.Event<HeldChange>;
  readonly dispose: () => void;
}

export interface HeldChange {
  /** `undefined`: projects came or went. */
  readonly project: Project | undefined;
  readonly touches: (uri: vscode.Uri) => boolean;
}

export const openHeldFiles = ({ projects }: Vibe): HeldFiles => {
  const lookups = new Map<Project, LeaseLookup>();
  const changes = new vscode.EventEmitter<HeldChange>();

  const lookupOf = (project: Project): LeaseLookup => {
    const known = lookups.get(project);
    if (known !== undefined) return known;
    const lookup = leaseLookup();
    lookup.update(project.model().leases);
    lookups.set(project, lookup);
    return lookup;
  };

  const follow = (project: Project, change: ModelChange) => {
    const lookup = lookupOf(project);
    const model = project.model();
    const touched = lookup.update(model.leases);
    // The tooltip names the agent behind a cell's lease, and that cell's title.
    const renamed = lookup.coveredBy(leasesOfWork(model, change));
    if (!change.whole && touched === undefined && renamed === undefined) return;
    const touches = (uri: vscode.Uri) => {
      const at = projects.pathOf(uri);
      if (at?.project !== project) return false;
      return change.whole || touched?.(at.path) === true || renamed?.(at.path) === true;
    };
    changes.fire({ project, touches });
  };

  const look = (kind: Reservation["kind"]) => (uri: vscode.Uri) => {
    // Most of what is asked about has another scheme or no project, and costs nothing.
    if (uri.scheme !== "file") return undefined;
    const at = projects.pathOf(uri);
    if (at === undefined) return undefined;
    const lookup = lookupOf(at.project);
    const leases = kind === "file" ? lookup.ofFile(at.path) : lookup.ofFolder(at.path);
    if (leases.length === 0) return undefined;
    const reservation = readReservation(at.project.model(), at.path, kind, leases);
    return reservation && { project: at.project, reservation };
  };

  const listening = vscode.Disposable.from(
    projects.onDidChange(({ project, change }) => follow(project, change)),
    projects.onDidChangeProjects(() => {
      const open = new Set(projects.all());
      const gone = [...lookups.keys()].filter((project) => !open.has(project));
      for (const project of gone) lookups.delete(project);
      changes.fire({ project: undefined, touches: () => true });
    }),
  );

  return {
    file: look("file"),
    folder: look("folder"),
    onDidChange: changes.event,
    dispose: () => {
      listening.dispose();
      changes.dispose();
    },
  };
};
