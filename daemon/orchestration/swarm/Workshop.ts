/**
 * The daemon's own bare repository for a project. Workers' results become objects and branches here; the user's
 * repository lends its objects through `alternates` and learns nothing of it until landing.
 *
 * A worker's `.git` is never opened: its working files are read with this repository's own directory and an
 * index of ours, so that whatever a worker configures or rewrites there runs nothing and hides nothing.
 */
import { lstat, mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Effect } from "effect";
import type { GitError } from "../../../shared/contract/errors.ts";
import type { PathChange } from "../../../shared/contract/events.ts";
import type { Finding } from "../../../shared/contract/gate.ts";
import { fileSystem } from "../../platform/fileSystem.ts";
import { Git, type GitOptions, type GitResult, nulFields } from "../../platform/Git.ts";
import { parseChanges, parseTree, type TreeEntry } from "./gitOutput.ts";
import { folderGone, notTaken, notUtf8 } from "./snapshotFindings.ts";
import { objectFormat, type UserRepository } from "./UserRepository.ts";

type Result<A> = Effect.Effect<A, GitError>;

export interface Workshop {
  readonly folder: string;
  readonly readRef: (ref: string) => Result<string | undefined>;
  /** Compare-and-set; `old` null means that the ref must not exist, `new` null deletes it. */
  readonly moveRef: (
    ref: string,
    move: { readonly old: string | null; readonly new: string | null },
  ) => Result<void>;
  /** All of them or none; a ref without `old` is set whatever it is at. */
  readonly moveRefs: (
    moves: ReadonlyArray<{ readonly ref: string; readonly old?: string; readonly new: string }>,
  ) => Result<void>;
  /**
   * Takes what lies in a checkout as a tree. `index` is the file that `prepareCheckout` left for it. With `objects`
   * what is new goes into that folder, and the workshop stays as it is.
   */
  readonly snapshot: (checkout: {
    readonly folder: string;
    readonly base: string;
    readonly index: string;
    readonly excludes: string;
    readonly objects?: string;
  }) => Result<{ readonly tree: string | null; readonly problems: ReadonlyArray<Finding> }>;
  /** What differs between two trees or commits; a rename is a path that goes and one that comes. */
  readonly changes: (from: string, to: string) => Result<ReadonlyArray<PathChange>>;
  /** A file's text, or undefined when there is none. */
  readonly readText: (treeish: string, path: string) => Result<string | undefined>;
  readonly listFiles: (treeish: string) => Result<ReadonlyArray<TreeEntry>>;
  readonly treeOf: (treeish: string) => Result<string>;
  /** The commit itself, or a commit without history for a bare tree. */
  readonly commitOf: (treeish: string) => Result<string>;
  /** Equal inputs give the equal commit, so making it again after a crash is the same. */
  readonly commit: (commit: {
    readonly tree: string;
    readonly parents: ReadonlyArray<string>;
    readonly message: string;
    readonly author: { readonly name: string; readonly email: string };
    /** ISO 8601. */
    readonly at: string;
  }) => Result<string>;
  /** On a conflict the tree has conflict markers in the paths named. */
  readonly merge: (sides: { readonly ours: string; readonly theirs: string }) => Result<{
    readonly kind: "clean" | "conflict";
    readonly tree: string;
    readonly paths: ReadonlyArray<string>;
  }>;
  readonly isAncestor: (ancestor: string, descendant: string) => Result<boolean>;
  readonly graph: (range: ReadonlyArray<string>) => Result<string>;
}

/** What of the user's configuration decides how files are read and written. */
const carriedOver = [
  "core.autocrlf",
  "core.eol",
  "core.filemode",
  "core.ignorecase",
  "core.precomposeunicode",
  "core.symlinks",
];

