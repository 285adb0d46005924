/** Which cells' work meets changes of the person's that are not committed, for the views that warn of it. */
import * as vscode from "vscode";
import type { Project } from "../project/Project.ts";
import type { Vibe } from "../Vibe.ts";
import { type DirtyFiles, dirtyFiles } from "./agents/dirtyFiles.ts";

export interface Conflicts extends vscode.Disposable {
  readonly of: (project: Project) => ReadonlyMap<string, ReadonlyArray<string>>;
  readonly onDidChange: vscode.Event<void>;
}

export const keepConflicts = ({ projects, log, probe }: Vibe): Conflicts => {
  const changed = new vscode.EventEmitter<void>();
  const known = new Map<Project, DirtyFiles>();

  const of = (project: Project): DirtyFiles => {
    const one = known.get(project);
    if (one !== undefined) return one;
    const added = dirtyFiles({
      project,
      wanted: () => vscode.window.state.focused,
      onChange: () => changed.fire(),
      onProblem: (cause) => log.debug(`what is changed in ${project.root} is not known: ${String(cause)}`),
    });
    known.set(project, added);
    return added;
  };
  const lookAtAll = () => {
    for (const [project, one] of known) {
      if (projects.all().includes(project)) continue;
      one.dispose();
      known.delete(project);
    }
    for (const project of projects.all()) of(project).look();
  };

  const subscriptions = vscode.Disposable.from(
    projects.onDidChangeProjects(lookAtAll),
    projects.onDidChange(({ project, change }) => {
      if (change.whole || change.leases || change.swarms.size > 0) of(project).look();
    }),
    vscode.workspace.onDidSaveTextDocument(({ uri }) => {
      const project = projects.of(uri);
      if (project !== undefined) of(project).look();
    }),
    vscode.window.onDidChangeWindowState(({ focused }) => {
      if (focused) lookAtAll();
    }),
  );
  probe?.pending(() => [...known.values()].some((one) => one.isPending()));
  probe?.set("conflicts", () =>
    projects.all().map((project) => [project.root, Object.fromEntries(of(project).conflicts())]),
  );

  return {
    of: (project) => of(project).conflicts(),
    onDidChange: changed.event,
    dispose: () => {
      subscriptions.dispose();
      for (const one of known.values()) one.dispose();
      changed.dispose();
    },
  };
};
