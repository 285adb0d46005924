/** What the daemon can do for a swarm without the person, by its log alone. */
import type { EpicState, SubtaskState, SwarmProjection } from "../../../shared/contract/swarmState.ts";

type State = Pick<SwarmProjection, "subtasks">;

/** A swarm in which this is false waits for the person, or is over. */
export const hasWork = (state: State, epic: EpicState): boolean => {
  if (epic.status === "active") {
    const subtasks = epic.subtaskIds.flatMap((id) => state.subtasks.get(id) ?? []);
    const merged = subtasks.every(({ phase }) => phase === "merged");
    return merged || subtasks.some((subtask) => canProceed(state, epic, subtask));
  }
  return epic.targetMerge !== undefined || epic.status === "reverting" || mayLand(epic);
};

/** A subtask for which the next step is the daemon's. */
export const canProceed = (state: State, epic: EpicState, subtask: SubtaskState): boolean => {
  if (epic.status !== "active") return false;
  switch (subtask.phase) {
    case "merged":
    case "blocked":
    case "held":
      return false;
    case "waiting":
      return !epic.paused && subtask.dependencies.every((id) => state.subtasks.get(id)?.phase === "merged");
    default:
      return true;
  }
};

/** Its landing was begun, or is approved for the commit that it stands at. */
export const mayLand = ({ status, approval, head }: EpicState): boolean =>
  status === "landing" ||
  (status === "ready" && approval !== undefined && (approval.commit === null || approval.commit === head));
