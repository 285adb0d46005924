/**
 * The gate: decides on what an agent left, by its tree alone and not by what the agent says. The change must lie
 * inside the lease, must not weaken the checks, and the checks must pass on it in a fresh folder.
 */
import { Effect } from "effect";
import type { CheckResult, Finding } from "../../../shared/contract/gate.ts";
import type { AttemptState, SubtaskState } from "../../../shared/contract/swarmState.ts";
import { Reservations } from "../../coordination/reservations/Reservations.ts";
import type { NewEvent } from "../../primitives/EventStore.ts";
import { checkTree, failuresOf, withoutOutput } from "./checkTree.ts";
import { examine } from "./examine.ts";
import { swarmStream } from "./SwarmLog.ts";
import type { SwarmRun } from "./SwarmRun.ts";
import { leaseOf } from "./takeLease.ts";

export const judgeAttempt = Effect.fn("judgeAttempt")(function* (run: SwarmRun, cell: string) {
  const subtask = run.log.subtask(cell);
  const last = subtask.attempts.at(-1)!;
  const verdict = yield* judge(run, subtask, last);
  yield* Effect.logInfo("gate", { attempt: last.attempt, verdict: verdict.event.type });
  yield* actOnLease(run, subtask, verdict.paths, [verdict.event]);
});

interface Verdict {
  readonly event: NewEvent;
  readonly paths: ReadonlyArray<string>;
}

const judge = Effect.fnUntraced(function* (run: SwarmRun, subtask: SubtaskState, last: AttemptState) {
  const { workshop } = run.project;
  const stream = swarmStream(run.epicId);
  const which = { cell: subtask.id, attempt: last.attempt };
  const exit = last.exit!;
  const failed = (
    stage: "agent" | "cell",
    findings: ReadonlyArray<Finding>,
    results: ReadonlyArray<CheckResult> = [],
  ): Verdict => ({
    event: {
      stream,
      type: "gate_failed",
      data: { ...which, stage, findings, results: withoutOutput(results) },
    },
    paths: [],
  });
  if (exit.outcome !== "done") return failed("agent", [agentFailure(exit)]);
  if (exit.tree === null) return failed("cell", exit.findings);
  const tree = exit.tree;
  const changes = yield* workshop.changes(last.base, tree);
  const found = yield* examine({
    project: run.project,
    base: last.base,
    tree,
    changes,
    files: subtask.files,
    checks: run.log.epic().created.checks,
  });
  const unresolved = subtask.reconciles === undefined ? [] : yield* conflictsLeft(run, tree);
  const refused = [...exit.findings, ...found.refused, ...unresolved];
  if (refused.length > 0) return failed("cell", [...refused, ...found.weakens]);
  if (found.weakens.length > 0 && last.held?.answer !== true) {
    if (last.held?.answer === false) return failed("cell", [...said(last.held.text), ...found.weakens]);
    const held: Verdict = {
      event: { stream, type: "gate_held", data: { ...which, tree, findings: found.weakens } },
      paths: [],
    };
    return held;
  }
  // Its base was never judged, or was found wanting: having changed nothing is no way past the checks.
  const isAsMerged = changes.length === 0 && subtask.reconciles === undefined;
  const results = isAsMerged ? [] : yield* checkTree(run, subtask.id, tree);
  const failures = failuresOf(run.log.epic(), results);
  if (failures.length > 0) return failed("cell", failures, results);
  const files = changes.map((change) => change.path);
  const passed: Verdict = {
    event: {
      stream,
      type: "gate_passed",
      data: { ...which, stage: "cell", tree, files, results: withoutOutput(results) },
    },
    paths: files,
  };
  return passed;
});

/** What the person said when refusing. */
const said = (text: string | undefined): ReadonlyArray<Finding> =>
  text === undefined ? [] : [{ kind: "weakens-checks", message: `The person refused it: ${text}` }];

/** Git marks a conflict with the commits that it merged; a text that merely speaks of conflicts has no such line. */
const conflictMarker = /^[<>]{7,} [0-9a-f]{40,64}(:.*)?$/m;

/** Files that differ from the swarm's base and still mark a conflict. */
const conflictsLeft = Effect.fnUntraced(function* (run: SwarmRun, tree: string) {
  const { workshop } = run.project;
  const findings: Array<Finding> = [];
  for (const { path } of yield* workshop.changes(run.log.epic().created.base, tree)) {
    const text = yield* workshop.readText(tree, path);
    if (text === undefined || !conflictMarker.test(text)) continue;
    const message = `${path} still has conflict markers; resolve them. The change of this subtask begins from a merge that conflicts there.`;
    findings.push({ kind: "merge-conflict", path, message });
  }
  return findings;
});

const agentFailure = (exit: NonNullable<AttemptState["exit"]>): Finding => ({
  kind: "agent-failed",
  message:
    exit.message ??
    (exit.outcome === "timeout"
      ? "The agent was ended because it took too long."
      : `The agent ended with exit code ${exit.exitCode}; 0 means done.`),
});

/** Appends a verdict or a merge, unless a path of it was granted to somebody else meanwhile. */
export const actOnLease = Effect.fnUntraced(function* (
  run: SwarmRun,
  subtask: SubtaskState,
  paths: ReadonlyArray<string>,
  events: ReadonlyArray<NewEvent>,
) {
  const reservations = yield* Reservations;
  const lease = leaseOf(reservations.list(run.project.id), subtask.id);
  yield* reservations.act(
    run.log.origin(),
    { epic: run.epicId, cell: { id: subtask.id, token: lease?.token ?? 0 }, paths },
    events,
  );
});