/** Opens the workshop of a project, making it at first use. */
export const openWorkshop = Effect.fn("openWorkshop")(function* (folder: string, user: UserRepository) {
  const git = yield* Git;
  yield* create(folder, user);
  const excludes = yield* userExcludes(user);
  yield* fileSystem(folder, async () => {
    await mkdir(join(folder, "objects", "info"), { recursive: true });
    await mkdir(join(folder, "info"), { recursive: true });
    // A repository that was moved is found again here.
    await replaceIfChanged(
      join(folder, "objects", "info", "alternates"),
      `${join(user.commonDir, "objects")}\n`,
    );
    await replaceIfChanged(join(folder, "info", "exclude"), excludes);
    await replaceIfChanged(join(folder, "config"), configuration(user));
  });
  const run = (args: ReadonlyArray<string>, options: Partial<GitOptions> = {}): Result<GitResult> =>
    git.run(args, { cwd: folder, isolated: true, ...options, env: { GIT_DIR: folder, ...options.env } });
  return makeWorkshop(folder, run);
});

const create = Effect.fnUntraced(function* (folder: string, user: UserRepository) {
  const git = yield* Git;
  const made = yield* fileSystem(folder, () => stat(join(folder, "HEAD"))).pipe(Effect.option);
  if (made._tag === "Some") return;
  yield* fileSystem(folder, () => mkdir(folder, { recursive: true }));
  yield* git.run(["init", "--quiet", "--bare", "--template=", `--object-format=${objectFormat(user)}`, "."], {
    cwd: folder,
    isolated: true,
  });
});

const configuration = (user: UserRepository): string => {
  const lines = carriedOver.flatMap((key) => {
    const value = user.config.get(key);
    return value === undefined ? [] : [`\t${key.slice("core.".length)} = ${value}`];
  });
  const format = objectFormat(user);
  const isPlain = format === "sha1";
  return [
    "[core]",
    `\trepositoryformatversion = ${isPlain ? 0 : 1}`,
    "\tbare = true",
    ...lines,
    ...(isPlain ? [] : ["[extensions]", `\tobjectFormat = ${format}`]),
    "",
  ].join("\n");
};

/** What the user keeps out of git on this machine is kept out of snapshots too. */
const userExcludes = Effect.fnUntraced(function* (user: UserRepository) {
  const home = process.env.HOME ?? "";
  // Where git looks when nothing is configured.
  const usual = join(process.env.XDG_CONFIG_HOME || join(home, ".config"), "git", "ignore");
  const files = [user.config.get("core.excludesfile") ?? usual, join(user.commonDir, "info", "exclude")];
  const texts: Array<string> = [];
  for (const file of files) {
    const path = file.startsWith("~/") ? join(home, file.slice(2)) : file;
    const text = yield* fileSystem(path, () => readFile(path, "utf8")).pipe(Effect.option);
    if (text._tag === "Some") texts.push(text.value.trimEnd());
  }
  return `${texts.join("\n")}\n`;
});

const replaceIfChanged = async (file: string, text: string) => {
  const now = await readFile(file, "utf8").catch(() => undefined);
  if (now === text) return;
  await writeFile(`${file}.new`, text);
  await rename(`${file}.new`, file);
};

const zero = (oid: string) => "0".repeat(oid.length);

