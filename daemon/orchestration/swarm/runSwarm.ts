/**
 * Runs a swarm until nothing more can be done without the person: every subtask that may start is started, and
 * when one ends the rest are looked at again. Everything is decided from the log's fold, so the same loop
 * starts a swarm and resumes one.
 */
import { Cause, Effect, Exit, FiberMap, Queue } from "effect";
import type { SubtaskState } from "../../../shared/contract/swarmState.ts";
import { runSubtask } from "./runSubtask.ts";
import type { SwarmRun } from "./SwarmRun.ts";

export const runSwarm = Effect.fn("runSwarm")(function* (run: SwarmRun) {
  const fibers = yield* FiberMap.make<string>();
  const failures: Array<Cause.Cause<Effect.Error<ReturnType<typeof runSubtask>>>> = [];
  for (;;) {
    for (const subtask of subtasksOf(run)) {
      if (!canProceed(run, subtask) || FiberMap.hasUnsafe(fibers, subtask.id)) continue;
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
    if ((yield* FiberMap.size(fibers)) === 0 && !subtasksOf(run).some((subtask) => canProceed(run, subtask)))
      break;
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

const canProceed = (run: SwarmRun, subtask: SubtaskState): boolean => {
  if (run.log.epic().status !== "active") return false;
  switch (subtask.phase) {
    case "merged":
    case "blocked":
    case "held":
      return false;
    case "waiting":
      return subtask.dependencies.every((id) => run.log.subtask(id).phase === "merged");
    default:
      return true;
  }
};
