/**
 * Moves the user's branch, and its files where a checkout has it. Git runs outside the shim and to completion:
 * a fast-forward that is cut short leaves the branch old and half of the files new. What a cut one leaves
 * (the power failed) is completed by `recoverLanding`, from the blobs that the intent recorded.
 */
import { createHash } from "node:crypto";
import { lstat, mkdir, readdir, readFile, readlink, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Effect, Schema } from "effect";
import { GitError, LandingRefused } from "../../../shared/contract/errors.ts";
import type { PathChange } from "../../../shared/contract/events.ts";
import { isRunning, type ProcessIdentity, startDetached } from "../../platform/detached.ts";
import { fileSystem } from "../../platform/fileSystem.ts";
import { Git, gitEnvironment, ownConfiguration } from "../../platform/Git.ts";
import type { LandingIntent } from "./planLanding.ts";
import type { OpenProject } from "./Projects.ts";

interface Landing {
  readonly project: OpenProject;
  readonly intent: LandingIntent;
}

export const executeLanding = Effect.fn("executeLanding")(function* ({ project, intent }: Landing) {
  yield* bringObjects({ project, intent });
  if (intent.method === "fast-forward") return yield* fastForward({ project, intent });
  const git = yield* Git;
  const now = yield* readUserRef(project, intent.ref);
  if (now === intent.new) return;
  const zero = "0".repeat(intent.new.length);
  const args = ["update-ref", "-m", `land ${intent.epic}`, intent.ref, intent.new, intent.old ?? zero];
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
const bringObjects = Effect.fnUntraced(function* ({ project, intent }: Landing) {
  const git = yield* Git;
  const ref = `refs/vibe/${intent.epic}/head`;
  const source = `refs/heads/swarm/${intent.epic}`;
  yield* git.run(
    ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--no-recurse-submodules", project.workshop.folder, `+${source}:${ref}`],
    { cwd: project.root },
  );
});

export const readUserRef = Effect.fnUntraced(function* (project: OpenProject, ref: string) {
  const git = yield* Git;
  const { stdout } = yield* git.run(["rev-parse", "--verify", "--quiet", ref], { cwd: project.root, expect: [1] });
  return stdout.trim() === "" ? undefined : stdout.trim();
});

const processFile = (project: OpenProject) => join(project.commonDir, "vibe", "landing.json");
const ProcessRecord = Schema.fromJsonString(
  Schema.Struct({ pid: Schema.Int, startTime: Schema.NullOr(Schema.String), since: Schema.Number }),
);

const fastForward = Effect.fnUntraced(function* ({ project, intent }: Landing) {
  const git = yield* Git;
  const checkout = intent.checkout!;
  const here = (yield* git.run(["symbolic-ref", "--quiet", "HEAD"], { cwd: checkout, expect: [1] })).stdout.trim();
  const tip = yield* readUserRef(project, intent.ref);
  if (tip === intent.new) return;
  if (here !== intent.ref || tip !== intent.old) {
    return yield* new LandingRefused({
      message: `${checkout} has another branch or commit now than a moment ago. Nothing was changed; land again.`,
      paths: [],
    });
  }
  // Millisecond clocks and file times may differ in rounding; a second is nothing against a stale lock's age.
  const since = Date.now() - 1000;
  const configuration = ownConfiguration.flatMap((entry) => ["-c", entry]);
  const argv = [...configuration, "merge", "--ff-only", "--no-stat", "--quiet", intent.new];
  const landing = yield* startDetached("git", argv, {
    cwd: checkout,
    env: gitEnvironment({ env: { GIT_REFLOG_ACTION: `land ${intent.epic}` } }),
  });
  const file = processFile(project);
  yield* fileSystem(file, async () => {
    await mkdir(join(project.commonDir, "vibe"), { recursive: true });
    await writeFile(file, JSON.stringify({ ...landing.identity, since }));
  });
  const { exitCode, stderr } = yield* landing.exit;
  yield* fileSystem(file, () => rm(file, { force: true }));
  if ((yield* readUserRef(project, intent.ref)) === intent.new) return;
  if (exitCode === null) {
    return yield* new GitError({
      message: "git was killed while landing; resume the swarm to complete it",
      args: argv,
      exitCode: -1,
      stderr,
    });
  }
  return yield* new LandingRefused({
    message: `git refused to land in ${checkout}: ${stderr.trim().split("\n")[0] ?? "no message"}. Nothing was changed.`,
    paths: [],
  });
}, Effect.uninterruptible);

export type Recovery =
  | { readonly kind: "landed" }
  /** Nothing was begun, or it was put in order: executing it is safe. */
  | { readonly kind: "not-started" }
  | { readonly kind: "ask"; readonly message: string; readonly paths: ReadonlyArray<string> };

/** Finds out how far an intended landing came, and completes one that was cut short. */
export const recoverLanding = Effect.fn("recoverLanding")(function* ({ project, intent }: Landing) {
  const record = yield* processOf(project);
  if (record !== undefined) yield* awaitEnd(record);
  const tip = yield* readUserRef(project, intent.ref);
  const landed: Recovery = { kind: "landed" };
  if (tip === intent.new) return landed;
  const notStarted: Recovery = { kind: "not-started" };
  if (intent.method !== "fast-forward" || record === undefined) return notStarted;
  if (tip !== intent.old) {
    return ask(`${intent.ref} is at ${tip ?? "no commit"}, neither where landing began nor where it ends`, []);
  }
  const states = yield* statesOf(project, intent.checkout!, intent.paths);
  const strange = [...states].flatMap(([path, state]) => (state === "strange" ? [path] : []));
  if (strange.length > 0) {
    return ask("Landing was cut short, and these files are neither as before nor as they were to be", strange);
  }
  yield* removeOwnLock(intent.checkout!, record.since);
  if ([...states.values()].every((state) => state === "old")) return notStarted;
  const git = yield* Git;
  // Both trees are given, so that files outside the epic, staged or dirty, stay as they are.
  yield* git.run(["read-tree", "--reset", "-u", intent.old!, intent.new], { cwd: intent.checkout! });
  yield* git.run(["update-ref", "-m", `land ${intent.epic}`, intent.ref, intent.new, intent.old!], { cwd: project.root });
  yield* fileSystem(processFile(project), () => rm(processFile(project), { force: true }));
  return landed;
}, Effect.uninterruptible);

const ask = (message: string, paths: ReadonlyArray<string>): Recovery => ({
  kind: "ask",
  message: `${message}. Nothing more was touched: put them in order with git, then land again.`,
  paths,
});

const processOf = Effect.fnUntraced(function* (project: OpenProject) {
  const file = processFile(project);
  const text = yield* fileSystem(file, () => readFile(file, "utf8")).pipe(Effect.option);
  if (text._tag === "None") return undefined;
  return yield* Schema.decodeUnknownEffect(ProcessRecord)(text.value).pipe(Effect.orDie);
});

const awaitEnd = Effect.fnUntraced(function* (identity: ProcessIdentity) {
  while (yield* isRunning(identity)) yield* Effect.sleep("50 millis");
});

type PathState = "old" | "new" | "between" | "strange";

/** Git unlinks a file before it writes it, so one that is absent or a beginning of the new content is git's work. */
const statesOf = Effect.fnUntraced(function* (project: OpenProject, checkout: string, changes: ReadonlyArray<PathChange>) {
  const git = yield* Git;
  const states = new Map<string, PathState>();
  for (const change of changes) {
    const path = join(checkout, change.path);
    const found = yield* fileSystem(path, () => contentOf(path));
    if (found === undefined) {
      states.set(change.path, change.old === null ? "old" : "between");
      continue;
    }
    // The user's line endings and filters count, as they do for `git status`.
    const oid = found.isLink
      ? blobId(found.content, (change.new ?? change.old!).oid.length)
      : (yield* git.run(["hash-object", "--", change.path], { cwd: checkout })).stdout.trim();
    if (oid === change.old?.oid) states.set(change.path, "old");
    else if (oid === change.new?.oid) states.set(change.path, "new");
    else if (change.new === null) states.set(change.path, "strange");
    else {
      const whole = yield* git.readBlob(change.new.oid, { cwd: project.root });
      const isBeginning = whole.subarray(0, found.content.length).equals(found.content);
      states.set(change.path, isBeginning ? "between" : "strange");
    }
  }
  return states;
});

/** What lies at a path, undefined for nothing; a link's content is where it points, as git stores it. */
const contentOf = async (path: string) => {
  const info = await lstat(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT" || cause.code === "ENOTDIR") return undefined;
    throw cause;
  });
  if (info === undefined || info.isDirectory()) return undefined;
  const isLink = info.isSymbolicLink();
  return { isLink, content: isLink ? Buffer.from(await readlink(path)) : await readFile(path) };
};

/** Git's object id of a blob: SHA-1 (40 digits) or SHA-256 over a header and the content. */
const blobId = (content: Buffer, digits: number): string =>
  createHash(digits === 40 ? "sha1" : "sha256")
    .update(`blob ${content.length}\0`)
    .update(content)
    .digest("hex");

/**
 * An `index.lock` is ours when it is not older than our git, that git is gone, and no process has it open. Any
 * other belongs to somebody, and git will say so.
 */
const removeOwnLock = Effect.fnUntraced(function* (checkout: string, since: number) {
  const git = yield* Git;
  const lock = (yield* git.run(["rev-parse", "--path-format=absolute", "--git-path", "index.lock"], { cwd: checkout })).stdout.trim();
  yield* fileSystem(lock, async () => {
    const info = await stat(lock).catch(() => undefined);
    if (info === undefined || info.mtimeMs < since || (await isOpen(lock))) return;
    await rm(lock, { force: true });
  });
});

/** Linux says which files a process has open; elsewhere the other two signs decide. */
const isOpen = async (file: string): Promise<boolean> => {
  const processes = await readdir("/proc").catch(() => []);
  for (const pid of processes.filter((name) => /^\d+$/.test(name))) {
    const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
    for (const descriptor of descriptors) {
      if ((await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => "")) === file) return true;
    }
  }
  return false;
};
