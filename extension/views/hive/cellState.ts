/**
 * What a cell is doing, in a word and an icon. Shapes differ as well as colours: not everybody sees these, and in
 * high contrast there are few.
 */
import type { SubtaskView, SwarmView } from "../../../shared/contract/swarmRoutes.ts";
import { asPlainText } from "../../text/sanitise.ts";
import { t } from "../../text/t.ts";
import type { HiveEntry } from "./hiveTree.ts";

export interface CellState {
  readonly word: string;
  /** A codicon's name. */
  readonly icon: string;
  /** A theme colour's id. */
  readonly colour?: string;
}

export const cellState = (entry: HiveEntry): CellState => {
  const { cell, swarm, subtask } = entry;
  if (swarm !== undefined) return subtask === undefined ? ofEpic(swarm) : ofSubtask(swarm, subtask);
  switch (cell?.status) {
    case "closed":
      return { word: t("closed"), icon: "pass", colour: good };
    case "in_progress":
      return { word: t("in progress"), icon: "play-circle", colour: busy };
    case "blocked":
      return { word: t("blocked"), icon: "error", colour: bad };
    case "open":
      return cell.ready
        ? { word: t("ready"), icon: "circle-large-outline" }
        : { word: t("waits"), icon: "circle-outline", colour: quiet };
    default:
      // Statuses of other tools are kept as they are.
      return { word: asPlainText(cell?.status ?? t("unknown"), 40), icon: "circle-outline" };
  }
};

const good = "testing.iconPassed";
const bad = "testing.iconFailed";
const asks = "list.warningForeground";
const busy = "progressBar.background";
const quiet = "disabledForeground";

const ofEpic = ({ status, paused, problem, refusal }: SwarmView): CellState => {
  switch (status) {
    case "running":
      return paused
        ? { word: t("pausing"), icon: "debug-pause", colour: asks }
        : { word: t("running"), icon: "loading~spin", colour: busy };
    case "paused":
      return { word: t("paused"), icon: "debug-pause", colour: asks };
    case "interrupted":
      return problem === null
        ? { word: t("interrupted"), icon: "debug-disconnect", colour: asks }
        : { word: t("stopped"), icon: "error", colour: bad };
    case "needs-you":
      return { word: t("needs you"), icon: "bell-dot", colour: asks };
    case "blocked":
      return { word: t("blocked"), icon: "error", colour: bad };
    case "ready":
      return refusal === null
        ? { word: t("ready to land"), icon: "rocket", colour: asks }
        : { word: t("landing refused"), icon: "warning", colour: asks };
    case "landing":
      return { word: t("landing"), icon: "loading~spin", colour: busy };
    case "landed":
      return { word: t("landed"), icon: "pass-filled", colour: good };
    case "reverting":
      return { word: t("reverting"), icon: "loading~spin", colour: busy };
    case "reverted":
      return { word: t("reverted"), icon: "discard", colour: quiet };
    case "cancelled":
      return { word: t("cancelled"), icon: "circle-slash", colour: quiet };
    case "discarded":
      return { word: t("discarded"), icon: "trash", colour: quiet };
  }
};

const ofSubtask = (swarm: SwarmView, subtask: SubtaskView): CellState => {
  const state = subtaskStates()[subtask.status];
  if (subtask.status === "waiting" && unmergedBefore(swarm, subtask).length === 0 && subtask.attempts > 0)
    return { ...state, word: t("try {0} soon", subtask.attempts + 1) };
  return isAtWork(subtask) && subtask.attempts > 1
    ? { ...state, word: t("{0}, try {1}", state.word, subtask.attempts) }
    : state;
};

const subtaskStates = (): Readonly<Record<SubtaskView["status"], CellState>> => ({
  waiting: { word: t("waits"), icon: "circle-outline", colour: quiet },
  starting: { word: t("starting"), icon: "loading~spin", colour: busy },
  running: { word: t("working"), icon: "loading~spin", colour: busy },
  gate: { word: t("checking"), icon: "beaker", colour: busy },
  "needs-you": { word: t("needs you"), icon: "bell-dot", colour: asks },
  merging: { word: t("merging"), icon: "git-merge", colour: busy },
  merged: { word: t("merged"), icon: "pass", colour: good },
  blocked: { word: t("blocked"), icon: "error", colour: bad },
  cancelled: { word: t("cancelled"), icon: "circle-slash", colour: quiet },
});

/** Somebody, or something, works on it at this moment. */
export const isAtWork = ({ status }: SubtaskView): boolean =>
  status === "starting" || status === "running" || status === "gate" || status === "merging";

/** Subtasks that must be merged before this one begins. */
export const unmergedBefore = (swarm: SwarmView, subtask: SubtaskView): ReadonlyArray<SubtaskView> =>
  swarm.subtasks.filter(({ id, status }) => status !== "merged" && subtask.dependencies.includes(id));
