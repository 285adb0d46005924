/** What a client is shown of a swarm: its state, and whether this daemon is working on it right now. */
import type { SubtaskView, SwarmView } from "../../../shared/contract/swarmRoutes.ts";
import {
  type EpicState,
  isOver,
  type SubtaskPhase,
  type SubtaskState,
  type SwarmProjection,
} from "../../../shared/contract/swarmState.ts";

export interface Liveness {
  readonly live: boolean;
  /** Why the daemon gave up on it for now, if it did. */
  readonly problem: string | null;
}

export const swarmView = (
  state: SwarmProjection,
  epicId: string,
  { live, problem }: Liveness,
  seq: number,
): SwarmView => {
  const epic = state.epics.get(epicId)!;
  const subtasks = epic.subtaskIds.flatMap((id) => state.subtasks.get(id) ?? []);
  return {
    epic: epicId,
    title: epic.title,
    root: epic.created.root,
    target: epic.created.target,
    base: epic.created.base,
    head: epic.head,
    status: statusOf(epic, subtasks, live),
    paused: epic.paused && !isOver(epic),
    checks: epic.created.checks.map((check) => check.name),
    results: epic.results,
    subtasks: subtasks.map((subtask) => subtaskView(subtask, epic, live)),
    startedAt: epic.startedAt,
    endedAt: epic.endedAt ?? null,
    refusal: epic.refusal ?? null,
    problem,
    seq,
  };
};

const statusOf = (
  epic: EpicState,
  subtasks: ReadonlyArray<SubtaskState>,
  live: boolean,
): SwarmView["status"] => {
  if (epic.status === "landing" || epic.status === "reverting") return live ? epic.status : "interrupted";
  if (epic.status !== "active") return epic.status;
  if (live) return "running";
  if (subtasks.some((subtask) => subtask.phase === "held")) return "needs-you";
  if (epic.paused) return "paused";
  return subtasks.some((subtask) => subtask.phase === "blocked") ? "blocked" : "interrupted";
};

const words: Readonly<Record<SubtaskPhase, SubtaskView["status"]>> = {
  waiting: "waiting",
  starting: "starting",
  running: "running",
  exited: "gate",
  held: "needs-you",
  passed: "merging",
  merging: "merging",
  merged: "merged",
  blocked: "blocked",
};

const subtaskView = (subtask: SubtaskState, epic: EpicState, live: boolean): SubtaskView => {
  const given = epic.status === "cancelled" || epic.status === "discarded";
  const stopped = given && subtask.phase !== "merged" && subtask.phase !== "blocked";
  const idle = !live && isAtWork(subtask.phase);
  return {
    id: subtask.id,
    title: subtask.title,
    files: subtask.files,
    dependencies: subtask.dependencies,
    status: stopped ? "cancelled" : idle ? "waiting" : words[subtask.phase],
    attempts: subtask.attempts.length,
    agent: subtask.attempts.at(-1)?.agent ?? null,
    startedAt: subtask.attempts[0]?.startedAt ?? null,
    endedAt: subtask.endedAt ?? null,
    findings: subtask.findings,
    refusals: subtask.attempts.flatMap(({ attempt, agent, refusal }) =>
      refusal === undefined ? [] : [{ attempt, agent, ...refusal }],
    ),
    changed: subtask.changed,
    folder: live && isAtWork(subtask.phase) ? (subtask.attempts.at(-1)?.folder ?? null) : null,
  };
};

const isAtWork = (phase: SubtaskPhase) => phase === "starting" || phase === "running";