const makeWorkshop = (
  folder: string,
  run: (args: ReadonlyArray<string>, options?: Partial<GitOptions>) => Result<GitResult>,
): Workshop => {
  const line = (args: ReadonlyArray<string>, options?: Partial<GitOptions>) =>
    Effect.map(run(args, options), ({ stdout }) => stdout.trim());
  return {
    folder,
    readRef: (ref) =>
      Effect.map(line(["rev-parse", "--verify", "--quiet", ref], { expect: [1] }), (oid) =>
        oid === "" ? undefined : oid,
      ),
    moveRef: (ref, { old, new: next }) =>
      Effect.asVoid(
        next === null
          ? run(["update-ref", "-d", ref, ...(old === null ? [] : [old])])
          : run(["update-ref", ref, next, old ?? zero(next)]),
      ),
    moveRefs: (moves) =>
      Effect.asVoid(
        run(["update-ref", "--stdin", "-z"], {
          input: moves.map(({ ref, old, new: next }) => `update ${ref}\0${next}\0${old ?? ""}\0`).join(""),
        }),
      ),
    snapshot: Effect.fn("Workshop.snapshot")(function* (checkout) {
      const objects = objectsAside(folder, checkout.objects);
      const env = { GIT_WORK_TREE: checkout.folder, GIT_INDEX_FILE: checkout.index, ...objects };
      if (!(yield* isDirectory(checkout.folder))) return { tree: null, problems: [folderGone] };
      const added = yield* run(["-c", `core.excludesFile=${checkout.excludes}`, "add", "--all", "."], {
        cwd: checkout.folder,
        env,
        expect: [1, 128],
      });
      if (added.exitCode !== 0) return { tree: null, problems: [notTaken(added.stderr)] };
      const tree = yield* line(["write-tree"], { env });
      const touched = yield* run(
        ["diff-tree", "-r", "-z", "--no-renames", "--name-only", checkout.base, tree],
        { env: objects },
      );
      const unreadable = nulFields(touched.stdout).filter((path) => path.includes(replacement));
      return unreadable.length === 0
        ? { tree, problems: [] }
        : { tree: null, problems: unreadable.map(notUtf8) };
    }),
    changes: (from, to) =>
      Effect.map(
        run(["diff-tree", "-r", "-z", "--no-renames", "--no-ext-diff", "--no-textconv", from, to]),
        ({ stdout }) => parseChanges(stdout),
      ),
    readText: (treeish, path) =>
      Effect.map(
        run(["cat-file", "blob", `${treeish}:${path}`], { expect: [128] }),
        ({ exitCode, stdout }) => (exitCode === 0 ? stdout : undefined),
      ),
    listFiles: (treeish) =>
      Effect.map(run(["ls-tree", "-r", "-z", "--full-tree", treeish]), ({ stdout }) => parseTree(stdout)),
    treeOf: (treeish) => line(["rev-parse", "--verify", `${treeish}^{tree}`]),
    commitOf: Effect.fnUntraced(function* (treeish) {
      const commit = yield* line(["rev-parse", "--verify", "--quiet", `${treeish}^{commit}`], {
        expect: [1, 128],
      });
      if (commit !== "") return commit;
      return yield* line(["commit-tree", "--no-gpg-sign", "-m", "Tree under examination", treeish], {
        env: signature({ name: "OpenCode Vibe", email: "vibe@localhost" }, "1970-01-01T00:00:00Z"),
      });
    }),
    commit: ({ tree, parents, message, author, at }) =>
      line(
        ["commit-tree", "--no-gpg-sign", ...parents.flatMap((parent) => ["-p", parent]), "-F", "-", tree],
        {
          env: signature(author, at),
          input: message,
        },
      ),
    merge: Effect.fn("Workshop.merge")(function* ({ ours, theirs }) {
      const result = yield* run(
        ["merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", ours, theirs],
        {
          expect: [1],
        },
      );
      const [tree = "", ...paths] = nulFields(result.stdout);
      return { kind: result.exitCode === 0 ? ("clean" as const) : ("conflict" as const), tree, paths };
    }),
    isAncestor: (ancestor, descendant) =>
      Effect.map(
        run(["merge-base", "--is-ancestor", ancestor, descendant], { expect: [1] }),
        ({ exitCode }) => exitCode === 0,
      ),
    graph: (range) =>
      Effect.map(
        run(["log", "--graph", "--oneline", "--decorate=short", "--no-color", ...range]),
        ({ stdout }) => stdout,
      ),
  };
};

/** Variables by which git reads objects of a folder beside the workshop's, and writes new ones there only. */
export const objectsAside = (
  workshop: string,
  objects: string | undefined,
): Readonly<Record<string, string>> =>
  objects === undefined
    ? {}
    : {
        GIT_OBJECT_DIRECTORY: objects,
        GIT_ALTERNATE_OBJECT_DIRECTORIES: join(workshop, "objects"),
      };

const signature = ({ name, email }: { readonly name: string; readonly email: string }, at: string) => ({
  GIT_AUTHOR_NAME: name,
  GIT_AUTHOR_EMAIL: email,
  GIT_AUTHOR_DATE: at,
  GIT_COMMITTER_NAME: name,
  GIT_COMMITTER_EMAIL: email,
  GIT_COMMITTER_DATE: at,
});

const isDirectory = (path: string) =>
  Effect.map(
    Effect.option(fileSystem(path, () => lstat(path))),
    (info) => info._tag === "Some" && info.value.isDirectory(),
  );

/** What stands for bytes that are no UTF-8. */
const replacement = "\uFFFD";
