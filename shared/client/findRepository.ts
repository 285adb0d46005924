/**
 * The repository that a directory is in, found as git finds it, without starting git: almost every request names a
 * directory, and an editor asks for every folder that it opens.
 */
import { readFile, realpath, stat } from "node:fs/promises";
import { dirname, join, resolve, sep } from "node:path";

export interface FoundRepository {
  /** The top folder of the worktree. */
  readonly root: string;
  /** One for all worktrees of the repository. */
  readonly commonDir: string;
}

/** Undefined where it is not that plain; git itself is to be asked then. */
export const findRepository = async (directory: string): Promise<FoundRepository | undefined> => {
  try {
    const start = await realpath(directory);
    if (start.split(sep).includes(".git") || !(await stat(start)).isDirectory()) return undefined;
    for (let folder = start; ; folder = dirname(folder)) {
      const found = await gitDirectory(join(folder, ".git"));
      if (found !== undefined) return { root: folder, commonDir: await commonOf(found) };
      if (folder === dirname(folder)) return undefined;
    }
  } catch {
    // Whatever is wrong with it, git says it in its own words.
    return undefined;
  }
};

/** Of worktrees and submodules it is a file that says where the directory is. */
const gitDirectory = async (path: string): Promise<string | undefined> => {
  const info = await stat(path).catch(() => undefined);
  if (info === undefined) return undefined;
  if (info.isDirectory()) return path;
  const [, target] = /^gitdir: (.+?)\n?$/.exec(await readFile(path, "utf8")) ?? [];
  if (target === undefined) throw new Error(`${path} does not say where the git directory is`);
  return resolve(dirname(path), target);
};

const commonOf = async (gitDir: string): Promise<string> => {
  const named = await readFile(join(gitDir, "commondir"), "utf8").catch(() => ".");
  return resolve(gitDir, named.trimEnd());
};
