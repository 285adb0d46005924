/** Plans that are being made: shown in the Hive view with a way to stop each. */
import { randomUUID } from "node:crypto";
import * as vscode from "vscode";
import type { Project } from "../project/Project.ts";

export interface Planning {
  readonly id: string;
  /** The project's common git directory. */
  readonly project: string;
  readonly task: string;
}

const underWay = new Map<string, { readonly planning: Planning; readonly cancelling: AbortController }>();
const changes = new vscode.EventEmitter<void>();

export const onDidChangePlannings = changes.event;

export const planningsUnderWay = (): ReadonlyArray<Planning> =>
  [...underWay.values()].map(({ planning }) => planning);

/** Without an id, the only one. */
export const cancelPlanning = (id: string | undefined): void => {
  const [only, ...others] = underWay.keys();
  const which = id ?? (others.length === 0 ? only : undefined);
  if (which !== undefined) underWay.get(which)?.cancelling.abort(new vscode.CancellationError());
};

/** The planner's text; fails with `CancellationError` when the person stopped it, which ends the planner too. */
export const planTask = async (project: Project, task: string, planner: string): Promise<string> => {
  const planning: Planning = { id: randomUUID(), project: project.commonDir, task };
  const cancelling = new AbortController();
  underWay.set(planning.id, { planning, cancelling });
  changes.fire();
  try {
    return await vscode.window.withProgress({ location: { viewId: "vibe.hive" } }, async () => {
      const client = await project.client();
      cancelling.signal.throwIfAborted();
      const { signal } = cancelling;
      const { text } = await client.swarm.plan({ project: project.root, task, planner }, { signal });
      return text;
    });
  } catch (cause) {
    throw cancelling.signal.aborted ? new vscode.CancellationError() : cause;
  } finally {
    underWay.delete(planning.id);
    changes.fire();
  }
};
