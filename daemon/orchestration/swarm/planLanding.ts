/**
 * Decides how an epic lands, and whether it may: by fast-forward in the checkout that has the target, by moving
 * the branch where none has it, as a new branch where HEAD was detached. Looks only.
 */
import { lstat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Effect } from "effect";
import { LandingRefused } from "../../../shared/contract/errors.ts";
import type { EventDataOf, PathChange, Target } from "../../../shared/contract/events.ts";
import { fileSystem } from "../../platform/fileSystem.ts";
import { Git } from "../../platform/Git.ts";
import type { OpenProject } from "./Projects.ts";
import { parseStatus } from "./UserRepository.ts";

export type LandingIntent = EventDataOf<"landing_intended">;

export type LandingPlan =
  | { readonly kind: "ready"; readonly intent: LandingIntent }
  /** The target has commits that the epic does not have. */
  | { readonly kind: "target-moved"; readonly target: string };

export const planLanding = Effect.fn("planLanding")(function* (options: {
  readonly project: OpenProject;
  readonly epicId: string;
  readonly target: Target;
  readonly head: string;
}) {
  const { project, epicId, target, head } = options;
  const git = yield* Git;
  const base = { epic: epicId, new: head };
  if (target.kind === "detached") {
    const ref = `refs/heads/swarm/${epicId}`;
    const intent: LandingIntent = { ...base, method: "new-branch", ref, old: null, paths: [] };
    return { kind: "ready", intent } satisfies LandingPlan;
  }
  const { ref } = target;
  const found = yield* git.run(["rev-parse", "--verify", "--quiet", ref], { cwd: project.root, expect: [1] });
  const old = found.stdout.trim();
  if (old === "") {
    return yield* new LandingRefused({
      message: `The target ${short(ref)} does not exist any more. Make it again, at the commit it had, and land then.`,
      paths: [],
    });
  }
  if (!(yield* project.workshop.isAncestor(old, head))) {
    return { kind: "target-moved", target: old } satisfies LandingPlan;
  }
  const paths = yield* project.workshop.changes(old, head);
  const checkout = yield* checkoutOf(project, ref);
  if (checkout === undefined) {
    const intent: LandingIntent = { ...base, method: "update-ref", ref, old, paths };
    return { kind: "ready", intent } satisfies LandingPlan;
  }
  yield* refuseOverlap(checkout, paths);
  const intent: LandingIntent = { ...base, method: "fast-forward", ref, old, checkout, paths };
  return { kind: "ready", intent } satisfies LandingPlan;
});

/** The checkout, main or linked, that has this branch. */
const checkoutOf = Effect.fnUntraced(function* (project: OpenProject, ref: string) {
  const git = yield* Git;
  const { stdout } = yield* git.run(["worktree", "list", "--porcelain", "-z"], { cwd: project.root });
  for (const record of stdout.split("\0\0")) {
    const fields = record.split("\0");
    if (fields.includes(`branch ${ref}`)) return fields[0]?.replace(/^worktree /, "");
  }
  return undefined;
});

/** Refuses when landing would touch a file that holds something git does not have. */
const refuseOverlap = Effect.fnUntraced(function* (checkout: string, paths: ReadonlyArray<PathChange>) {
  const git = yield* Git;
  const status = yield* git.run(["status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all"], {
    cwd: checkout,
  });
  const dirty = new Set(parseStatus(status.stdout).map(({ path }) => path));
  const clashes: Array<string> = [];
  for (const { path, old } of paths) {
    if (dirty.has(path) || parentsOf(path).some((parent) => dirty.has(parent))) clashes.push(path);
    // Git overwrites ignored files without a word.
    else if (old === null && (yield* exists(join(checkout, path)))) clashes.push(path);
  }
  if (clashes.length === 0) return;
  return yield* new LandingRefused({
    message: `Landing would overwrite changes of yours in ${checkout}: ${listed(clashes)}. Commit, stash or move them, and land again.`,
    paths: clashes,
  });
});

const exists = (path: string) =>
  fileSystem(path, () => lstat(path)).pipe(
    Effect.as(true),
    Effect.catchTag("FileSystemError", (error) =>
      error.code === "ENOENT" || error.code === "ENOTDIR" ? Effect.succeed(false) : Effect.fail(error),
    ),
  );

const parentsOf = (path: string): ReadonlyArray<string> => {
  const parent = dirname(path);
  return parent === "." ? [] : [parent, ...parentsOf(parent)];
};

const short = (ref: string) => ref.replace(/^refs\/heads\//, "");

const listed = (paths: ReadonlyArray<string>) =>
  paths.length <= 5 ? paths.join(", ") : `${paths.slice(0, 5).join(", ")} and ${paths.length - 5} more`;
