/**
 * The user's repository, looked at without touching it: what it is, where it stands, and whether a swarm can
 * work on it. The only things ever written are the project's record and pins of base commits under `refs/vibe/`.
 */
import { randomUUID } from "node:crypto";
import { link, mkdir, readFile, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Effect, Result, Schema } from "effect";
import { GitError, UnsupportedRepository } from "../../../shared/contract/errors.ts";
import { fileSystem } from "../../platform/fileSystem.ts";
import { Git } from "../../platform/Git.ts";
import { parseConfig, parseStatus, parseTree, type TreeEntry } from "./gitOutput.ts";

export interface UserRepository {
  readonly root: string;
  readonly commonDir: string;
  readonly head: { readonly kind: "branch"; readonly ref: string } | { readonly kind: "detached" };
  /** The commit of HEAD. */
  readonly commit: string;
  /** Every file of that commit. */
  readonly entries: ReadonlyArray<TreeEntry>;
  readonly dirty: ReadonlyArray<{ readonly path: string; readonly state: string }>;
  readonly identity: { readonly name: string; readonly email: string } | undefined;
  /** The effective configuration, keys in lower case; the last value of each. */
  readonly config: ReadonlyMap<string, string>;
  /** Why no swarm can work on it as it is now; one that was begun before can still be paused, ended and looked at. */
  readonly unsupported: UnsupportedRepository | undefined;
}

/** How the repository names its objects. */
export const objectFormat = (user: UserRepository): string =>
  user.config.get("extensions.objectformat") ?? "sha1";

type Reason = UnsupportedRepository["reason"];

const oldestGit = [2, 38] as const;

/** Looks at the repository that a directory lies in; fails where there is none that anything could be done in. */
export const inspect = Effect.fn("inspect")(function* (directory: string) {
  const git = yield* Git;
  const path = resolve(directory);
  const refuse = (reason: Reason, message: string) => new UnsupportedRepository({ message, path, reason });
  const info = yield* fileSystem(path, () => stat(path)).pipe(Effect.option);
  if (info._tag === "None" || !info.value.isDirectory()) {
    return yield* refuse(
      "not-a-directory",
      `${path} is not a directory. Give the folder of a git repository.`,
    );
  }
  // Git's own start is most of each answer, so what does not depend on another is asked at once.
  const flags = ["--is-bare-repository", "--is-shallow-repository", "--git-common-dir"];
  const [, where, top] = yield* Effect.all(
    [
      requireGit(refuse),
      Effect.result(git.run(["rev-parse", "--path-format=absolute", ...flags], { cwd: path })),
      Effect.result(git.run(["rev-parse", "--show-toplevel"], { cwd: path })),
    ],
    { concurrency: "unbounded" },
  );
  if (Result.isFailure(where)) {
    return yield* refuse(
      "not-a-repository",
      /dubious ownership/.test(where.failure.stderr)
        ? `${path} belongs to another user, and git refuses to work in it. Add it to git's safe.directory.`
        : `${path} is not in a git repository. Run \`git init\` there and commit something first.`,
    );
  }
  const [bare, shallow, commonDir = ""] = where.success.stdout.trim().split("\n");
  if (bare === "true") {
    return yield* refuse(
      "bare",
      `${path} is a bare repository: it has no files to work on. Give a checkout of it.`,
    );
  }
  if (Result.isFailure(top)) {
    return yield* refuse("not-a-repository", `${path} lies inside a .git folder. Give the checkout itself.`);
  }
  const root = top.success.stdout.replace(/\n$/, "");
  const ask = (args: ReadonlyArray<string>, expect: ReadonlyArray<number> = []) =>
    Effect.map(git.run(args, { cwd: root, expect }), ({ stdout }) => stdout);
  const [head, branch, listed, status] = yield* Effect.all(
    [
      ask(["rev-parse", "--verify", "--quiet", "HEAD^{commit}"], [1]),
      ask(["symbolic-ref", "--quiet", "HEAD"], [1]),
      ask(["config", "--null", "--list"]),
      ask(["status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=normal"]),
    ],
    { concurrency: "unbounded" },
  );
  const commit = head.trim();
  if (commit === "") {
    return yield* refuse(
      "unborn-head",
      `${root} has no commit yet. Commit something first, so that workers have a base.`,
    );
  }
  const ref = branch.trim();
  const config = parseConfig(listed);
  const entries = parseTree(yield* ask(["ls-tree", "-r", "-z", "--full-tree", commit]));
  const kind = { isShallow: shallow === "true", config, entries };
  const reason = whyUnsupported(kind) ?? ((yield* usesLfs(root, commit, entries)) ? lfs : undefined);
  const dirty = parseStatus(status);
  const name = config.get("user.name");
  const email = config.get("user.email");
  const repository: UserRepository = {
    root,
    commonDir: yield* fileSystem(commonDir, () => realpath(commonDir)),
    head: ref === "" ? { kind: "detached" } : { kind: "branch", ref },
    commit,
    entries,
    dirty,
    identity: !name || !email ? undefined : { name, email },
    config,
    unsupported: reason === undefined ? undefined : refuse(reason[0], `${root} ${reason[1]}`),
  };
  return repository;
});

