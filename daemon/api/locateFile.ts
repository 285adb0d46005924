/**
 * Finds out where a path leads and whose tree it lies in: by the file system alone, since this is asked before every
 * write. Git is not run, a worker's `.git` is not read, and nothing is written.
 */
import { lstat, readFile, readlink, realpath } from "node:fs/promises";
import { dirname, isAbsolute, join, normalize, parse, relative, resolve, sep } from "node:path";
import { Effect } from "effect";
import { InvalidInput } from "../../shared/contract/errors.ts";
import { readProjectRecord } from "../orchestration/swarm/UserRepository.ts";
import { DataFolder } from "../platform/DataFolder.ts";
import { fileSystem } from "../platform/fileSystem.ts";

export type Located =
  | { readonly where: "unmanaged" }
  /** `path` is relative to the root, with `/` between folders. */
  | { readonly where: "tree"; readonly project: string; readonly root: string; readonly path: string }
  /** In the daemon's own folder. `root` is the checkout's, undefined where there is none. */
  | {
      readonly where: "data";
      readonly project: string | undefined;
      readonly root: string | undefined;
      readonly path: string;
    };

/** `path` is absolute, or relative to the root of the tree that the directory lies in. */
export const locateFile = Effect.fn("locateFile")(function* (directory: string, path: string) {
  const refuse = (why: string) =>
    new InvalidInput({ message: `The path ${JSON.stringify(path)} ${why}. Name a file of the project.` });
  if (path === "" || /\p{Cc}/u.test(path)) return yield* refuse("is empty or has a control character in it");
  if (path.length > longestPath) return yield* refuse(`is longer than ${longestPath} characters`);
  if (path.split(sep === "\\" ? /[\\/]/ : "/").includes("..")) return yield* refuse('has ".." in it');
  if (!isAbsolute(directory)) {
    return yield* new InvalidInput({
      message: `The project ${JSON.stringify(directory)} is no absolute path. Give the folder that you work in.`,
    });
  }
  const data = yield* Effect.flatMap(DataFolder, ({ root }) => realPath(root));
  const place = yield* realPath(normalize(directory));
  const home = checkoutOf(data, place) ?? (yield* treeOf(place)) ?? place;
  const absolute = isAbsolute(path) ? normalize(path) : join(home, path);
  const file = yield* realPath(absolute).pipe(
    Effect.catchTag("FileSystemError", (error) =>
      Effect.fail(error.code === "ELOOP" ? refuse("leads in a circle of links") : error),
    ),
  );
  if (file === home) return yield* refuse("is the root itself");
  if (!isBelow(home, file) && (!isAbsolute(path) || (yield* passesThrough(absolute, home))))
    return yield* refuse(`leads out of the project, to ${file}`);
  if (file === data || isBelow(data, file)) {
    const root = checkoutOf(data, file);
    const located: Located = {
      where: "data",
      root,
      project: projectOf(data, file),
      path: slashed(relative(root ?? data, file)),
    };
    return located;
  }
  const root = yield* treeOf(dirname(file));
  const project = root === undefined ? undefined : yield* projectAt(root);
  const located: Located =
    root === undefined || project === undefined
      ? { where: "unmanaged" }
      : { where: "tree", project, root, path: slashed(relative(root, file)) };
  return located;
});

const longestPath = 4096;

const slashed = (path: string) => path.split(sep).join("/");

const isBelow = (folder: string, path: string) =>
  path.startsWith(folder.endsWith(sep) ? folder : folder + sep);

/** Where workers' checkouts lie in the data folder: `projects/<id>/work/<epic>/<cell>/<attempt>`. */
const checkoutOf = (data: string, path: string): string | undefined => {
  if (!isBelow(data, path)) return undefined;
  const parts = relative(data, path).split(sep);
  return parts[0] === "projects" && parts[2] === "work" && parts.length >= 6
    ? join(data, ...parts.slice(0, 6))
    : undefined;
};

const projectOf = (data: string, path: string): string | undefined => {
  const [first, project] = relative(data, path).split(sep);
  return first === "projects" ? project : undefined;
};

/** What a path stands for, links followed; what does not exist has the name that it would get. */
export const realPath = (path: string) => fileSystem(path, () => followed(path, 0));

const followed = async (path: string, links: number): Promise<string> => {
  const { root } = parse(path);
  let at = root;
  const names = path.slice(root.length).split(sep);
  for (const [index, name] of names.entries()) {
    if (name === "" || name === ".") continue;
    const next = join(at, name);
    const info = await lstat(next).catch(absent);
    if (info === undefined) return join(next, ...names.slice(index + 1));
    if (!info.isSymbolicLink()) {
      at = next;
      continue;
    }
    if (links >= mostLinks) throw Object.assign(new Error(`too many links: ${path}`), { code: "ELOOP" });
    const target = resolve(at, await readlink(next));
    return followed(join(target, ...names.slice(index + 1)), links + 1);
  }
  return at;
};

const mostLinks = 40;

const absent = (cause: NodeJS.ErrnoException): undefined => {
  if (cause.code !== "ENOENT" && cause.code !== "ENOTDIR") throw cause;
};

/** Whether a folder on the way to a path, as it is written, is that one. */
const passesThrough = Effect.fnUntraced(function* (path: string, folder: string) {
  for (let at = dirname(path); at !== dirname(at); at = dirname(at)) {
    if ((yield* realPath(at)) === folder) return true;
  }
  return false;
});

/** The nearest folder upwards that is the root of a git checkout. */
const treeOf = (folder: string) =>
  fileSystem(folder, async () => {
    for (let at = folder; ; at = dirname(at)) {
      if ((await lstat(join(at, ".git")).catch(absent)) !== undefined) return at;
      if (at === dirname(at)) return undefined;
    }
  });

/** The id of the project that a checkout belongs to, undefined for one that we do not manage. */
const projectAt = Effect.fnUntraced(function* (root: string) {
  const commonDir = yield* fileSystem(root, () => commonDirOf(join(root, ".git")));
  return commonDir === undefined ? undefined : (yield* readProjectRecord(commonDir))?.id;
});

/** As git finds it: a linked worktree has a file `.git` that names its own folder, which names the common one. */
const commonDirOf = async (dotGit: string): Promise<string | undefined> => {
  if ((await lstat(dotGit)).isDirectory()) return realpath(dotGit);
  const target = /^gitdir: (.+)$/m.exec(await readFile(dotGit, "utf8").catch(() => ""))?.[1];
  if (target === undefined) return undefined;
  const gitDir = resolve(dirname(dotGit), target.trim());
  const common = await readFile(join(gitDir, "commondir"), "utf8").catch(absent);
  return realpath(common === undefined ? gitDir : resolve(gitDir, common.trim())).catch(absent);
};
