/**
 * Runs a swarm's checks on a tree, in a fresh folder that no agent ever wrote to: a checkout of the tree with
 * the dependency folders of the user's own. The folder goes afterwards.
 */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { Effect } from "effect";
import type { Check, CheckResult, Finding } from "../../../shared/contract/gate.ts";
import type { EpicState } from "../../../shared/contract/swarmState.ts";
import { DataFolder } from "../../platform/DataFolder.ts";
import { ownMarker } from "../../platform/strays.ts";
import { prepareCheckout, removeCheckout } from "./checkout.ts";
import type { OpenProject } from "./Projects.ts";
import { runChecks } from "./runChecks.ts";
import type { SwarmRun } from "./SwarmRun.ts";

/** `label` names the subtask, or whatever else is checked, to whoever watches. */
export const checkTree = Effect.fn("checkTree")(function* (run: SwarmRun, label: string, tree: string) {
  const { checks, setup } = run.log.epic().created;
  if (checks.length === 0) return [];
  return yield* run.gates.withPermit(
    checkInFreshFolder({
      project: run.project,
      parent: run.folder,
      treeish: tree,
      checks,
      setup,
      progress: (line) => run.progress(label, line),
    }),
  );
});

export const checkInFreshFolder = Effect.fn("checkInFreshFolder")(function* (options: {
  readonly project: OpenProject;
  readonly parent: string;
  readonly treeish: string;
  readonly checks: ReadonlyArray<Check>;
  readonly setup: Check | undefined;
  readonly progress: (line: string) => void;
}) {
  const { project } = options;
  const { cloneId } = yield* DataFolder;
  const name = `gate.${randomBytes(8).toString("hex")}`;
  const marker = ownMarker(cloneId, name);
  const folder = join(options.parent, name);
  return yield* Effect.gen(function* () {
    const commit = yield* project.workshop.commitOf(options.treeish);
    yield* prepareCheckout({ project, folder, commit, branch: "gate" });
    const { setup, checks, progress } = options;
    if (setup !== undefined) {
      // Runs like a check: one that fails is a red result, and the checks would say nothing after it.
      const results = yield* runChecks({ checks: [setup], folder, marker, progress });
      if (results.some((result) => !result.passed)) return results;
    }
    return yield* runChecks({ checks, folder, marker, progress });
  }).pipe(Effect.ensuring(Effect.ignore(removeCheckout(folder), { log: "Warn" })));
});

/**
 * Results as an event keeps them: what a check printed is told once, in the finding that the agent gets.
 */
export const withoutOutput = (results: ReadonlyArray<CheckResult>): ReadonlyArray<CheckResult> =>
  results.map((result) => ({ ...result, output: "" }));

/** What the agent is told of each check that failed and was not waived: the telling line first, then the output. */
export const failuresOf = (epic: EpicState, results: ReadonlyArray<CheckResult>): ReadonlyArray<Finding> =>
  results
    .filter((result) => !result.passed && !epic.waived.includes(result.name))
    .map((result) => ({
      kind: "check-failed",
      message: `The check "${result.name}" failed: ${tellingLine(result)}\n\n${result.output.trim()}`,
    }));

/** The first line that speaks of a failure, else the first line, else the exit code. */
const tellingLine = ({ output, exitCode }: CheckResult): string => {
  const lines = output.split("\n").filter((line) => line.trim() !== "");
  const line = lines.find((text) => /error|fail|not ok|✖|✗/i.test(text)) ?? lines[0];
  return line?.trim() ?? `exit code ${exitCode ?? "none"}, and it printed nothing`;
};
