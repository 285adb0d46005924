/**
 * Takes one subtask as far as it goes: attempt, gate, merge, and again after a refusal. Each turn of the loop
 * looks at the phase that the log gives it and does the one next step, so a subtask that a killed daemon left
 * in any phase is continued by the same code.
 */
import { Effect } from "effect";
import { MAX_STRIKES } from "../../../shared/contract/swarmState.ts";
import { Hive } from "../../coordination/hive/Hive.ts";
import { judgeAttempt } from "./judgeAttempt.ts";
import { commitAttempt, finishMerge, mergeAttempt } from "./mergeAttempt.ts";
import { abandonAttempt, runAttempt } from "./runAttempt.ts";
import type { SwarmRun } from "./SwarmRun.ts";
import { takeLease } from "./takeLease.ts";

export const runSubtask = Effect.fn("runSubtask")(function* (run: SwarmRun, cell: string) {
  for (;;) {
    const subtask = run.log.subtask(cell);
    switch (subtask.phase) {
      case "waiting":
        if (subtask.strikes >= MAX_STRIKES) return yield* block(run, cell);
        yield* takeLease(run, subtask);
        yield* run.attempts.withPermit(runAttempt(run, cell));
        break;
      case "starting":
      case "running":
        yield* abandonAttempt(run, cell);
        break;
      case "exited":
        yield* judgeAttempt(run, cell);
        break;
      case "passed":
        yield* run.mergeTurn.withPermit(mergeAttempt(run, cell, yield* commitAttempt(run, cell)));
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

const block = Effect.fnUntraced(function* (run: SwarmRun, cell: string) {
  const hive = yield* Hive;
  const { findings } = run.log.subtask(cell);
  yield* run.log.append([
    { stream: `swarm/${run.epicId}`, type: "subtask_blocked", data: { cell, findings } },
    ...(yield* hive.changes(run.log.origin(), cell, { status: "blocked" })),
  ]);
  yield* Effect.logWarning("subtask blocked", { findings });
});
