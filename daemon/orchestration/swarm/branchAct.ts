/** The two acts of ours that move a branch of the user's, and how they are called. */
import type { BranchMove } from "../../../shared/contract/events.ts";
import type { OpenProject } from "./Projects.ts";

export interface BranchAct {
  readonly project: OpenProject;
  readonly intent: BranchMove;
  readonly words: ActWords;
}

export interface ActWords {
  readonly verb: "land" | "revert";
  readonly doing: "landing" | "reverting";
  /** At the beginning of a sentence. */
  readonly Doing: "Landing" | "Reverting";
}

export const toLand: ActWords = { verb: "land", doing: "landing", Doing: "Landing" };
export const toRevert: ActWords = { verb: "revert", doing: "reverting", Doing: "Reverting" };

/** Where the workshop has what the branch is moved to. */
export const sourceRef = ({ intent, words }: BranchAct): string =>
  words.verb === "land" ? `refs/heads/swarm/${intent.epic}` : revertRef(intent.epic);

export const revertRef = (epicId: string): string => `refs/vibe/revert/${epicId}`;

/** A branch as the user calls it. */
export const shortRef = (ref: string): string => ref.replace(/^refs\/heads\//, "");

/** The first few of many paths. */
export const listedPaths = (paths: ReadonlyArray<string>): string =>
  paths.length <= 5 ? paths.join(", ") : `${paths.slice(0, 5).join(", ")} and ${paths.length - 5} more`;
