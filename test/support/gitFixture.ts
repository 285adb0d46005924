/**
 * Real repositories for tests, and a fingerprint of one: everything in it byte for byte, so that a test can say
 * that nothing of the user's changed.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { lstat, mkdir, readdir, readFile, readlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Effect } from "effect";
import { prepareCheckout } from "../../daemon/orchestration/swarm/checkout.ts";
import type { OpenProject } from "../../daemon/orchestration/swarm/Projects.ts";
import { inspect } from "../../daemon/orchestration/swarm/UserRepository.ts";
import { openWorkshop } from "../../daemon/orchestration/swarm/Workshop.ts";
import { Git } from "../../daemon/platform/Git.ts";
import { tempFolder } from "./tempFolder.ts";

export type Files = Readonly<Record<string, string | Buffer>>;

/** Git as the user runs it: none of our configuration, and nothing of this machine's. */
export const userGit = (cwd: string, ...args: ReadonlyArray<string>): string =>
  execFileSync("git", args, {
    cwd,
    env: userEnvironment(),
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    maxBuffer: 64 * 1024 * 1024,
  });

export const userEnvironment = (): Record<string, string> => ({
  PATH: process.env.PATH ?? "",
  HOME: process.env.HOME ?? "",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  LC_ALL: "C",
});

export const writeFiles = async (root: string, files: Files): Promise<void> => {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
};

/** A repository with one commit of these files on `main`; answers the commit. */
export const makeRepository = async (root: string, files: Files): Promise<string> => {
  await mkdir(root, { recursive: true });
  userGit(root, "init", "--quiet", "--initial-branch=main", ".");
  userGit(root, "config", "user.name", "Ada Example");
  userGit(root, "config", "user.email", "ada@example.test");
  await writeFiles(root, files);
  return commitAll(root, "Begin");
};

/** Commits everything, and answers the commit. */
export const commitAll = (root: string, message: string): string => {
  userGit(root, "add", "--all");
  userGit(root, "commit", "--quiet", "--allow-empty", "-m", message);
  return userGit(root, "rev-parse", "HEAD").trim();
};

/** Every file below a folder with mode, time and content; what `skip` names (paths from the folder) is left out. */
export const fingerprint = async (
  folder: string,
  skip: ReadonlyArray<string> = [],
): Promise<Readonly<Record<string, string>>> => {
  const found: Record<string, string> = {};
  const visit = async (path: string): Promise<void> => {
    for (const name of (await readdir(join(folder, path))).sort()) {
      const inner = path === "" ? name : `${path}/${name}`;
      if (skip.includes(inner)) continue;
      const info = await lstat(join(folder, inner));
      if (info.isDirectory()) await visit(inner);
      else if (info.isSymbolicLink()) found[inner] = `link ${await readlink(join(folder, inner))}`;
      else {
        const hash = createHash("sha256").update(await readFile(join(folder, inner)));
        // Git touches an object that a borrower would have written again; what it holds is the same.
        const time = /(^|\/)objects\//.test(inner) ? "" : info.mtimeMs;
        found[inner] = `${info.mode} ${time} ${hash.digest("hex")}`;
      }
    }
  };
  await visit("");
  return found;
};

export const isThere = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );

/** A project as the engine opens it. */
export const openProject = Effect.fnUntraced(function* (root: string, workshopFolder: string) {
  const user = yield* inspect(root);
  const workshop = yield* openWorkshop(workshopFolder, user);
  const identity = user.identity ?? { name: "OpenCode Vibe", email: "vibe@localhost" };
  const project: OpenProject = {
    id: "p",
    root: user.root,
    commonDir: user.commonDir,
    workshop,
    identity,
    user,
  };
  return project;
});

interface Setting {
  readonly folder: string;
  readonly root: string;
  readonly project: OpenProject;
  /** The commit of `main`. */
  readonly base: string;
}

/** A repository and its workshop in a temp folder, whose names have spaces and letters beyond ASCII. */
export const withProject = <A, E, R>(files: Files, run: (setting: Setting) => Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const folder = yield* tempFolder;
    const root = join(folder, "mein Repo ä");
    const base = yield* Effect.promise(() => makeRepository(root, files));
    const project = yield* openProject(root, join(folder, "data ß", "workshop.git"));
    return yield* run({ folder, root, project, base });
  }).pipe(Effect.scoped, Effect.provide(Git.layer));

/**
 * What a worker's edits in a checkout of `base` become: a commit in the workshop, with `swarm/<epic>` at it.
 */
export const makeWork = Effect.fnUntraced(function* (
  { folder, project, base }: Pick<Setting, "folder" | "project" | "base">,
  epic: string,
  edit: (checkout: string) => Promise<void>,
) {
  const checkout = yield* prepareCheckout({
    project,
    folder: join(folder, `work-${epic}`),
    commit: base,
    branch: "swarm/c",
  });
  yield* Effect.promise(() => edit(checkout.folder));
  const { tree, problems } = yield* project.workshop.snapshot(checkout);
  if (tree === null) return yield* Effect.die(new Error(JSON.stringify(problems)));
  const author = { name: "Ada Example", email: "ada@example.test" };
  const at = "2026-01-02T03:04:05.678Z";
  const head = yield* project.workshop.commit({ tree, parents: [base], message: "Work\n", author, at });
  yield* project.workshop.moveRefs([{ ref: `refs/heads/swarm/${epic}`, new: head }]);
  return head;
});
