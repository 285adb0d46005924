/**
 * Decides how an epic lands, and whether it may: by fast-forward in the checkout that has the target, by moving
 * the branch where none has it, as a new branch where HEAD was detached. Looks only.
 */
import { lstat, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { Effect } from "effect";
import { LandingRefused } from "../../../shared/contract/errors.ts";
import type { BranchMove, PathChange, Target } from "../../../shared/contract/events.ts";
import { fileSystem } from "../../platform/fileSystem.ts";
import { Git } from "../../platform/Git.ts";
import { type ActWords, listedPaths, shortRef, toLand } from "./branchAct.ts";
import { parseStatus } from "./gitOutput.ts";
import { pathsInTheWay } from "./landingFiles.ts";
import type { OpenProject } from "./Projects.ts";

export type LandingPlan =
  | { readonly kind: "ready"; readonly intent: BranchMove }
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
  if (target.kind === "detached") {
    const ref = `refs/heads/swarm/${epicId}`;
    const intent: BranchMove = { epic: epicId, new: head, method: "new-branch", ref, old: null, paths: [] };
    return { kind: "ready", intent } satisfies LandingPlan;
  }
  const { ref } = target;
  const found = yield* git.run(["rev-parse", "--verify", "--quiet", ref], { cwd: project.root, expect: [1] });
  const old = found.stdout.trim();
  if (old === "") {
    return yield* new LandingRefused({
      message: `The target ${shortRef(ref)} does not exist any more. Make it again, at the commit it had, and land then.`,
      paths: [],
    });
  }
  if (!(yield* project.workshop.isAncestor(old, head))) {
    return { kind: "target-moved", target: old } satisfies LandingPlan;
  }
  const intent = yield* planMove({ project, epicId, ref, old, head, words: toLand });
  return { kind: "ready", intent } satisfies LandingPlan;
});

/** How a branch of the user's is moved on from `old` to `head`, or why it must not be moved now. */
export const planMove = Effect.fn("planMove")(function* (options: {
  readonly project: OpenProject;
  readonly epicId: string;
  readonly ref: string;
  readonly old: string;
  readonly head: string;
  readonly words: ActWords;
}) {
  const { project, epicId, ref, old, head, words } = options;
  if (project.user.unsupported !== undefined)
    return yield* new LandingRefused({ message: project.user.unsupported.message, paths: [] });
  const paths = yield* project.workshop.changes(old, head);
  const move = { epic: epicId, ref, old, new: head, paths };
  const checkout = yield* checkoutOf(project, ref, words);
  if (checkout === undefined) {
    const intent: BranchMove = { ...move, method: "update-ref" };
    return intent;
  }
  yield* refuseOverlap(checkout, paths, words);
  const intent: BranchMove = { ...move, method: "fast-forward", checkout };
  return intent;
});

/** The checkout, main or linked, that has this branch. */
const checkoutOf = Effect.fnUntraced(function* (project: OpenProject, ref: string, words: ActWords) {
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
        message: `${shortRef(ref)} is checked out in ${checkout}, which is not there now. Bring it back or run \`git worktree remove\`, and ${words.verb} again.`,
        paths: [],
      });
    }
    if (isThere && fields.includes("detached")) yield* refuseUnderway(checkout, ref, words);
  }
  return undefined;
});

/** During a rebase or a bisect HEAD is detached, and the branch is to come back to where it was. */
const refuseUnderway = Effect.fnUntraced(function* (checkout: string, ref: string, words: ActWords) {
  const git = yield* Git;
  const names = ["rebase-merge/head-name", "rebase-apply/head-name", "BISECT_START"];
  const { stdout } = yield* git.run(
    ["rev-parse", "--path-format=absolute", ...names.flatMap((name) => ["--git-path", name])],
    { cwd: checkout },
  );
  for (const file of stdout.split("\n").filter((line) => line !== "")) {
    const text = yield* fileSystem(file, () => readFile(file, "utf8")).pipe(Effect.option);
    if (text._tag === "None" || ![ref, shortRef(ref)].includes(text.value.trim())) continue;
    return yield* new LandingRefused({
      message: `A rebase or bisect of ${shortRef(ref)} is under way in ${checkout}. Finish or abort it, and ${words.verb} again.`,
      paths: [],
    });
  }
});

/** Refuses when landing would touch a file that holds something git does not have. */
const refuseOverlap = Effect.fnUntraced(function* (
  checkout: string,
  paths: ReadonlyArray<PathChange>,
  words: ActWords,
) {
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
    message: `${words.Doing} would overwrite changes of yours in ${checkout}: ${listedPaths(clashes)}. Commit, stash or move them, and ${words.verb} again.`,
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
