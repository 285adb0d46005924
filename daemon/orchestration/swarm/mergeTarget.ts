/**
 * The target got commits of its own since the start: they are merged into the epic and the whole is judged
 * again. A conflict or a red check becomes a subtask that reconciles the two.
 */
import { Effect, Result } from "effect";
import type { SwarmCell } from "../../../shared/contract/events.ts";
import type { Finding } from "../../../shared/contract/gate.ts";
import { parsePattern } from "../../../shared/contract/pattern.ts";
import { Hive } from "../../coordination/hive/Hive.ts";
import { faultPoint } from "../../platform/FaultPoint.ts";
import { checkTree, failuresOf, withoutOutput } from "./checkTree.ts";
import type { LandingOutcome } from "./landSwarm.ts";
import { moveOnce } from "./mergeAttempt.ts";
import { swarmStream } from "./SwarmLog.ts";
import type { SwarmRun } from "./SwarmRun.ts";
import { pinCommit } from "./UserRepository.ts";

export const mergeTarget = Effect.fn("mergeTarget")(function* (run: SwarmRun, target: string) {
  const { workshop } = run.project;
  const { head, startedAt: at, approval } = run.log.epic();
  const stream = swarmStream(run.epicId);
  // The user may rewrite the branch later; what our commits name must stay.
  yield* pinCommit(run.project.root, `refs/vibe/${run.epicId}/target-${target}`, target);
  const merge = yield* workshop.merge({ ours: head, theirs: target });
  const message = `Merge the target into swarm/${run.epicId}\n\nVibe-Epic: ${run.epicId}\n`;
  const author = run.project.identity;
  const merged = yield* workshop.commit({ tree: merge.tree, parents: [head, target], message, author, at });
  const results = merge.kind === "conflict" ? [] : yield* checkTree(run, run.epicId, merge.tree);
  const findings =
    merge.kind === "conflict" ? merge.paths.map(conflictWith) : failuresOf(run.log.epic(), results);
  if (findings.length > 0) {
    const touched = run.log.epic().subtaskIds.flatMap((id) => run.log.subtask(id).changed);
    const files = merge.kind === "conflict" ? merge.paths : [...new Set(touched)];
    return yield* sendBack(run, { target, base: merged }, files, findings);
  }
  yield* run.log.append([
    {
      stream,
      type: "target_merge_intended",
      data: {
        epic: run.epicId,
        ref: run.branch,
        old: head,
        new: merged,
        target,
        results: withoutOutput(results),
      },
    },
  ]);
  yield* faultPoint("target-merge-intended");
  yield* finishTargetMerge(run);
  if (approval?.commit === null) return again;
  // The person approved one exact commit; the merged one is another.
  const refusal = `The target moved to ${short(target)} since the approval. It was merged in and the checks pass: look at ${short(merged)} and land that.`;
  yield* run.log.append([
    { stream, type: "landing_refused", data: { epic: run.epicId, message: refusal, paths: [] } },
  ]);
  const outcome: LandingOutcome = "refused";
  return outcome;
});

const again: LandingOutcome = "again";
const short = (oid: string) => oid.slice(0, 10);

/** Applies an intended merge of the target, or finds that it was applied already. */
export const finishTargetMerge = Effect.fn("finishTargetMerge")(function* (run: SwarmRun) {
  const intent = run.log.epic().targetMerge;
  if (intent === undefined) return;
  yield* moveOnce(run, intent);
  yield* faultPoint("target-merge-applied");
  yield* run.log.append([
    {
      stream: swarmStream(run.epicId),
      type: "target_merged",
      data: { epic: run.epicId, head: intent.new, target: intent.target, results: intent.results },
    },
  ]);
});

const conflictWith = (path: string): Finding => ({
  kind: "merge-conflict",
  path,
  message: `${path} conflicts with what the target branch got meanwhile; the file has conflict markers, resolve them.`,
});

/** The pattern that matches this path and no other, whatever characters it has. */
export const literally = (path: string): string => {
  const parsed = parsePattern(path, { exists: () => true });
  return Result.isSuccess(parsed) ? parsed.success.text : path;
};

/** Adds the subtask that reconciles; the agent is that of the last subtask that touched one of the files. */
const sendBack = Effect.fnUntraced(function* (
  run: SwarmRun,
  reconciles: NonNullable<SwarmCell["reconciles"]>,
  files: ReadonlyArray<string>,
  findings: ReadonlyArray<Finding>,
) {
  const hive = yield* Hive;
  const ids = run.log.epic().subtaskIds;
  const subtasks = ids.map((id) => run.log.subtask(id));
  const author =
    subtasks.findLast((subtask) => subtask.changed.some((path) => files.includes(path))) ?? subtasks.at(-1)!;
  const title = "Reconcile with the target branch";
  const { id, events } = yield* hive.planChild(run.log.origin(), run.epicId, { title });
  const cell: SwarmCell = {
    id,
    title,
    files: files.map(literally),
    dependencies: [],
    agent: author.agent,
    reconciles,
  };
  const stream = swarmStream(run.epicId);
  const moved = `The target moved to ${short(reconciles.target)} since the approval and does not fit as it is: an agent reconciles the two (${id}). Look at what comes of it and land that.`;
  yield* run.log.append([
    // What was approved for one exact commit is spent: the person hears of it and is asked again.
    ...(run.log.epic().approval?.commit === null
      ? []
      : [
          { stream, type: "landing_refused", data: { epic: run.epicId, message: moved, paths: [] } } as const,
        ]),
    ...events,
    { stream, type: "subtask_added", data: { epic: run.epicId, cell, findings } },
  ]);
  return again;
});