/** For what a swarm is to be begun on. */
export const inspectSupported = Effect.fn("inspectSupported")(function* (directory: string) {
  const user = yield* inspect(directory);
  return user.unsupported === undefined ? user : yield* user.unsupported;
});

const lfs = [
  "lfs",
  "keeps files in Git LFS, which workers would not get. LFS is not supported yet.",
] as const;

const whyUnsupported = (user: {
  readonly isShallow: boolean;
  readonly config: UserRepository["config"];
  readonly entries: UserRepository["entries"];
}): readonly [Reason, string] | undefined => {
  if (user.isShallow) {
    return [
      "shallow",
      "is a shallow clone, and its missing history can't be shared with workers. Run `git fetch --unshallow` first.",
    ];
  }
  if (user.config.get("core.sparsecheckout") === "true")
    return ["sparse", "is a sparse checkout. Run `git sparse-checkout disable` first."];
  if ([...user.config.keys()].some((key) => /^remote\..*\.promisor$|^extensions\.partialclone$/.test(key))) {
    return [
      "shallow",
      "is a partial clone, and its missing files can't be shared with workers. Clone it again without a filter.",
    ];
  }
  const submodule = user.entries.find((entry) => entry.mode === "160000" || entry.path === ".gitmodules");
  return submodule === undefined
    ? undefined
    : [
        "submodules",
        `has submodules (${submodule.path}), which workers would not get. Submodules are not supported yet.`,
      ];
};

const requireGit = Effect.fnUntraced(function* (
  refuse: (reason: Reason, message: string) => UnsupportedRepository,
) {
  const git = yield* Git;
  const answer = yield* git
    .run(["version"], { cwd: "/" })
    .pipe(Effect.mapError(() => refuse("git-missing", "git was not found. Install git 2.38 or newer.")));
  const [, major = "0", minor = "0"] = /(\d+)\.(\d+)/.exec(answer.stdout) ?? [];
  const isOld =
    Number(major) < oldestGit[0] || (Number(major) === oldestGit[0] && Number(minor) < oldestGit[1]);
  if (isOld) {
    return yield* refuse(
      "git-too-old",
      `git is ${answer.stdout.trim()}. Install git ${oldestGit.join(".")} or newer.`,
    );
  }
});

const usesLfs = Effect.fnUntraced(function* (
  root: string,
  commit: string,
  entries: ReadonlyArray<TreeEntry>,
) {
  const attributes = entries.filter((entry) => entry.path.split("/").at(-1) === ".gitattributes");
  if (attributes.length === 0) return false;
  const git = yield* Git;
  const args = ["grep", "--quiet", "--fixed-strings", "filter=lfs", commit, "--", ":(glob)**/.gitattributes"];
  return (yield* git.run(args, { cwd: root, expect: [1] })).exitCode === 0;
});

