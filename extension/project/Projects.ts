/**
 * The projects of this window: one for each git common directory that a folder of the workspace belongs to, so that
 * subfolders, worktrees and several roots of one repository share a client and a model.
 */
import { realpath } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import * as vscode from "vscode";
import { dataFolder } from "../../shared/client/dataFolder.ts";
import { findRepository } from "../../shared/client/findRepository.ts";
import { openProject, type Project } from "./Project.ts";
import type { ModelChange } from "./ProjectModel.ts";

/**
 * Why there is no project, or how the projects are: `checkout` is a worker's checkout opened as a folder, which is
 * looked at and not adopted; `new` was never used with us.
 */
export type WindowState =
  | "no-folder"
  | "no-git"
  | "restricted"
  | "checkout"
  | "new"
  | "connecting"
  | "down"
  | "live";

export interface ProjectChange {
  readonly project: Project;
  readonly change: ModelChange;
}

export interface Projects {
  readonly all: () => ReadonlyArray<Project>;
  /** The project that a file is in. */
  readonly of: (uri: vscode.Uri) => Project | undefined;
  readonly state: () => WindowState;
  /** A project came, went, or is in another state. */
  readonly onDidChangeProjects: vscode.Event<void>;
  readonly onDidChange: vscode.Event<ProjectChange>;
  /** The path in its project that leases speak of, with `/`; undefined for what is in none. */
  readonly pathOf: (uri: vscode.Uri) => { readonly project: Project; readonly path: string } | undefined;
  /** Looks anew: folders were added, trust was given, a repository was made. */
  readonly refresh: () => Promise<void>;
  /** Forgets what is known of every project, and looks anew: what they were known by is gone. */
  readonly reopen: () => Promise<void>;
  readonly dispose: () => void;
}

interface Place {
  readonly folder: string;
  /** Where it is below the top of its worktree, which leases' paths start from; empty at the top. */
  readonly prefix: string;
  readonly project: Project;
}

export const openProjects = (log: vscode.LogOutputChannel): Projects => {
  const projects = new Map<string, Project>();
  const listeners = new Map<Project, vscode.Disposable>();
  const came = new vscode.EventEmitter<void>();
  const changed = new vscode.EventEmitter<ProjectChange>();
  let places: ReadonlyArray<Place> = [];
  let inCheckout = false;

  const listen = (project: Project) => {
    let last = project.state();
    return project.onDidChange((change) => {
      changed.fire({ project, change });
      if (project.state() === last) return;
      last = project.state();
      came.fire();
    });
  };

  const open = (commonDir: string, root: string): Project => {
    const known = projects.get(commonDir);
    if (known !== undefined) return known;
    const project = openProject({ commonDir, root, log });
    projects.set(commonDir, project);
    listeners.set(project, listen(project));
    return project;
  };

  const close = (project: Project) => {
    listeners.get(project)?.dispose();
    listeners.delete(project);
    projects.delete(project.commonDir);
    project.dispose();
  };

  const refresh = async () => {
    const found: Array<Place> = [];
    inCheckout = false;
    // In Restricted Mode nothing of the folder is looked at, and nothing is started.
    const folders = vscode.workspace.isTrusted ? (vscode.workspace.workspaceFolders ?? []) : [];
    for (const { uri } of folders) {
      if (uri.scheme !== "file") continue;
      if (isInside(uri.fsPath, join(dataFolder(), "projects"))) {
        inCheckout = true;
        continue;
      }
      const repository = await findRepository(uri.fsPath);
      if (repository === undefined) continue;
      const { root, commonDir } = repository;
      // The root is a real path; the folder may have been opened through a link.
      const prefix = relative(root, await realpath(uri.fsPath));
      found.push({ folder: uri.fsPath, prefix, project: open(commonDir, root) });
    }
    for (const project of projects.values()) {
      if (!found.some((place) => place.project === project)) close(project);
    }
    places = found.toSorted((a, b) => b.folder.length - a.folder.length);
    came.fire();
  };

  const placeOf = (uri: vscode.Uri) =>
    uri.scheme === "file" ? places.find(({ folder }) => isInside(uri.fsPath, folder)) : undefined;

  const state = (): WindowState => {
    if (!vscode.workspace.isTrusted) return "restricted";
    const all = [...projects.values()].map((project) => project.state());
    if (all.length > 0)
      return (["live", "connecting", "down"] as const).find((s) => all.includes(s)) ?? "new";
    if (inCheckout) return "checkout";
    return vscode.workspace.workspaceFolders?.length ? "no-git" : "no-folder";
  };

  const subscriptions = [
    vscode.workspace.onDidChangeWorkspaceFolders(() => void refresh()),
    vscode.workspace.onDidGrantWorkspaceTrust(() => void refresh()),
  ];

  return {
    all: () => [...projects.values()],
    of: (uri) => placeOf(uri)?.project,
    state,
    onDidChangeProjects: came.event,
    onDidChange: changed.event,
    pathOf: (uri) => {
      const place = placeOf(uri);
      if (place === undefined) return undefined;
      const path = join(place.prefix, relative(place.folder, uri.fsPath));
      return { project: place.project, path: path.split(sep).join("/") };
    },
    refresh,
    reopen: async () => {
      for (const project of [...projects.values()]) close(project);
      await refresh();
    },
    dispose: () => {
      for (const project of [...projects.values()]) close(project);
      for (const one of subscriptions) one.dispose();
      came.dispose();
      changed.dispose();
    },
  };
};

const isInside = (path: string, folder: string): boolean => path === folder || path.startsWith(folder + sep);
