/**
 * Moves the user's branch, and its files where a checkout has it. Git runs outside the shim and to completion:
 * a fast-forward that is cut short leaves the branch old and half of the files new. What a cut one leaves
 * (the power failed) is completed by `recoverLanding`, from the blobs that the intent recorded.
 */
import { Effect } from "effect";
import { GitError, LandingRefused } from "../../../shared/contract/errors.ts";
import { Git } from "../../platform/Git.ts";
import { type ActWords, type BranchAct, sourceRef } from "./branchAct.ts";
import { statesOf } from "./landingFiles.ts";
import { awaitLandingGit, readRecord, removeOwnLock, removeRecord, runLandingGit } from "./landingProcess.ts";
import type { OpenProject } from "./Projects.ts";

export const executeLanding = Effect.fn("executeLanding")(function* (act: BranchAct) {
  const { project, intent, words } = act;
  yield* bringObjects(act);
  if (intent.method === "fast-forward") return yield* fastForward(act);
  const git = yield* Git;
  const now = yield* readUserRef(project, intent.ref);
  if (now === intent.new) return;
  const zero = "0".repeat(intent.new.length);
  const args = [
    "update-ref",
    "-m",
    `${words.verb} ${intent.epic}`,
    intent.ref,
    intent.new,
    intent.old ?? zero,
  ];
  yield* git.run(args, { cwd: project.root }).pipe(
    Effect.mapError(
      (error) =>
        new LandingRefused({
          message: `${intent.ref} is at ${now ?? "no commit"} and can't be moved: ${error.message}. Nothing was changed.`,
          paths: [],
        }),
    ),
  );
});

/** The epic's commits become part of the user's repository, kept by a pin until the branch has them. */
const bringObjects = Effect.fnUntraced(function* (act: BranchAct) {
  const { project, intent } = act;
  const git = yield* Git;
  const refspec = `+${sourceRef(act)}:refs/vibe/${intent.epic}/head`;
  const without = [
    "tags",
    "write-fetch-head",
    "write-commit-graph",
    "auto-maintenance",
    "recurse-submodules",
    "prune",
  ];
  const options = ["--quiet", ...without.map((name) => `--no-${name}`)];
  yield* git.run(["fetch", ...options, project.workshop.folder, refspec], { cwd: project.root });
});

export const readUserRef = Effect.fnUntraced(function* (project: OpenProject, ref: string) {
  const git = yield* Git;
  const { stdout } = yield* git.run(["rev-parse", "--verify", "--quiet", ref], {
    cwd: project.root,
    expect: [1],
  });
  return stdout.trim() === "" ? undefined : stdout.trim();
});

/**
 * Whatever `branch.<name>.mergeOptions` and `merge.autoStash` say: a stash and its return would unstage what the
 * user has staged. An ignored file that appeared since the plan is not overwritten.
 */
const mergeArgs = [
  "merge",
  "--ff-only",
  "--no-squash",
  "--no-autostash",
  "--no-overwrite-ignore",
  "--no-stat",
  "--quiet",
];

const fastForward = Effect.fnUntraced(function* (act: BranchAct) {
  const { project, intent, words } = act;
  const checkout = intent.checkout!;
  const here = yield* branchOf(checkout);
  const tip = yield* readUserRef(project, intent.ref);
  if (tip === intent.new) return yield* removeRecord(act);
  if (here !== intent.ref || tip !== intent.old) {
    return yield* new LandingRefused({
      message: `${checkout} has another branch or commit now than a moment ago. Nothing was changed; ${words.verb} again.`,
      paths: [],
    });
  }
  const { exitCode, stderr } = yield* runLandingGit(act, [...mergeArgs, intent.new]);
  if ((yield* readUserRef(project, intent.ref)) === intent.new) return yield* removeRecord(act);
  const why = stderr.trim().split("\n")[0] ?? "";
  const states = yield* statesOf(project, checkout, intent.paths);
  const isHalfDone = [...states.values()].some((state) => state === "new" || state === "between");
  // The record stays: recovery needs to know since when a lock may be ours.
  if (exitCode === null || isHalfDone) {
    return yield* new GitError({
      message: `git stopped half-way while ${words.doing} in ${checkout}${why === "" ? "" : ` (${why})`}. Resume the swarm to complete it.`,
      args: [...mergeArgs, intent.new],
      exitCode: exitCode ?? -1,
      stderr,
    });
  }
  yield* removeRecord(act);
  return yield* new LandingRefused({
    message: `git refused to ${words.verb} in ${checkout}: ${why === "" ? "it gave no reason" : why}. Nothing was changed.`,
    paths: [],
  });
}, Effect.uninterruptible);

