/**
 * Runs the approved checks on the base, before any agent has touched anything: a check that is red there would
 * refuse every agent's work. What is known of a tree is not run again.
 */
import { Effect } from "effect";
import { ChecksNotApproved } from "../../../shared/contract/errors.ts";
import type { CheckResult } from "../../../shared/contract/gate.ts";
import { DataFolder } from "../../platform/DataFolder.ts";
import { EventStore } from "../../primitives/EventStore.ts";
import { checkInFreshFolder } from "./checkTree.ts";
import { baseCheckFolder, type OpenProject, Projects } from "./Projects.ts";
import { approvedChecks, checksAt } from "./proposeSwarm.ts";

export const checkBase = Effect.fn("checkBase")(function* (directory: string) {
  const projects = yield* Projects;
  return yield* checkProjectBase(yield* projects.open(directory), { reuse: "green" });
});

/** With `reuse: "any"` a red result that is known is taken as well: it was just shown to the person. */
export const checkProjectBase = Effect.fn("checkProjectBase")(function* (
  project: OpenProject,
  { reuse }: { readonly reuse: "green" | "any" },
) {
  const store = yield* EventStore;
  const data = yield* DataFolder;
  const { checks, setup } = yield* checksAt(project.user);
  const approved = yield* approvedChecks(project.id);
  const missing = (setup === undefined ? checks : [...checks, setup]).filter(
    (check) => !approved.has(check.hash),
  );
  if (missing.length > 0) {
    return yield* new ChecksNotApproved({
      message: `These commands of the repository run only after you approved their text: ${missing
        .map((check) => `"${check.name}"`)
        .join(", ")}. Start on a terminal to be asked, or with --allow-checks.`,
      checks: missing,
    });
  }
  if (checks.length === 0) return { checks, setup, results: [] };
  const tree = yield* project.workshop.treeOf(project.user.commit);
  const hashes = checks.map((check) => check.hash);
  const [known] = yield* store.rows("base_results", { project: project.id, tree, checks: hashes.join(" ") });
  const before = known?.results as ReadonlyArray<CheckResult> | undefined;
  // A red result may have been the machine's fault; a green one is not run again.
  if (before !== undefined && (reuse === "any" || before.every((result) => result.passed))) {
    return { checks, setup, results: before };
  }
  const results = yield* checkInFreshFolder({
    project,
    parent: baseCheckFolder(data.root, project.id),
    treeish: project.user.commit,
    checks,
    setup,
    progress: () => undefined,
  });
  yield* store
    .append({ project: project.id, actor: "daemon" }, [
      { stream: "project", type: "base_checked", data: { tree, checks: hashes, results } },
    ])
    .pipe(Effect.catchTag(["ConcurrencyConflict", "EventRejected"], Effect.die));
  return { checks, setup, results };
});
