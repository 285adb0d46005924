/** How a swarm's parts are called to a person. */
import type { Target } from "../../../shared/contract/events.ts";
import type { SubtaskView, SwarmView } from "../../../shared/contract/swarmRoutes.ts";
import { plain } from "./text.ts";

export const targetName = (swarm: { readonly target: Target; readonly epic?: string }): string =>
  swarm.target.kind === "branch"
    ? branchName(swarm.target.ref)
    : swarm.epic === undefined
      ? "a new branch (HEAD is detached)"
      : `the new branch swarm/${swarm.epic}`;

export const branchName = (ref: string): string => plain(ref.replace(/^refs\/heads\//, ""));

/** Position from 1, as plan, live view and summary number the subtasks. */
const numberOf = (swarm: SwarmView, id: string): number =>
  swarm.subtasks.findIndex((subtask) => subtask.id === id) + 1;

/** Numbers of the subtasks that must still be merged before this one starts. */
export const waitsFor = (swarm: SwarmView, subtask: SubtaskView): ReadonlyArray<number> =>
  subtask.dependencies
    .filter((id) => swarm.subtasks.some((other) => other.id === id && other.status !== "merged"))
    .map((id) => numberOf(swarm, id));

/** Where a swarm stands, in a word or two. */
export const standing = (swarm: SwarmView): string =>
  swarm.status === "running" && swarm.paused
    ? "paused, its agents at work go on to their end"
    : statusWords[swarm.status];

export const statusWords: Readonly<Record<SwarmView["status"], string>> = {
  running: "running",
  interrupted: "interrupted, can be resumed",
  paused: "paused",
  "needs-you": "needs your answer",
  blocked: "blocked",
  ready: "ready to land",
  landing: "landing",
  landed: "landed",
  reverting: "being taken back",
  reverted: "landed and taken back",
  cancelled: "cancelled",
  discarded: "discarded",
};
