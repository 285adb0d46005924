/**
 * Everything that this daemon does for a swarm, from wherever its log says it stands: pin the base, run the
 * subtasks, and land when that is approved. Returns when nothing more can be done without the person.
 */
import { rm } from "node:fs/promises";
import { Effect, Fiber } from "effect";
import { isOver } from "../../../shared/contract/swarmState.ts";
import { faultPoint } from "../../platform/FaultPoint.ts";
import { fileSystem } from "../../platform/fileSystem.ts";
import { mayLand } from "./hasWork.ts";
import { landSwarm } from "./landSwarm.ts";
import { finishMerge } from "./mergeAttempt.ts";
import { finishTargetMerge } from "./mergeTarget.ts";
import { revertSwarm } from "./revertSwarm.ts";
import { runSwarm } from "./runSwarm.ts";
import { swarmStream } from "./SwarmLog.ts";
import type { SwarmRun } from "./SwarmRun.ts";
import { pin, pinRef } from "./UserRepository.ts";

export const workOnSwarm = Effect.fn("workOnSwarm")(
  function* (run: SwarmRun) {
    if (isOver(run.log.epic())) return;
    if (run.log.epic().status === "reverting") return yield* run.landingTurn.withPermit(revertSwarm(run));
    yield* openBranch(run);
    // The pin keeps the base for as long as the swarm lasts; its first agents need not wait for it.
    const pinned = yield* Effect.forkChild(pinBase(run));
    yield* settleMerges(run);
    for (;;) {
      yield* finishTargetMerge(run);
      if (run.log.epic().status === "active") yield* runSwarm(run);
      yield* Fiber.join(pinned);
      if (!mayLand(run.log.epic())) return;
      if ((yield* run.landingTurn.withPermit(landSwarm(run))) !== "again") return;
    }
  },
  // What agents left is in the workshop as trees; a folder is only needed while somebody works in it.
  (work, run) => Effect.ensuring(work, Effect.ignore(removeFolder(run.folder), { log: "Warn" })),
);

const removeFolder = (folder: string) =>
  fileSystem(folder, () => rm(folder, { recursive: true, force: true }));

/**
 * A merge that was intended when a daemon died is finished before any other begins: what the log calls the head
 * may be behind the branch until then.
 */
const settleMerges = Effect.fnUntraced(function* (run: SwarmRun) {
  for (const id of run.log.epic().subtaskIds) {
    if (run.log.subtask(id).phase === "merging") yield* finishMerge(run, id);
  }
});

/** The branch in the workshop on which merged work collects. */
const openBranch = Effect.fnUntraced(function* (run: SwarmRun) {
  const { workshop } = run.project;
  const { created, pinned } = run.log.epic();
  if (pinned || (yield* workshop.readRef(run.branch)) !== undefined) return;
  yield* workshop.moveRef(run.branch, { old: null, new: created.base });
});

/** Keeps the base from being collected in the user's repository. */
const pinBase = Effect.fnUntraced(function* (run: SwarmRun) {
  const { created, pinned } = run.log.epic();
  if (pinned) return;
  const stream = swarmStream(run.epicId);
  const ref = pinRef(run.epicId);
  yield* run.log.append([
    { stream, type: "pin_intended", data: { epic: run.epicId, ref, commit: created.base } },
  ]);
  yield* pin(run.project.root, run.epicId, created.base);
  yield* faultPoint("pin-applied");
  yield* run.log.append([{ stream, type: "pin_done", data: { epic: run.epicId, ref } }]);
});
