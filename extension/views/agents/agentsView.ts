/** The *Agents & leases* view: what agentsRows.ts makes of each project, kept up to date. */
import { basename } from "node:path";
import * as vscode from "vscode";
import type { Project } from "../../project/Project.ts";
import { asPlainText } from "../../text/sanitise.ts";
import type { Vibe } from "../../Vibe.ts";
import type { Conflicts } from "../keepConflicts.ts";
import { part, type Row } from "../Row.ts";
import { registerRows } from "../registerRows.ts";
import { agentsRows } from "./agentsRows.ts";
import { keepAway } from "./keepAway.ts";

export const agentsView = (vibe: Vibe, conflicts: Conflicts): vscode.Disposable => {
  const { projects, probe } = vibe;
  const away = keepAway(vibe, () => view.refresh());

  const rowsOf = (project: Project): ReadonlyArray<Row> =>
    agentsRows({
      project: project.commonDir,
      model: project.model(),
      conflicts: conflicts.of(project),
      away: away.of(project),
      now: new Date(),
    });
  const build = (): ReadonlyArray<Row> => {
    const live = projects.all().filter((project) => project.state() === "live");
    return live.length > 1
      ? live.map((project) => projectRow(project, rowsOf(project)))
      : live.flatMap(rowsOf);
  };
  const view = registerRows({ viewId: "vibe.agents", build });

  probe?.pending(view.isPending);
  probe?.set("agents", () => [...view.tree().rows.values()]);
  return vscode.Disposable.from(
    view,
    away,
    conflicts.onDidChange(view.refresh),
    projects.onDidChangeProjects(view.refresh),
    projects.onDidChange(({ change }) => {
      const { whole, swarms, agents, leases, queue, mail, paused, lines } = change;
      if (whole || leases || queue || mail || paused || swarms.size + agents.size + lines.size > 0)
        view.refresh();
    }),
  );
};

/** With several projects each is a row of its own. */
export const projectRow = ({ commonDir, root }: Project, children: ReadonlyArray<Row>): Row => ({
  ref: { id: `project/${part(commonDir)}`, kind: "project", project: commonDir },
  label: asPlainText(basename(root), 80),
  description: asPlainText(root, 120),
  icon: "repo",
  open: true,
  children,
});
