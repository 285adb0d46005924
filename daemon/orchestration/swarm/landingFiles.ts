/**
 * What lies in the user's checkout at the paths of a landing: whether landing there would destroy something, and
 * how far a landing came that was cut short. Looks only. No link on the way to a path is followed, as git does
 * not follow one.
 */
import { createHash } from "node:crypto";
import { lstat, readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { Effect } from "effect";
import type { PathChange } from "../../../shared/contract/events.ts";
import { fileSystem } from "../../platform/fileSystem.ts";
import { Git, nulFields } from "../../platform/Git.ts";
import type { OpenProject } from "./Projects.ts";

/**
 * Paths of a landing where a file, link or folder lies in the way that git does not track: `git status` does not
 * show ignored ones, and git overwrites those without a word.
 */
export const pathsInTheWay = (checkout: string, changes: ReadonlyArray<PathChange>) =>
  fileSystem(checkout, async () => {
    const look = makeLook(checkout);
    const tracked = new Set(changes.flatMap(({ path, old }) => (old === null ? [] : [path])));
    const found: Array<string> = [];
    for (const change of changes) {
      if (change.new === null) continue;
      const here = await look(change.path);
      const isFree =
        here.kind === "absent" ||
        (here.kind === "blocked" && tracked.has(here.by)) ||
        (here.kind === "folder" && !(await holdsForeign(checkout, change.path, tracked))) ||
        (here.kind === "file" && change.old !== null);
      if (!isFree) found.push(change.path);
    }
    return found;
  });

/**
 * `between` is what git leaves when it is killed between removing a file and having written it whole: nothing,
 * or a beginning of the new content.
 */
export type PathState = "old" | "new" | "between" | "strange";

/** How each path of a landing stands in the checkout, its entry in the index included. */
export const statesOf = Effect.fn("statesOf")(function* (
  project: OpenProject,
  checkout: string,
  changes: ReadonlyArray<PathChange>,
) {
  const git = yield* Git;
  const states = new Map<string, PathState>();
  const undecided: Array<Undecided> = [];
  const modesCount = project.user.config.get("core.filemode") !== "false";
  const own = new Set(changes.map(({ path }) => path));
  const staged = yield* indexEntries(checkout);
  const look = makeLook(checkout);
  yield* fileSystem(checkout, async () => {
    for (const change of changes) {
      const { path } = change;
      const here = await look(path);
      const isGone =
        here.kind === "absent" ||
        (here.kind === "blocked" && own.has(here.by)) ||
        (here.kind === "folder" && !(await holdsForeign(checkout, path, own)));
      const entry = staged.get(path);
      const isStaged = entry !== sideOf(change.old) && entry !== sideOf(change.new);
      if (isStaged) states.set(path, "strange");
      else if (isGone)
        states.set(path, change.old === null ? "old" : change.new === null ? "new" : "between");
      else if (here.kind !== "file") states.set(path, "strange");
      else {
        const seen = await readEntry(join(checkout, path), here, change, modesCount);
        if (seen.state === undefined) undecided.push({ change, ...seen });
        else states.set(path, seen.state);
      }
    }
  });
  // The user's line endings and filters count, as they do for `git status`.
  const input = undecided.map(({ change }) => `${quoted(change.path)}\n`).join("");
  const oids =
    undecided.length === 0
      ? []
      : (yield* git.run(["hash-object", "--stdin-paths"], { cwd: checkout, input })).stdout
          .trim()
          .split("\n");
  for (const [index, { change, mode, content }] of undecided.entries()) {
    const state = stateOf(change, oids[index] ?? "", mode);
    states.set(
      change.path,
      state ?? ((yield* isBeginning(checkout, change, content)) ? "between" : "strange"),
    );
  }
  return states;
});

interface Undecided {
  readonly change: PathChange;
  readonly mode: string | undefined;
  readonly content: Buffer;
}

type Found =
  | { readonly kind: "absent" }
  /** A file or link stands where a folder would have to be. */
  | { readonly kind: "blocked"; readonly by: string }
  | { readonly kind: "folder" }
  | { readonly kind: "file"; readonly isLink: boolean; readonly isExecutable: boolean }
  /** A socket, a pipe, a device. */
  | { readonly kind: "other" };

const makeLook = (root: string) => {
  const folders = new Set<string>();
  const look = async (path: string): Promise<Found> => {
    for (let end = path.indexOf("/"); end !== -1; end = path.indexOf("/", end + 1)) {
      const parent = path.slice(0, end);
      if (folders.has(parent)) continue;
      const info = await infoOf(join(root, parent));
      if (info === undefined) return { kind: "absent" };
      if (!info.isDirectory()) return { kind: "blocked", by: parent };
      folders.add(parent);
    }
    const info = await infoOf(join(root, path));
    if (info === undefined) return { kind: "absent" };
    if (info.isDirectory()) return { kind: "folder" };
    const isLink = info.isSymbolicLink();
    if (!isLink && !info.isFile()) return { kind: "other" };
    return { kind: "file", isLink, isExecutable: (info.mode & 0o100) !== 0 };
  };
  return look;
};

const infoOf = (path: string) =>
  lstat(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT" || cause.code === "ENOTDIR") return undefined;
    throw cause;
  });

