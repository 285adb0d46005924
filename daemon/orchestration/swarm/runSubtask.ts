/**
 * Takes one subtask as far as it goes: attempt, gate, merge, and again after a refusal. Each turn of the loop
 * looks at the phase that the log gives it and does the one next step, so a subtask that a killed daemon left
 * in any phase is continued by the same code.
 */
import { Effect } from "effect";
import { LockNotHeld, type StorageError } from "../../../shared/contract/errors.ts";
import type { Finding } from "../../../shared/contract/gate.ts";
import { MAX_STRIKES, type SubtaskState } from "../../../shared/contract/swarmState.ts";
import { Hive } from "../../coordination/hive/Hive.ts";
import { judgeAttempt } from "./judgeAttempt.ts";
import { commitAttempt, finishMerge, mergeAttempt } from "./mergeAttempt.ts";
import { paused, unlessPaused } from "./paused.ts";
import { abandonAttempt, runAttempt } from "./runAttempt.ts";
import type { SwarmRun } from "./SwarmRun.ts";
import { leaseLost, leaveQueue, takeLease } from "./takeLease.ts";
import { noteNotStarted, whenStartable } from "./whenStartable.ts";

export const runSubtask = Effect.fn("runSubtask")(function* (run: SwarmRun, cell: string) {
  for (;;) {
    const subtask = run.log.subtask(cell);
    switch (subtask.phase) {
      case "waiting":
        if (subtask.strikes >= MAX_STRIKES) return yield* block(run, cell, subtask.findings);
        if (run.log.epic().paused) return;
        if ((yield* attempt(run, subtask)) === "over") return;
        break;
      case "starting":
      case "running":
        yield* abandonAttempt(run, cell);
        break;
      case "exited":
        yield* unlessLost(run, cell, judgeAttempt(run, cell));
        break;
      case "passed":
        yield* unlessLost(
          run,
          cell,
          Effect.flatMap(commitAttempt(run, cell), (commit) =>
            run.mergeTurn.withPermit(mergeAttempt(run, cell, commit)),
          ),
        );
        break;
      case "merging":
        yield* run.mergeTurn.withPermit(finishMerge(run, cell));
        break;
      case "held":
      case "merged":
      case "blocked":
        return;
    }
  }
});

/** One attempt, when its program and its files are to be had; `over` when there will be no further one for now. */
const attempt = Effect.fnUntraced(function* (run: SwarmRun, subtask: SubtaskState) {
  const cell = subtask.id;
  const giveUp = (message: string) =>
    Effect.as(block(run, cell, [{ kind: "agent-failed", message }]), "over" as const);
  const unstartable = yield* Effect.raceFirst(whenStartable(run, subtask), Effect.as(paused(run), undefined));
  if (unstartable !== undefined) return yield* giveUp(unstartable);
  if (run.log.epic().paused) return "over";
  yield* Effect.raceFirst(takeLease(run, subtask), paused(run));
  // Files that must not be worked on are not waited for: others may want them.
  if (run.log.epic().paused) return yield* Effect.as(leaveQueue(run, cell), "over" as const);
  // Work that can't land any more is stopped: the next attempt begins when the files are the cell's again.
  const notStarted = yield* Effect.raceFirst(
    run.attempts.withPermit(unlessPaused(run, runAttempt(run, cell))),
    Effect.as(leaseLost(run, cell), undefined),
  );
  if (notStarted !== undefined && (yield* noteNotStarted(subtask, notStarted))) {
    return yield* giveUp(notStarted);
  }
  return "again";
});

/** Sets aside what an attempt did when its files have gone to somebody else meanwhile. */
const unlessLost = <A, E, R>(
  run: SwarmRun,
  cell: string,
  step: Effect.Effect<A, E | LockNotHeld, R>,
): Effect.Effect<void, E | StorageError, R> =>
  Effect.matchEffect(step, {
    onSuccess: () => Effect.void,
    onFailure: (error): Effect.Effect<void, E | StorageError> => {
      if (!(error instanceof LockNotHeld)) return Effect.fail(error);
      const { attempt } = run.log.subtask(cell).attempts.at(-1)!;
      const message = `${error.message} What the attempt did is set aside.`;
      const findings = [{ kind: "lease-lost" as const, message }];
      return run.log.append([
        { stream: `swarm/${run.epicId}`, type: "lease_lost", data: { cell, attempt, findings } },
      ]);
    },
  });

const block = Effect.fnUntraced(function* (run: SwarmRun, cell: string, findings: ReadonlyArray<Finding>) {
  const hive = yield* Hive;
  yield* run.log.append([
    { stream: `swarm/${run.epicId}`, type: "subtask_blocked", data: { cell, findings } },
    ...(yield* hive.changes(run.log.origin(), cell, { status: "blocked" })),
  ]);
  yield* Effect.logWarning("subtask blocked", { findings });
});
