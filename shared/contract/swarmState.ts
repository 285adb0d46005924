/**
 * A swarm's state is a pure fold over its events, and nothing else: neither the hive (where every cell may
 * already be closed) nor anything that a process remembers. The daemon resumes from it, clients render it, and a
 * coordinator that lost its context continues from it.
 */
import {
  type AnyEvent,
  type BranchMove,
  type EventDataOf,
  isKnown,
  type StoredEvent,
  type SwarmCell,
} from "./events.ts";
import type { CheckResult, Finding } from "./gate.ts";

/** Three attempts that fail their gate block a cell. */
export const MAX_STRIKES = 3;

export interface AttemptState {
  readonly attempt: number;
  readonly agent: string;
  readonly base: string;
  readonly folder: string;
  readonly marker: string;
  readonly startedAt: string;
  /** The agent's process was reported as started. */
  readonly spawned: boolean;
  readonly exit?: EventDataOf<"subtask_exited">;
  readonly exitedAt?: string;
  /** The gate let the agent's own tree pass, at this time. */
  readonly passedAt?: string;
  /** What the checks said of the tree that was merged. */
  readonly results?: ReadonlyArray<CheckResult>;
  readonly held?: { readonly tree: string; readonly answer?: boolean; readonly text?: string };
  readonly merge?: EventDataOf<"merge_intended">;
  /** Why it was not taken over. */
  readonly refusal?: {
    readonly stage: "agent" | "cell" | "merge";
    readonly findings: ReadonlyArray<Finding>;
  };
}

/**
 * Where a subtask stands. `waiting` has no attempt under way; `exited` awaits its gate; `held` awaits the
 * person; `passed` awaits the merge queue; `merging` has a merge intended and not yet confirmed.
 */
export type SubtaskPhase =
  | "waiting"
  | "starting"
  | "running"
  | "exited"
  | "held"
  | "passed"
  | "merging"
  | "merged"
  | "blocked";

export interface SubtaskState extends SwarmCell {
  readonly epicId: string;
  readonly phase: SubtaskPhase;
  readonly attempts: ReadonlyArray<AttemptState>;
  /** Attempts that failed their gate. */
  readonly strikes: number;
  /** What the last failed attempt is told. */
  readonly findings: ReadonlyArray<Finding>;
  readonly changed: ReadonlyArray<string>;
  readonly endedAt?: string;
}

export type EpicStatus =
  | "active"
  | "ready"
  | "landing"
  | "landed"
  | "reverting"
  | "reverted"
  | "cancelled"
  | "discarded";

export interface EpicState {
  readonly created: EventDataOf<"epic_created">;
  readonly title: string;
  readonly project: string;
  readonly subtaskIds: ReadonlyArray<string>;
  readonly status: EpicStatus;
  readonly startedAt: string;
  readonly endedAt?: string;
  /** The branch's last confirmed commit: the base, then each merge. */
  readonly head: string;
  /** The target's latest commit that `head` contains: what `head` would change is the difference to it. */
  readonly target: string;
  readonly pinned: boolean;
  /** No new attempt begins. */
  readonly paused: boolean;
  readonly waived: ReadonlyArray<string>;
  /** The results of the checks on `head`. */
  readonly results: ReadonlyArray<CheckResult>;
  readonly approval?: EventDataOf<"landing_approved">;
  readonly targetMerge?: EventDataOf<"target_merge_intended">;
  readonly landing?: BranchMove;
  readonly revert?: BranchMove;
  readonly refusal?: { readonly message: string; readonly paths: ReadonlyArray<string> };
}

export interface SwarmProjection {
  readonly epics: ReadonlyMap<string, EpicState>;
  readonly subtasks: ReadonlyMap<string, SubtaskState>;
  /** Subtasks that were ever handed to an agent. */
  readonly spawned: ReadonlySet<string>;
  /** Subtasks whose work was merged. */
  readonly completed: ReadonlySet<string>;
}

export const emptySwarm: SwarmProjection = {
  epics: new Map(),
  subtasks: new Map(),
  spawned: new Set(),
  completed: new Set(),
};

/** The state after all events, in the order of their `seq`. Events of other kinds are passed over. */
export const projectSwarmState = (events: Iterable<StoredEvent>): SwarmProjection => {
  let state = emptySwarm;
  for (const event of events) state = evolveSwarm(state, event);
  return state;
};

/** A swarm is an epic that was created and at least one subtask of it spawned. */
export const hasSwarmSignature = (state: SwarmProjection): boolean =>
  [...state.spawned].some((id) => state.subtasks.get(id) !== undefined);

/** True while some subtask can still make progress, or while work waits to be landed. */
export const isSwarmActive = (state: SwarmProjection): boolean =>
  [...state.epics.values()].some((epic) => !isOver(epic));

export const isOver = ({ status }: EpicState): boolean =>
  status === "landed" || status === "reverted" || status === "cancelled" || status === "discarded";

