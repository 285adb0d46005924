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
  cp,
  lstat,
  mkdir,
  readdir,
  readlink,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { devNull } from "node:os";
import { dirname, isAbsolute, join, relative } from "node:path";
import { Effect } from "effect";
import { fileSystem } from "../../platform/fileSystem.ts";
import { Git } from "../../platform/Git.ts";
import type { OpenProject } from "./Projects.ts";

export interface Checkout {
  readonly folder: string;
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
  yield* fileSystem(folder, () => mkdir(folder, { recursive: true }));
  yield* run(["init", "--quiet", "--template=", `--initial-branch=${branch}`, "."]);
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
  const index = `${folder}.index`;
  const excludes = `${folder}.exclude`;
  const prepared = copied.map((path) => `/${path}/\n`).join("");
  yield* fileSystem(index, async () => {
    await copyFile(join(folder, ".git", "index"), index);
    await writeFile(excludes, prepared);
    await appendFile(join(folder, ".git", "info", "exclude"), prepared);
  });
  const checkout: Checkout = { folder, index, excludes };
  return checkout;
});

/** Removes a checkout and what belongs to it. */
export const removeCheckout = (folder: string) =>
  fileSystem(folder, async () => {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    await rm(`${folder}.index`, { force: true });
    await rm(`${folder}.exclude`, { force: true });
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

/** Copies the dependency folders at the root and beside each package of the user's tree; answers their paths. */
const copyDependencies = Effect.fn("copyDependencies")(function* (project: OpenProject, folder: string) {
  const packages = project.user.entries
    .filter((entry) => entry.path === "package.json" || entry.path.endsWith("/package.json"))
    .map((entry) => dirname(entry.path));
  const tracked = new Set(project.user.entries.map((entry) => entry.path.split("/").slice(0, -1).join("/")));
  const copied: Array<string> = [];
  for (const parent of new Set([".", ...packages])) {
    for (const name of dependencyFolders) {
      const path = join(parent, name);
      const source = join(project.root, path);
      if (tracked.has(path)) continue;
      const found = yield* fileSystem(source, () => lstat(source)).pipe(Effect.option);
      if (found._tag === "None" || !found.value.isDirectory()) continue;
      yield* fileSystem(source, () => copyTree(source, join(folder, path), project.root, folder));
      copied.push(path);
    }
  }
  return copied;
});

/** Copy-on-write where the file system can. Links that point into the user's tree are pointed into the copy's. */
const copyTree = async (source: string, target: string, userRoot: string, folder: string) => {
  await cp(source, target, {
    recursive: true,
    verbatimSymlinks: true,
    mode: constants.COPYFILE_FICLONE,
    // The rare absolute link is made by hand.
    filter: async (path) => !(await absoluteLinkInto(path, userRoot)),
  });
  for (const path of await absoluteLinks(source, userRoot)) {
    const to = await readlink(path);
    await symlink(join(folder, relative(userRoot, to)), join(target, relative(source, path)));
  }
};

const absoluteLinkInto = async (path: string, root: string): Promise<boolean> => {
  if (!(await lstat(path)).isSymbolicLink()) return false;
  const to = await readlink(path);
  return isAbsolute(to) && (to === root || to.startsWith(`${root}/`));
};

const absoluteLinks = async (folder: string, root: string): Promise<ReadonlyArray<string>> => {
  const found: Array<string> = [];
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isSymbolicLink() && (await absoluteLinkInto(path, root))) found.push(path);
  }
  return found;
};
