/** The *Landing* view: what landingRows.ts makes of each project. The files of a cell are got when it is opened. */
import * as vscode from "vscode";
import type { Vibe } from "../../Vibe.ts";
import { projectRow } from "../agents/agentsView.ts";
import type { Conflicts } from "../keepConflicts.ts";
import type { Row, RowRef } from "../Row.ts";
import { registerRows } from "../registerRows.ts";
import { type ChangedFile, filesKey } from "./cellRow.ts";
import { landingRows } from "./landingRows.ts";

/** Cells whose files are kept; those before are asked for again when they are opened. */
const most = 500;

export const landingView = ({ projects, probe }: Vibe, conflicts: Conflicts): vscode.Disposable => {
  const files = new Map<string, ReadonlyArray<ChangedFile> | string>();

  const load = async ({ project: commonDir, epic, cell }: RowRef) => {
    const project = projects.all().find((one) => one.commonDir === commonDir);
    const swarm = project?.model().swarms.get(epic ?? "");
    const subtask = swarm?.subtasks.find(({ id }) => id === cell);
    if (project === undefined || swarm === undefined || subtask === undefined) return;
    const key = filesKey(commonDir, swarm, subtask);
    if (files.size >= most) files.clear();
    try {
      const client = await project.client();
      const request = { project: project.root, epic: swarm.epic, cell: subtask.id };
      files.set(key, (await client.swarm.changes(request)).files);
    } catch (cause) {
      files.set(key, cause instanceof Error ? cause.message : String(cause));
    }
  };

  const build = (): ReadonlyArray<Row> => {
    const live = projects.all().filter((project) => project.state() === "live");
    const rows = live.map((project) =>
      landingRows({
        project: project.commonDir,
        swarms: project.model().swarms,
        files,
        conflicts: conflicts.of(project),
        now: new Date(),
      }),
    );
    return live.length > 1 ? live.map((project, index) => projectRow(project, rows[index]!)) : rows.flat();
  };

  const view = registerRows({ viewId: "vibe.landing", build, load });
  probe?.pending(view.isPending);
  probe?.set("landing", () => [...view.tree().rows.values()]);
  return vscode.Disposable.from(
    view,
    conflicts.onDidChange(view.refresh),
    projects.onDidChangeProjects(view.refresh),
    projects.onDidChange(({ change }) => {
      if (change.whole || change.swarms.size > 0) view.refresh();
    }),
  );
};