/** What a coordinator's prompt says of each epic, a line each. */
export const getSwarmSummary = (state: SwarmProjection): string =>
  [...state.epics.values()]
    .map((epic) => {
      const subtasks = epic.subtaskIds.flatMap((id) => state.subtasks.get(id) ?? []);
      const count = (phase: SubtaskPhase) => subtasks.filter((subtask) => subtask.phase === phase).length;
      const parts = [`${count("merged")}/${subtasks.length} subtasks complete`];
      if (count("blocked") > 0) parts.push(`${count("blocked")} blocked`);
      if (count("held") > 0) parts.push(`${count("held")} waiting for the person`);
      const pending = subtasks.length - count("merged") - count("blocked") - count("held");
      if (pending > 0) parts.push(`${pending} pending`);
      return `Epic "${epic.title}" (${epic.created.epic}, ${epic.status}): ${parts.join(", ")}`;
    })
    .join("\n");

/** The state after one more event. */
export const evolveSwarm = (state: SwarmProjection, stored: StoredEvent): SwarmProjection =>
  isKnown(stored) ? evolve(state, stored) : state;

const evolve = (state: SwarmProjection, event: AnyEvent): SwarmProjection => {
  switch (event.type) {
    case "epic_created":
      return createEpic(state, event);
    case "checks_waived":
      return onEpic(state, event.data.epic, (old) => ({ ...old, waived: event.data.checks }));
    case "pin_done":
      return onEpic(state, event.data.epic, (old) => ({ ...old, pinned: true }));
    case "spawn_intended": {
      const { cell, attempt, agent, base, folder, marker } = event.data;
      const begun = { attempt, agent, base, folder, marker, startedAt: event.at, spawned: false };
      const next = onSubtask(state, cell, (old) => ({
        phase: "starting",
        attempts: [...old.attempts, begun],
      }));
      return { ...next, spawned: new Set(next.spawned).add(cell) };
    }
    case "subtask_spawned":
      return onAttempt(state, event.data, "running", () => ({ spawned: true }));
    case "subtask_exited": {
      const phase = event.data.outcome === "interrupted" ? "waiting" : "exited";
      return onAttempt(state, event.data, phase, () => ({ exit: event.data, exitedAt: event.at }));
    }
    case "gate_passed": {
      const { stage, files, results } = event.data;
      if (stage === "merge") return onAttempt(state, event.data, "passed", () => ({ results }));
      const next = onAttempt(state, event.data, "passed", () => ({ passedAt: event.at, results }));
      return onSubtask(next, event.data.cell, () => ({ changed: files }));
    }
    case "gate_failed": {
      const { cell, stage, findings } = event.data;
      const next = onAttempt(state, event.data, "waiting", () => ({ refusal: { stage, findings } }));
      return onSubtask(next, cell, (old) => ({ strikes: old.strikes + 1, findings }));
    }
    case "lease_lost": {
      const { cell, findings } = event.data;
      const next = onAttempt(state, event.data, "waiting", () => ({ refusal: { stage: "cell", findings } }));
      return onSubtask(next, cell, () => ({ findings }));
    }
    case "gate_held": {
      const { tree, findings, cell } = event.data;
      const next = onAttempt(state, event.data, "held", () => ({ held: { tree } }));
      return onSubtask(next, cell, () => ({ findings }));
    }
    case "gate_answered": {
      const { tree, accepted, text } = event.data;
      const held = { tree, answer: accepted, ...(text === undefined ? {} : { text }) };
      return onAttempt(state, event.data, "exited", () => ({ held }));
    }
    case "merge_intended":
      return onAttempt(state, event.data, "merging", () => ({ merge: event.data }));
    case "subtask_merged": {
      const { cell, head } = event.data;
      const next = onSubtask(state, cell, () => ({ phase: "merged", endedAt: event.at, findings: [] }));
      const judged = next.subtasks.get(cell)?.attempts.at(-1)?.results;
      const moved = onEpic(next, epicOf(next, cell), (old) => ({
        ...old,
        head,
        target: next.subtasks.get(cell)?.reconciles?.target ?? old.target,
        results: judged?.length ? judged : old.results,
      }));
      return { ...moved, completed: new Set(moved.completed).add(cell) };
    }
    case "subtask_blocked": {
      const { findings } = event.data;
      return onSubtask(state, event.data.cell, () => ({ phase: "blocked", endedAt: event.at, findings }));
    }
    case "subtask_retried": {
      const old = state.subtasks.get(event.data.cell);
      if (old === undefined) return state;
      // What was wrong the last time is still what the next agent is told.
      const { endedAt: _, ...rest } = old;
      const again: SubtaskState = { ...rest, phase: "waiting", strikes: 0 };
      return { ...state, subtasks: new Map(state.subtasks).set(old.id, again) };
    }
    case "swarm_paused":
      return onEpic(state, event.data.epic, (old) => ({ ...old, paused: true }));
    case "swarm_unpaused":
      return onEpic(state, event.data.epic, (old) => ({ ...old, paused: false }));
    case "work_sent_back":
      // Who looked and was not content is asked again, also when the landing was approved in advance.
      return onEpic(state, event.data.epic, ({ approval: _, refusal: __, ...old }) => old);
    case "subtask_added": {
      const { cell, epic, findings } = event.data;
      const added = newSubtask(cell, epic, findings);
      const next = onEpic(state, epic, (old) => ({
        ...old,
        status: "active",
        subtaskIds: [...old.subtaskIds, cell.id],
      }));
      return { ...next, subtasks: new Map(next.subtasks).set(cell.id, added) };
    }
    case "target_merge_intended":
      return onEpic(state, event.data.epic, (old) => ({ ...old, targetMerge: event.data }));
    case "target_merged": {
      const { epic, head, target, results } = event.data;
      return onEpic(state, epic, ({ targetMerge: _, ...old }) => ({ ...old, head, target, results }));
    }
    case "epic_ready": {
      const { epic, head, results } = event.data;
      return onEpic(state, epic, (old) => ({ ...old, status: unlessAdded(state, old), head, results }));
    }
    case "landing_approved":
      return onEpic(state, event.data.epic, ({ refusal: _, ...old }) => ({ ...old, approval: event.data }));
    case "landing_intended":
      return onEpic(state, event.data.epic, (old) => ({ ...old, status: "landing", landing: event.data }));
    case "landing_refused": {
      const { epic, message, paths } = event.data;
      // What was approved for one exact commit is spent; an approval in advance holds.
      return onEpic(state, epic, ({ approval, landing: _, ...old }) => ({
        ...old,
        status: unlessAdded(state, old),
        refusal: { message, paths },
        ...(approval?.commit === null ? { approval } : {}),
      }));
    }
    case "landed":
      return onEpic(state, event.data.epic, ({ refusal: _, ...old }) => ({
        ...old,
        status: "landed",
        endedAt: event.at,
      }));
    case "revert_approved":
      return onEpic(state, event.data.epic, ({ refusal: _, ...old }) => ({ ...old, status: "reverting" }));
    case "revert_intended":
      return onEpic(state, event.data.epic, (old) => ({ ...old, status: "reverting", revert: event.data }));
    case "revert_refused": {
      const { epic, message, paths } = event.data;
      return onEpic(state, epic, ({ revert: _, ...old }) => ({
        ...old,
        status: "landed",
        refusal: { message, paths },
      }));
    }
    case "reverted":
      return onEpic(state, event.data.epic, (old) => ({ ...old, status: "reverted", endedAt: event.at }));
    case "swarm_cancelled":
      return onEpic(state, event.data.epic, (old) => ({ ...old, status: "cancelled", endedAt: event.at }));
    case "swarm_discarded":
      return onEpic(state, event.data.epic, (old) => ({ ...old, status: "discarded", endedAt: event.at }));
    default:
      return state;
  }
};

