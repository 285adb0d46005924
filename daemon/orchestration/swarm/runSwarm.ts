/**
 * Runs a swarm until nothing more can be done without the person: every subtask that may start is started, and
 * when one ends the rest are looked at again. Everything is decided from the log's fold, so the same loop
 * starts a swarm and resumes one.
 */
import { Cause, Effect, Exit, FiberMap, Queue } from "effect";
import type { SubtaskState } from "../../../shared/contract/swarmState.ts";
import { canProceed } from "./hasWork.ts";
import { runSubtask } from "./runSubtask.ts";
import type { SwarmRun } from "./SwarmRun.ts";

export const runSwarm = Effect.fn("runSwarm")(function* (run: SwarmRun) {
  const fibers = yield* FiberMap.make<string>();
  const proceeds = (subtask: SubtaskState) => canProceed(run.log.state(), run.log.epic(), subtask);
  const failures: Array<Cause.Cause<Effect.Error<ReturnType<typeof runSubtask>>>> = [];
  for (;;) {
    for (const subtask of subtasksOf(run)) {
      if (!proceeds(subtask) || FiberMap.hasUnsafe(fibers, subtask.id)) continue;
      const fiber = yield* FiberMap.run(
        fibers,
        subtask.id,
        runSubtask(run, subtask.id).pipe(
          Effect.annotateLogs({ cell: subtask.id }),
          Effect.onExit((exit) =>
            Effect.sync(() => {
              if (Exit.isFailure(exit) && !Cause.hasInterruptsOnly(exit.cause)) failures.push(exit.cause);
            }),
          ),
        ),
      );
      // Observers run in the order they were added: when this one does, the map has let go of the fiber.
      fiber.addObserver(() => Queue.offerUnsafe(run.wake, undefined));
    }
    const [failure] = failures;
    // A failure here is the store's, git's or the disk's, never an agent's: the swarm stops and can be resumed.
    if (failure !== undefined) return yield* Effect.failCause(failure);
    if ((yield* FiberMap.size(fibers)) === 0 && !subtasksOf(run).some(proceeds)) break;
    yield* Queue.take(run.wake);
  }
  const subtasks = subtasksOf(run);
  if (run.log.epic().status === "active" && subtasks.every((subtask) => subtask.phase === "merged")) {
    const { head, results } = run.log.epic();
    yield* run.log.append([
      { stream: `swarm/${run.epicId}`, type: "epic_ready", data: { epic: run.epicId, head, results } },
    ]);
  }
}, Effect.scoped);

const subtasksOf = (run: SwarmRun): ReadonlyArray<SubtaskState> =>
  run.log.epic().subtaskIds.map((id) => run.log.subtask(id));