/** Whether a folder holds a file that is not among `own`. */
const holdsForeign = async (root: string, folder: string, own: ReadonlySet<string>): Promise<boolean> => {
  for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory() ? await holdsForeign(root, path, own) : !own.has(path)) return true;
  }
  return false;
};

const readEntry = async (
  file: string,
  { isLink, isExecutable }: Found & { readonly kind: "file" },
  change: PathChange,
  modesCount: boolean,
) => {
  const content = isLink ? Buffer.from(await readlink(file)) : await readFile(file);
  const digits = (change.new ?? change.old)!.oid.length;
  const mode = isLink ? "120000" : modesCount ? (isExecutable ? "100755" : "100644") : undefined;
  return { content, mode, state: stateOf(change, blobId(content, digits), mode) };
};

const stateOf = (change: PathChange, oid: string, mode: string | undefined): PathState | undefined => {
  const is = (side: PathChange["old"]) =>
    side !== null && side.oid === oid && (mode ?? side.mode) === side.mode;
  return is(change.old) ? "old" : is(change.new) ? "new" : undefined;
};

/** Git's object id of a blob: SHA-1 (40 digits) or SHA-256 over a header and the content. */
const blobId = (content: Buffer, digits: number): string =>
  createHash(digits === 40 ? "sha1" : "sha256")
    .update(`blob ${content.length}\0`)
    .update(content)
    .digest("hex");

/** Whether content is how the new file begins, as it is stored or as the user's settings write it. */
const isBeginning = Effect.fnUntraced(function* (cwd: string, change: PathChange, content: Buffer) {
  if (change.new === null) return false;
  const git = yield* Git;
  const begins = (whole: Buffer) =>
    content.length < whole.length && whole.subarray(0, content.length).equals(content);
  if (begins(yield* git.readBlob(change.new.oid, { cwd }))) return true;
  return begins(yield* git.readBlob(change.new.oid, { cwd, filtersOf: change.path }));
});

/** Mode and id of each path in the index; what is unmerged has neither side's. */
const indexEntries = Effect.fnUntraced(function* (checkout: string) {
  const git = yield* Git;
  const { stdout } = yield* git.run(["ls-files", "--stage", "-z"], { cwd: checkout });
  return new Map(
    nulFields(stdout).map((field) => {
      const tab = field.indexOf("\t");
      const [mode, oid, stage] = field.slice(0, tab).split(" ");
      return [field.slice(tab + 1), stage === "0" ? `${mode} ${oid}` : "unmerged"];
    }),
  );
});

const sideOf = (side: PathChange["old"]): string | undefined =>
  side === null ? undefined : `${side.mode} ${side.oid}`;

/** As git reads names from lines. */
const quoted = (path: string): string =>
  /["\n\\]/.test(path) ? `"${path.replace(/["\\]/g, "\\$&").replaceAll("\n", "\\n")}"` : path;
