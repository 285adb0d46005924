/**
 * The merge queue's one step: what the gate accepted is committed and merged onto the epic's branch, and judged
 * again as merged. The branch moves by compare-and-set between an intent and a done event, so that a merge is
 * applied once whatever dies in between.
 */
import { Effect } from "effect";
import { NotNow } from "../../../shared/contract/errors.ts";
import type { CheckResult, Finding } from "../../../shared/contract/gate.ts";
import type { SubtaskState } from "../../../shared/contract/swarmState.ts";
import { safeName } from "../../coordination/hive/cellId.ts";
import { Hive } from "../../coordination/hive/Hive.ts";
import { Reservations } from "../../coordination/reservations/Reservations.ts";
import { faultPoint } from "../../platform/FaultPoint.ts";
import type { NewEvent } from "../../primitives/EventStore.ts";
import { checkTree, failuresOf, withoutOutput } from "./checkTree.ts";
import { actOnLease } from "./judgeAttempt.ts";
import { swarmStream } from "./SwarmLog.ts";
import type { SwarmRun } from "./SwarmRun.ts";
import { leaseOf } from "./takeLease.ts";

/** What the gate accepted, as a commit on what the attempt began from; that itself when nothing was changed. */
export const commitAttempt = Effect.fn("commitAttempt")(function* (run: SwarmRun, cell: string) {
  const subtask = run.log.subtask(cell);
  const last = subtask.attempts.at(-1)!;
  const { reconciles } = subtask;
  if (subtask.changed.length === 0 && reconciles === undefined) return last.base;
  // What reconciles is the last to be merged, so the head stays until it is.
  const parents = reconciles === undefined ? [last.base] : [run.log.epic().head, reconciles.target];
  return yield* run.project.workshop.commit({
    tree: last.exit!.tree!,
    parents,
    message: commitMessage(subtask),
    author: run.project.identity,
    at: last.passedAt!,
  });
});

/** Needs the merge turn; `commit` is what `commitAttempt` made. */
export const mergeAttempt = Effect.fn("mergeAttempt")(function* (
  run: SwarmRun,
  cell: string,
  commit: string,
) {
  const { workshop } = run.project;
  const subtask = run.log.subtask(cell);
  const last = subtask.attempts.at(-1)!;
  const stream = swarmStream(run.epicId);
  const which = { cell, attempt: last.attempt };
  const head = run.log.epic().head;
  const paths = subtask.changed;
  const at = last.passedAt!;
  const author = run.project.identity;

  const refuse = (findings: ReadonlyArray<Finding>, results: ReadonlyArray<CheckResult>) =>
    run.log.append([
      {
        stream,
        type: "gate_failed",
        data: { ...which, stage: "merge", findings, results: withoutOutput(results) },
      },
    ]);

  let merged = commit;
  if (commit === last.base) merged = head;
  else if (subtask.reconciles === undefined && head !== last.base) {
    const result = yield* workshop.merge({ ours: head, theirs: commit });
    if (result.kind === "conflict") return yield* refuse(conflictFindings(result.paths), []);
    const results = yield* checkTree(run, cell, result.tree);
    const failures = failuresOf(run.log.epic(), results);
    if (failures.length > 0) return yield* refuse(failures, results);
    yield* run.log.append([
      {
        stream,
        type: "gate_passed",
        data: { ...which, stage: "merge", tree: result.tree, files: paths, results: withoutOutput(results) },
      },
    ]);
    const message = `Merge ${cell}: ${subtask.title}\n\nVibe-Merge: ${cell}\n`;
    merged = yield* workshop.commit({ tree: result.tree, parents: [head, commit], message, author, at });
  }
  yield* actOnLease(run, subtask, paths, [
    { stream, type: "merge_intended", data: { ...which, ref: run.branch, old: head, new: merged, commit } },
  ]);
  yield* faultPoint("merge-intended");
  yield* finishMerge(run, cell);
});

/** Applies an intended merge, or finds that it was applied already; then closes the cell. */
export const finishMerge = Effect.fn("finishMerge")(function* (run: SwarmRun, cell: string) {
  const { workshop } = run.project;
  const hive = yield* Hive;
  const reservations = yield* Reservations;
  const last = run.log.subtask(cell).attempts.at(-1)!;
  const intent = last.merge!;
  const { ref, old, new: next } = intent;
  const moved = yield* workshop
    .moveRefs([
      { ref: `refs/heads/swarm/${safeName(cell)}`, new: intent.commit },
      { ref, old, new: next },
    ])
    .pipe(
      Effect.as(true),
      // Perhaps it was applied before a crash; the ref itself says so, or why not.
      Effect.catchTag("GitError", () => Effect.succeed(false)),
    );
  if (!moved) yield* moveOnce(run, intent);
  yield* faultPoint("merge-applied");
  const origin = run.log.origin();
  const lease = leaseOf(reservations.list(run.project.id), cell);
  // What was merged is the epic's to keep.
  const passed: ReadonlyArray<NewEvent> =
    lease === undefined
      ? []
      : [{ stream: "lease", type: "lease_passed", data: { lease: lease.lease, toEpic: run.epicId } }];
  yield* run.log.append([
    {
      stream: swarmStream(run.epicId),
      type: "subtask_merged",
      data: { cell, attempt: last.attempt, commit: intent.commit, head: intent.new },
    },
    ...(yield* hive.changes(origin, cell, { status: "closed", close_reason: "merged" })),
    ...passed,
  ]);
});

/** Moves the epic's branch from `old` to `new`; already there is fine, anywhere else stops the swarm. */
export const moveOnce = Effect.fnUntraced(function* (
  run: SwarmRun,
  { ref, old, new: next }: { readonly ref: string; readonly old: string; readonly new: string },
) {
  const { workshop } = run.project;
  const now = yield* workshop.readRef(ref);
  if (now === next) return;
  if (now !== old) {
    return yield* new NotNow({
      message: `The branch ${ref} is at ${now ?? "no commit"}, neither where the merge began (${old}) nor where it ends (${next}). Something else moved it; discard the swarm, or put the branch back and resume.`,
    });
  }
  yield* workshop.moveRef(ref, { old, new: next });
});

const commitMessage = (subtask: SubtaskState): string => {
  const body = subtask.description === undefined ? "" : `${subtask.description}\n\n`;
  return `${subtask.title}\n\n${body}Vibe-Cell: ${subtask.id}\nVibe-Attempt: ${subtask.attempts.length}\n`;
};

const conflictFindings = (paths: ReadonlyArray<string>): ReadonlyArray<Finding> =>
  paths.map((path) => ({
    kind: "merge-conflict",
    path,
    message: `The change conflicts in ${path} with what was merged meanwhile; do it again on top of that.`,
  }));
