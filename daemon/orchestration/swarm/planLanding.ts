/**
 * Decides how an epic lands, and whether it may: by fast-forward in the checkout that has the target, by moving
 * the branch where none has it, as a new branch where HEAD was detached. Looks only.
 */
import { lstat, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { Effect } from "effect";
import { LandingRefused } from "../../../shared/contract/errors.ts";
import type { EventDataOf, PathChange, Target } from "../../../shared/contract/events.ts";
import { fileSystem } from "../../platform/fileSystem.ts";
import { Git } from "../../platform/Git.ts";
import { parseStatus } from "./gitOutput.ts";
import { pathsInTheWay } from "./landingFiles.ts";
import type { OpenProject } from "./Projects.ts";

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
    const [worktree = "", ...fields] = record.split("\0");
    const checkout = worktree.replace(/^worktree /, "");
    const isThere = worktree !== "" && (yield* exists(checkout));
    if (fields.includes(`branch ${ref}`)) {
      if (isThere) return checkout;
      // Its folder was deleted for good, or lies on a disk that is away and may come back.
      if (fields.some((field) => field.startsWith("prunable"))) continue;
      return yield* new LandingRefused({
        message: `${short(ref)} is checked out in ${checkout}, which is not there now. Bring it back or run \`git worktree remove\`, and land again.`,
        paths: [],
      });
    }
    if (isThere && fields.includes("detached")) yield* refuseUnderway(checkout, ref);
  }
  return undefined;
});

/** During a rebase or a bisect HEAD is detached, and the branch is to come back to where it was. */
const refuseUnderway = Effect.fnUntraced(function* (checkout: string, ref: string) {
  const git = yield* Git;
  const names = ["rebase-merge/head-name", "rebase-apply/head-name", "BISECT_START"];
  const { stdout } = yield* git.run(
    ["rev-parse", "--path-format=absolute", ...names.flatMap((name) => ["--git-path", name])],
    { cwd: checkout },
  );
  for (const file of stdout.split("\n").filter((line) => line !== "")) {
    const text = yield* fileSystem(file, () => readFile(file, "utf8")).pipe(Effect.option);
    if (text._tag === "None" || ![ref, short(ref)].includes(text.value.trim())) continue;
    return yield* new LandingRefused({
      message: `A rebase or bisect of ${short(ref)} is under way in ${checkout}. Finish or abort it, and land again.`,
      paths: [],
    });
  }
});

/** Refuses when landing would touch a file that holds something git does not have. */
const refuseOverlap = Effect.fnUntraced(function* (checkout: string, paths: ReadonlyArray<PathChange>) {
  const git = yield* Git;
  const status = yield* git.run(["status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all"], {
    cwd: checkout,
  });
  // A repository within this one is shown as its folder.
  const dirty = new Set(parseStatus(status.stdout).map(({ path }) => path.replace(/\/$/, "")));
  const inTheWay = new Set(yield* pathsInTheWay(checkout, paths));
  const clashes = paths
    .map(({ path }) => path)
    .filter((path) => inTheWay.has(path) || [path, ...parentsOf(path)].some((one) => dirty.has(one)));
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
