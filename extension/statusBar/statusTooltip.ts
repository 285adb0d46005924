/** The status bar's tooltip: what matters, then a line for each cell of the swarms that are not over. */
import type { ProjectModel } from "../project/ProjectModel.ts";
import { asPlainText } from "../text/sanitise.ts";
import { t } from "../text/t.ts";
import { cellItem } from "../views/hive/cellItem.ts";
import type { TooltipPart } from "../views/hive/cellTooltip.ts";
import { isOver } from "../views/hive/hiveTree.ts";

/** Lines for the cells of one swarm; what is being worked on comes first. */
const most = 12;

export const statusTooltip = (input: {
  readonly spoken: string;
  readonly models: ReadonlyArray<Pick<ProjectModel, "cells" | "swarms">>;
  readonly now: number;
}): ReadonlyArray<TooltipPart> => {
  const swarms = input.models.flatMap(({ cells, swarms }) =>
    [...swarms.values()].filter((swarm) => !isOver(swarm)).map((swarm) => ({ swarm, cells })),
  );
  const parts: Array<TooltipPart> = [{ kind: "title", text: input.spoken }];
  for (const { swarm, cells } of swarms) {
    const items = swarm.subtasks
      .toSorted((left, right) => rank[left.status] - rank[right.status])
      .map((subtask) => {
        const entry = { id: subtask.id, cell: cells.get(subtask.id), swarm, subtask };
        // Without what was printed last: a tooltip that changes while it is read can't be read.
        const item = cellItem(entry, { now: input.now, parent: false });
        return `${item.label} · ${item.description}`;
      });
    const rest = items.length - most;
    parts.push({
      kind: "list",
      name: asPlainText(swarm.title, 120),
      items: rest > 1 ? [...items.slice(0, most), t("and {0} more", rest)] : items,
    });
  }
  // What was not measured is not shown as nothing.
  if (swarms.length > 0)
    parts.push({ kind: "text", text: t("Tokens and money: not reported by these agents.") });
  return parts;
};

const rank = {
  "needs-you": 0,
  blocked: 0,
  starting: 1,
  running: 1,
  gate: 1,
  merging: 1,
  waiting: 2,
  merged: 3,
  cancelled: 3,
} as const;
