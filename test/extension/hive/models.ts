/** Cells and swarms for tests, with what a test does not speak of filled in. */

import type { ProjectModel } from "../../../extension/project/ProjectModel.ts";
import { emptyModel } from "../../../extension/project/ProjectModel.ts";
import type { CellView } from "../../../shared/contract/hiveRoutes.ts";
import type { SubtaskView, SwarmView } from "../../../shared/contract/swarmRoutes.ts";

export const noon = "2026-01-02T12:00:00.000Z";
export const minutesAfterNoon = (minutes: number): number => Date.parse(noon) + minutes * 60_000;

export const cellOf = (id: string, given: Partial<CellView> = {}): CellView => ({
  id,
  title: `Title of ${id}`,
  status: "open",
  issue_type: "task",
  priority: 2,
  fields: { created_at: noon },
  parent_id: null,
  dependencies: [],
  ready: true,
  waiting_for: [],
  ...given,
});

export const subtaskOf = (id: string, given: Partial<SubtaskView> = {}): SubtaskView => ({
  id,
  title: `Title of ${id}`,
  files: [],
  dependencies: [],
  status: "waiting",
  attempts: 0,
  agent: null,
  startedAt: null,
  endedAt: null,
  findings: [],
  refusals: [],
  changed: [],
  folder: null,
  ...given,
});

export const swarmOf = (
  epic: string,
  subtasks: ReadonlyArray<SubtaskView>,
  given: Partial<SwarmView> = {},
): SwarmView => ({
  epic,
  title: `Title of ${epic}`,
  root: "/repository",
  target: { kind: "branch", ref: "refs/heads/main" },
  base: "1".repeat(40),
  head: "2".repeat(40),
  status: "running",
  paused: false,
  checks: [],
  results: [],
  subtasks,
  startedAt: noon,
  endedAt: null,
  refusal: null,
  problem: null,
  seq: 1,
  ...given,
});

export const modelOf = (given: {
  readonly cells?: ReadonlyArray<CellView>;
  readonly swarms?: ReadonlyArray<SwarmView>;
  readonly lines?: Readonly<Record<string, string>>;
  readonly mail?: ProjectModel["mail"];
}): ProjectModel => ({
  ...emptyModel,
  cells: new Map((given.cells ?? []).map((cell) => [cell.id, cell])),
  swarms: new Map((given.swarms ?? []).map((swarm) => [swarm.epic, swarm])),
  lines: new Map(Object.entries(given.lines ?? {})),
  mail: given.mail ?? [],
});

/** A swarm as the feed tells it: its cells are in the hive too. */
export const modelOfSwarm = (swarm: SwarmView, lines: Readonly<Record<string, string>> = {}): ProjectModel =>
  modelOf({
    swarms: [swarm],
    lines,
    cells: [
      cellOf(swarm.epic, { title: swarm.title, issue_type: "epic" }),
      ...swarm.subtasks.map(({ id, title }) => cellOf(id, { title, parent_id: swarm.epic })),
    ],
  });
