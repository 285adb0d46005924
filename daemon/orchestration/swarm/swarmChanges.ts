/** What a swarm, or one subtask of it, changed, for the person to look at: two commits or trees and their difference. */
import { Effect } from "effect";
import { InvalidInput, NotFound, NotNow } from "../../../shared/contract/errors.ts";
import type { SwarmChanges } from "../../../shared/contract/swarmRoutes.ts";
import type { EpicState, SubtaskState } from "../../../shared/contract/swarmState.ts";
import { compareTrees } from "./compareTrees.ts";
import { openSwarm, type Which } from "./decision.ts";
import type { OpenProject } from "./Projects.ts";
import { snapshotNow } from "./snapshotNow.ts";

interface Asked extends Which {
  readonly cell?: string;
  readonly now?: boolean;
}

export const swarmChanges = Effect.fn("swarmChanges")(function* ({ cell, now, ...which }: Asked) {
  const { project, log, swarms } = yield* openSwarm(which);
  const epic = log.epic();
  if (cell === undefined) {
    if (now === true) {
      return yield* new InvalidInput({ message: "Name the subtask whose checkout is to be looked at now." });
    }
    return yield* compared(project, sidesOfEpic(epic));
  }
  const subtask = log.state().subtasks.get(cell);
  if (subtask === undefined) return yield* new NotFound({ message: `${which.epic} has no subtask ${cell}.` });
  if (now !== true) return yield* compared(project, sidesOfSubtask(subtask, epic));
  const last = subtask.attempts.at(-1);
  if (last === undefined || last.exit !== undefined || !swarms.isLive(which.epic)) {
    return yield* new NotNow({ message: `No agent works on ${cell} now, so it has no checkout.` });
  }
  const { tree, objects } = yield* snapshotNow(project.workshop, last);
  return yield* compared(project, { base: last.base, head: tree }, objects);
}, Effect.scoped);

interface Sides {
  readonly base: string;
  readonly head: string;
}

const compared = ({ workshop }: OpenProject, { base, head }: Sides, objects?: string) =>
  Effect.map(compareTrees(workshop, { from: base, to: head, objects }), (files): SwarmChanges => {
    return { base, head, files };
  });

/** What landing brings to the target, or has brought. */
const sidesOfEpic = ({ landing, status, created, target, head }: EpicState): Sides => {
  const hasLanded = status === "landed" || status === "reverting" || status === "reverted";
  return landing !== undefined && hasLanded
    ? { base: landing.old ?? created.base, head: landing.new }
    : { base: target, head };
};

/** What the merged attempt did, else the last one that left something; nothing when there is none. */
const sidesOfSubtask = ({ attempts, phase }: SubtaskState, { head }: EpicState): Sides => {
  const last = attempts.findLast(({ exit }) => exit?.tree != null);
  if (last === undefined) return { base: head, head };
  const merged = phase === "merged" ? last.merge?.commit : undefined;
  return { base: last.base, head: merged ?? last.exit!.tree! };
};
