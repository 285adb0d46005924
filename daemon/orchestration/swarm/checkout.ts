/**
 * A worker's checkout: a repository of its own that borrows objects from the workshop and shares nothing else
 * with anybody. No remote, no hooks, no stash, refs or configuration of the user's.
 *
 * Dependency folders are copied, never linked: a link into the user's tree would have a workspace package tested
 * in the user's version.
 */
import { constants } from "node:fs";
import {
  appendFile,
  copyFile,
  lstat,
  mkdir,
  readdir,
  readlink,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { devNull } from "node:os";
import { dirname, isAbsolute, join, posix, relative, resolve, sep } from "node:path";
import { Effect, Option } from "effect";
import { fileSystem } from "../../platform/fileSystem.ts";
import { Git } from "../../platform/Git.ts";
import type { OpenProject } from "./Projects.ts";
import { objectFormat } from "./UserRepository.ts";

export interface Checkout {
  readonly folder: string;
  /** The commit it began from. */
  readonly base: string;
  /** Our own index of it, with the state of each file as checked out; the worker can't reach it. */
  readonly index: string;
  /** A file of ignore patterns: what was prepared for the worker is no part of its result. */
  readonly excludes: string;
}

/** Makes a checkout of `commit` in a folder that must not exist yet, on a branch of the worker's own. */
export const prepareCheckout = Effect.fn("prepareCheckout")(function* (options: {
  readonly project: OpenProject;
  readonly folder: string;
  readonly commit: string;
  readonly branch: string;
}) {
  const { project, folder, commit, branch } = options;
  const git = yield* Git;
  const run = (args: ReadonlyArray<string>) => git.run(args, { cwd: folder, isolated: true });
  yield* fileSystem(folder, async () => {
    await mkdir(dirname(folder), { recursive: true });
    await mkdir(folder);
  });
  const format = `--object-format=${objectFormat(project.user)}`;
  yield* run(["init", "--quiet", "--template=", format, `--initial-branch=${branch}`, "."]);
  yield* fileSystem(folder, async () => {
    await mkdir(join(folder, ".git", "objects", "info"), { recursive: true });
    await mkdir(join(folder, ".git", "info"), { recursive: true });
    await writeFile(
      join(folder, ".git", "objects", "info", "alternates"),
      `${join(project.workshop.folder, "objects")}\n`,
    );
    await appendFile(join(folder, ".git", "config"), workerConfiguration(project));
    await copyFile(join(project.workshop.folder, "info", "exclude"), join(folder, ".git", "info", "exclude"));
  });
  yield* run(["reset", "--quiet", "--hard", commit]);
  const copied = yield* copyDependencies(project, folder);
  const checkout = checkoutAt(folder, commit);
  const { index, excludes } = checkout;
  const prepared = copied.map(ignorePattern).join("");
  yield* fileSystem(index, async () => {
    await copyFile(join(folder, ".git", "index"), index);
    await writeFile(excludes, prepared);
    await appendFile(join(folder, ".git", "info", "exclude"), prepared);
  });
  return checkout;
});

/** Removes a checkout and what belongs to it. */
export const removeCheckout = (folder: string) =>
  fileSystem(folder, async () => {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    for (const extension of ["index", "index.lock", "exclude"])
      await rm(`${folder}.${extension}`, { force: true });
    await rm(asideFolder(folder), { recursive: true, force: true, maxRetries: 3 });
  });

/** What was taken from a checkout while its agent worked, to be looked at; it goes with the checkout. */
export const asideFolder = (folder: string): string => `${folder}.now`;

/** What we keep of a checkout beside it. */
export const checkoutAt = (folder: string, base: string): Checkout => ({
  folder,
  base,
  index: `${folder}.index`,
  excludes: `${folder}.exclude`,
});

const workerConfiguration = ({ identity }: OpenProject): string =>
  [
    "[core]",
    `\thooksPath = ${devNull}`,
    "[user]",
    `\tname = ${JSON.stringify(identity.name)}`,
    `\temail = ${JSON.stringify(identity.email)}`,
    "[commit]",
    "\tgpgSign = false",
    "[gc]",
    "\tauto = 0",
    "",
  ].join("\n");

const dependencyFolders = ["node_modules", ".venv"];

/**
 * Copies the dependency folders at the root and beside each package of the user's tree; answers their paths. One
 * that the commit has is no dependency folder but part of the work.
 */
const copyDependencies = Effect.fn("copyDependencies")(function* (project: OpenProject, folder: string) {
  const packages = project.user.entries
    .filter((entry) => entry.path === "package.json" || entry.path.endsWith("/package.json"))
    .map((entry) => posix.dirname(entry.path));
  const copied: Array<string> = [];
  for (const parent of new Set([".", ...packages])) {
    for (const name of dependencyFolders) {
      const path = posix.join(parent, name);
      const [source, target] = [join(project.root, path), join(folder, path)];
      if (!(yield* isFolder(source)) || !(yield* isFolder(dirname(target)))) continue;
      if ((yield* entryAt(target)) !== undefined) continue;
      yield* fileSystem(source, () => copyFolder(source, target, { from: project.root, to: folder }));
      copied.push(path);
    }
  }
  return copied;
});

const entryAt = (path: string) =>
  Effect.option(fileSystem(path, () => lstat(path))).pipe(Effect.map(Option.getOrUndefined));

const isFolder = (path: string) => Effect.map(entryAt(path), (entry) => entry?.isDirectory() === true);

interface Roots {
  readonly from: string;
  readonly to: string;
}

/** Copy-on-write where the file system can. Sockets and pipes that a tool left there are passed over. */
const copyFolder = async (source: string, target: string, roots: Roots): Promise<void> => {
  await mkdir(target);
  const entries = await readdir(source, { withFileTypes: true });
  await Promise.all(
    entries.map(async (entry) => {
      const [from, to] = [join(source, entry.name), join(target, entry.name)];
      if (entry.isDirectory()) await copyFolder(from, to, roots);
      else if (entry.isSymbolicLink()) await symlink(await pointed(from, to, roots), to);
      else if (entry.isFile()) await copyFile(from, to, constants.COPYFILE_FICLONE);
    }),
  );
};

/** A link into the user's tree points into the copy's, and one that leaves the tree still points where it did. */
const pointed = async (link: string, copy: string, { from, to }: Roots): Promise<string> => {
  const text = await readlink(link);
  const aim = resolve(dirname(link), text);
  const inside = relative(from, aim);
  if (inside === ".." || inside.startsWith(`..${sep}`) || isAbsolute(inside)) return aim;
  return isAbsolute(text) ? relative(dirname(copy), join(to, inside)) || "." : text;
};

/** A path as an ignore pattern that matches only it. */
const ignorePattern = (path: string): string => `/${path.replace(/[\\*?[\] ]/g, "\\$&")}/\n`;
