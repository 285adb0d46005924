/**
 * Keeps *While you were away* of every project: where it stood when the window lost focus, also across a closed
 * window, and what happened until it was back. It stays until it is dismissed or there is something newer to tell.
 */
import * as vscode from "vscode";
import { commandIds } from "../../commands/commandIds.ts";
import type { Project } from "../../project/Project.ts";
import type { Vibe } from "../../Vibe.ts";
import { type Happening, leaveAt, type Moment, momentOf, whileAway } from "./whileAway.ts";

export interface Away extends vscode.Disposable {
  readonly of: (
    project: Project,
  ) => { readonly since: string; readonly happenings: ReadonlyArray<Happening> } | undefined;
}

const storageKey = "vibe.leftAt";

export const keepAway = (vibe: Vibe, onChange: () => void): Away => {
  const { projects, context, probe } = vibe;
  const told = new Map<string, { readonly since: string; readonly happenings: ReadonlyArray<Happening> }>();
  const left = new Map(Object.entries(context.workspaceState.get<Record<string, Moment>>(storageKey, {})));
  // Of these, what happened is yet to be told: the person is back, and the model was not there.
  const pending = new Set(left.keys());
  let cameBackAt: Date | undefined = vscode.window.state.focused ? new Date() : undefined;

  const tell = (project: Project) => {
    const { commonDir } = project;
    const before = left.get(commonDir);
    if (before === undefined || project.state() !== "live") return;
    pending.delete(commonDir);
    const happenings = whileAway(before, project.model());
    if (happenings.length === 0) return;
    told.set(commonDir, { since: before.at, happenings });
    onChange();
  };

  const leave = () => {
    for (const project of projects.all()) {
      const { commonDir } = project;
      // What was not told yet still counts from where it did.
      if (project.state() !== "live" || pending.has(commonDir)) continue;
      left.set(commonDir, leaveAt(left.get(commonDir), cameBackAt, momentOf(project.model(), new Date())));
    }
    cameBackAt = undefined;
    void context.workspaceState.update(storageKey, Object.fromEntries(left));
  };

  const comeBack = () => {
    cameBackAt = new Date();
    for (const project of projects.all()) {
      pending.add(project.commonDir);
      tell(project);
    }
  };

  const dismiss = vscode.commands.registerCommand(commandIds.dismissAway, () => {
    told.clear();
    onChange();
  });
  probe?.set("away", () => Object.fromEntries(told));
  /** As if the window lost focus or was given it: a test has no other window to go to. */
  probe?.set("focus", (focused: boolean) => (focused ? comeBack() : leave()));

  const subscriptions = vscode.Disposable.from(
    dismiss,
    vscode.window.onDidChangeWindowState(({ focused }) => {
      if (focused === (cameBackAt !== undefined)) return;
      if (focused) comeBack();
      else leave();
    }),
    projects.onDidChange(({ project, change }) => {
      if (change.whole && cameBackAt !== undefined && pending.has(project.commonDir)) tell(project);
    }),
  );

  return {
    of: ({ commonDir }) => told.get(commonDir),
    dispose: () => {
      // A window that is closed while it is in front is left now.
      if (cameBackAt !== undefined) leave();
      subscriptions.dispose();
    },
  };
};