const branchOf = Effect.fnUntraced(function* (checkout: string) {
  const git = yield* Git;
  return (yield* git.run(["symbolic-ref", "--quiet", "HEAD"], { cwd: checkout, expect: [1] })).stdout.trim();
});

export type Recovery =
  | { readonly kind: "landed" }
  /** Nothing was begun, or it was put in order: executing it is safe. */
  | { readonly kind: "not-started" }
  | { readonly kind: "ask"; readonly message: string; readonly paths: ReadonlyArray<string> };

/** Finds out how far an intended landing came, and completes one that was cut short. */
export const recoverLanding = Effect.fn("recoverLanding")(function* (act: BranchAct) {
  const { project, intent, words } = act;
  const record = yield* readRecord(act);
  if (record !== undefined) yield* awaitLandingGit(record);
  if (yield* hasLanded(act)) {
    yield* removeRecord(act);
    return landed;
  }
  if (intent.method !== "fast-forward" || record === undefined) return notStarted;
  const checkout = intent.checkout!;
  const tip = yield* readUserRef(project, intent.ref);
  if (tip !== intent.old || (yield* branchOf(checkout)) !== intent.ref) {
    return ask(words, `${checkout} has another branch or commit now than when ${words.doing} began`, []);
  }
  const states = yield* statesOf(project, checkout, intent.paths);
  const isUntouched = [...states.values()].every((state) => state === "old");
  const lock = yield* removeOwnLock(act, record, !isUntouched);
  if (lock !== undefined)
    return ask(words, `Another git has ${lock}; if none runs any more, remove that file`, []);
  const strange = [...states].flatMap(([path, state]) => (state === "strange" ? [path] : []));
  if (strange.length > 0) {
    return ask(
      words,
      `${words.Doing} was cut short, and these files are neither as before nor as they were to be`,
      strange,
    );
  }
  if (isUntouched) {
    yield* removeRecord(act);
    return notStarted;
  }
  return yield* complete(act);
}, Effect.uninterruptible);

const landed: Recovery = { kind: "landed" };
const notStarted: Recovery = { kind: "not-started" };

const ask = (words: ActWords, message: string, paths: ReadonlyArray<string>): Recovery => ({
  kind: "ask",
  message: `${message}. No file was touched: put them in order with git, then ${words.verb} again.`,
  paths,
});

/** The branch is at the new commit, or has gone on from it. */
const hasLanded = Effect.fnUntraced(function* (act: BranchAct) {
  const { project, intent } = act;
  const tip = yield* readUserRef(project, intent.ref);
  if (tip === undefined || tip === intent.new) return tip === intent.new;
  const git = yield* Git;
  // 128: the user's repository never got the new commit.
  const args = ["merge-base", "--is-ancestor", intent.new, tip];
  return (yield* git.run(args, { cwd: project.root, expect: [1, 128] })).exitCode === 0;
});

const complete = Effect.fnUntraced(function* (act: BranchAct) {
  const { intent, words } = act;
  const git = yield* Git;
  const cwd = intent.checkout!;
  // Both trees are given, so that files outside the epic, staged or dirty, stay as they are.
  const args = ["read-tree", "--reset", "-u", intent.old!, intent.new];
  const { exitCode, stderr } = yield* runLandingGit(act, args);
  if (exitCode !== 0) {
    const message = `git could not complete the ${words.doing} in ${cwd}: ${stderr.trim().split("\n")[0] ?? ""}. Put that right and resume the swarm.`;
    return yield* new GitError({ message, args, exitCode: exitCode ?? -1, stderr });
  }
  yield* git.run(
    ["update-ref", "-m", `${words.verb} ${intent.epic}: Fast-forward`, intent.ref, intent.new, intent.old!],
    { cwd },
  );
  yield* removeRecord(act);
  return landed;
});