const createEpic = (state: SwarmProjection, event: AnyEvent & { type: "epic_created" }): SwarmProjection => {
  const { data, at, project } = event;
  const epic: EpicState = {
    created: data,
    title: data.plan.epic.title,
    project,
    subtaskIds: data.cells.map((cell) => cell.id),
    status: "active",
    startedAt: at,
    head: data.base,
    target: data.base,
    pinned: false,
    paused: false,
    waived: [],
    results: [],
  };
  const subtasks = new Map(state.subtasks);
  for (const cell of data.cells) subtasks.set(cell.id, newSubtask(cell, data.epic, []));
  return { ...state, epics: new Map(state.epics).set(data.epic, epic), subtasks };
};

const newSubtask = (cell: SwarmCell, epicId: string, findings: ReadonlyArray<Finding>): SubtaskState => ({
  ...cell,
  epicId,
  phase: "waiting",
  attempts: [],
  strikes: 0,
  findings,
  changed: [],
});

/** Ready, but for work that was sent back while the event that says so was written. */
const unlessAdded = (state: SwarmProjection, { subtaskIds }: Pick<EpicState, "subtaskIds">): EpicStatus =>
  subtaskIds.every((id) => state.subtasks.get(id)?.phase === "merged") ? "ready" : "active";

const epicOf = (state: SwarmProjection, cell: string): string => state.subtasks.get(cell)?.epicId ?? "";

const onEpic = (
  state: SwarmProjection,
  id: string,
  change: (old: EpicState) => EpicState,
): SwarmProjection => {
  const old = state.epics.get(id);
  return old === undefined ? state : { ...state, epics: new Map(state.epics).set(id, change(old)) };
};

const onSubtask = (
  state: SwarmProjection,
  id: string,
  change: (old: SubtaskState) => Partial<SubtaskState>,
): SwarmProjection => {
  const old = state.subtasks.get(id);
  if (old === undefined) return state;
  return { ...state, subtasks: new Map(state.subtasks).set(id, { ...old, ...change(old) }) };
};

/** Changes one attempt and moves its subtask on. */
const onAttempt = (
  state: SwarmProjection,
  { cell, attempt }: { readonly cell: string; readonly attempt: number },
  phase: SubtaskPhase,
  change: () => Partial<AttemptState>,
): SwarmProjection =>
  onSubtask(state, cell, (old) => ({
    phase,
    attempts: old.attempts.map((one) => (one.attempt === attempt ? { ...one, ...change() } : one)),
  }));
