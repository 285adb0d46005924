/**
 * What may be done with a cell, in words that the `when` clauses of package.json look for in `viewItem`
 * (`viewItem =~ /\bretry\b/`). So each action is shown exactly where it can be done.
 */
import type { SubtaskView, SwarmView } from "../../../shared/contract/swarmRoutes.ts";
import { isAtWork } from "./cellState.ts";
import { type HiveEntry, isClosed, isOver } from "./hiveTree.ts";

export const cellWords = (entry: HiveEntry): string => {
  const { cell, swarm, subtask } = entry;
  if (swarm === undefined) {
    return words({
      cell: true,
      ready: cell?.ready === true,
      open: !isClosed(entry),
      closed: isClosed(entry),
    });
  }
  return subtask === undefined ? ofEpic(swarm) : ofSubtask(swarm, subtask);
};

const ofEpic = (swarm: SwarmView): string => {
  const { status } = swarm;
  const moving = status === "landing" || status === "reverting";
  return words({
    epic: true,
    swarm: true,
    active: !isOver(swarm),
    // What was landed, or is landing, is beyond cancelling.
    cancel: !isOver(swarm) && !moving && status !== "ready",
    discard: !isOver(swarm) && !moving,
    resume: status === "interrupted" || status === "paused",
    land: status === "ready",
    sendBack: status === "ready",
    revert: status === "landed",
    diff: swarm.head !== null && swarm.subtasks.some((subtask) => subtask.status === "merged"),
  });
};

const ofSubtask = (swarm: SwarmView, subtask: SubtaskView): string =>
  words({
    subtask: true,
    swarm: true,
    active: !isOver(swarm),
    agent: subtask.agent !== null && isAtWork(subtask),
    log: subtask.attempts > 0,
    diff: subtask.attempts > 0,
    folder: subtask.folder !== null,
    answer: subtask.status === "needs-you",
    sendBack: subtask.status === "needs-you" || (subtask.status === "merged" && swarm.status === "ready"),
    retry: subtask.status === "blocked" && !isOver(swarm),
  });

const words = (flags: Readonly<Record<string, boolean>>): string =>
  Object.entries(flags)
    .filter(([, is]) => is)
    .map(([word]) => word)
    .join(" ");