const ProjectRecord = Schema.fromJsonString(
  Schema.Struct({
    id: Schema.NonEmptyString,
    createdAt: Schema.String,
    /** Where the repository was when this was written: a record that was copied with it is noticed by that. */
    commonDir: Schema.String,
  }),
);
const recordFile = (commonDir: string) => join(commonDir, "vibe", "project.json");

const readRecord = Effect.fnUntraced(function* (commonDir: string) {
  const file = recordFile(commonDir);
  const text = yield* fileSystem(file, () => readFile(file, "utf8")).pipe(
    Effect.catchTag("FileSystemError", (error) =>
      error.code === "ENOENT" || error.code === "ENOTDIR" ? Effect.succeed(undefined) : Effect.fail(error),
    ),
  );
  if (text === undefined) return undefined;
  return yield* Schema.decodeUnknownEffect(ProjectRecord)(text).pipe(
    Effect.mapError(
      () =>
        new UnsupportedRepository({
          message: `${file} is damaged. Remove it, and this repository becomes a new project.`,
          path: file,
          reason: "not-a-repository",
        }),
    ),
  );
});

/**
 * The record of a project that was opened before, or undefined. A repository that was moved stays the same
 * project; a copy, whose original is still there, is another.
 */
export const readProjectRecord = Effect.fn("readProjectRecord")(function* (commonDir: string) {
  const record = yield* readRecord(commonDir);
  if (record === undefined || record.commonDir === commonDir) return record;
  const original = yield* Effect.option(readRecord(record.commonDir));
  const isCopy = original._tag === "Some" && original.value?.id === record.id;
  return isCopy ? undefined : record;
});

/**
 * The project's record under the common directory, written at first use, and renewed where the repository was moved, so
 * that a copy that is made later is told from it. Of two racers one wins, for both.
 */
export const projectRecord = Effect.fn("projectRecord")(function* (commonDir: string) {
  const known = yield* readProjectRecord(commonDir);
  if (known?.commonDir === commonDir) return known;
  const file = recordFile(commonDir);
  const begun = { id: randomUUID(), createdAt: new Date().toISOString() };
  const fresh = { ...begun, ...known, commonDir };
  const draft = `${file}.${begun.id}`;
  const isCopied = (yield* readRecord(commonDir)) !== undefined;
  yield* fileSystem(file, async () => {
    await mkdir(join(commonDir, "vibe"), { recursive: true });
    await writeFile(draft, `${JSON.stringify(fresh, null, 2)}\n`, { flag: "wx" });
    if (isCopied) return rename(draft, file);
    // A link fails when the file is there; a rename would replace the other racer's.
    await link(draft, file).catch((cause) => {
      if (cause.code !== "EEXIST") throw cause;
    });
    await rm(draft, { force: true });
  });
  return (yield* readProjectRecord(commonDir)) ?? fresh;
});

export const pinRef = (epicId: string): string => `refs/vibe/${epicId}/base`;

/** Keeps a commit from being collected while a swarm works from it. */
export const pin = (root: string, epicId: string, commit: string) => pinCommit(root, pinRef(epicId), commit);

export const pinCommit = Effect.fn("pinCommit")(function* (root: string, ref: string, commit: string) {
  const git = yield* Git;
  const now = (yield* git.run(["rev-parse", "--verify", "--quiet", ref], {
    cwd: root,
    expect: [1],
  })).stdout.trim();
  if (now === commit) return;
  if (now !== "") {
    return yield* new GitError({
      message: `${ref} is at ${now} and was to be ${commit}. Remove it with \`git update-ref -d ${ref}\` if nothing uses it.`,
      args: ["update-ref"],
      exitCode: 1,
      stderr: "",
    });
  }
  yield* git.run(["update-ref", ref, commit, "0".repeat(commit.length)], { cwd: root });
});

/** Removes all pins of an epic. */
export const unpin = Effect.fn("unpin")(function* (root: string, epicId: string) {
  const git = yield* Git;
  const refs = yield* git.run(["for-each-ref", "--format=%(refname)", `refs/vibe/${epicId}/`], { cwd: root });
  for (const ref of refs.stdout.split("\n").filter((line) => line !== "")) {
    yield* git.run(["update-ref", "-d", ref], { cwd: root });
  }
});
