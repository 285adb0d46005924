/**
 * The git that updates the user's files while landing. It outlives us and runs to completion; a record of it
 * under the common directory lets a later daemon wait for it, and tell a stale `index.lock` of ours from a lock
 * that somebody else holds.
 */
import { mkdir, open, readdir, readFile, readlink, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Effect, Option, Schema } from "effect";
import { GitError } from "../../../shared/contract/errors.ts";
import { safeName } from "../../coordination/hive/cellId.ts";
import { isRunning, startDetached } from "../../platform/detached.ts";
import { faultPoint } from "../../platform/FaultPoint.ts";
import { fileSystem } from "../../platform/fileSystem.ts";
import { Git, gitEnvironment, ownConfiguration } from "../../platform/Git.ts";
import { findMarked, markerVariable } from "../../platform/strays.ts";
import type { BranchAct } from "./branchAct.ts";

const LandingRecord = Schema.Struct({
  /** In the environment of every git of this landing. */
  marker: Schema.String,
  /** Milliseconds since the epoch: before the first git of this landing was started. */
  since: Schema.Number,
  pid: Schema.optionalKey(Schema.Int),
  startTime: Schema.optionalKey(Schema.NullOr(Schema.String)),
});
export type LandingRecord = typeof LandingRecord.Type;

const recordFile = ({ project, intent }: BranchAct) =>
  join(project.commonDir, "vibe", `landing-${safeName(intent.epic)}.json`);

/** Runs git in the checkout of a landing; its end is awaited, whatever happens to us. */
export const runLandingGit = Effect.fn("runLandingGit")(function* (
  landing: BranchAct,
  args: ReadonlyArray<string>,
) {
  const { project, intent, words } = landing;
  const before = yield* readRecord(landing);
  // Clocks and file times may differ in rounding; a second is nothing against a stale lock's age.
  const since = before?.since ?? Date.now() - 1000;
  const marker = before?.marker ?? `landing.${intent.epic}.${since}`;
  const stderrFile = `${recordFile(landing)}.err`;
  yield* fileSystem(stderrFile, () => mkdir(join(project.commonDir, "vibe"), { recursive: true }));
  // Written before the start: whoever finds it without a process knows that one may have begun.
  yield* writeRecord(landing, { marker, since });
  const argv = [...ownConfiguration.flatMap((entry) => ["-c", entry]), ...args];
  const git = yield* startDetached("git", argv, {
    cwd: intent.checkout!,
    stderrFile,
    env: {
      ...gitEnvironment({ env: { GIT_REFLOG_ACTION: `${words.verb} ${intent.epic}` } }),
      [markerVariable]: marker,
    },
  });
  yield* writeRecord(landing, { marker, since, ...git.identity });
  yield* faultPoint("landing-running");
  const exitCode = yield* git.exit;
  const stderr = yield* fileSystem(stderrFile, () => readFile(stderrFile, "utf8"));
  yield* fileSystem(stderrFile, () => rm(stderrFile, { force: true }));
  return { exitCode, stderr };
});

/** The record of a landing's git, undefined when none was ever started or the landing is over. */
export const readRecord = Effect.fn("readRecord")(function* (landing: BranchAct) {
  const file = recordFile(landing);
  const text = yield* fileSystem(file, () =>
    readFile(file, "utf8").catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === "ENOENT") return undefined;
      throw cause;
    }),
  );
  if (text === undefined) return undefined;
  const record = Schema.decodeUnknownOption(Schema.fromJsonString(LandingRecord))(text);
  if (Option.isSome(record)) return record.value;
  return yield* new GitError({
    message: `${file} is damaged. Bring ${landing.intent.checkout ?? "the checkout"} in order with git, remove that file, and resume.`,
    args: [],
    exitCode: -1,
    stderr: "",
  });
});

export const removeRecord = (landing: BranchAct) => {
  const file = recordFile(landing);
  return fileSystem(file, async () => {
    await rm(`${file}.err`, { force: true });
    await rm(file, { force: true });
  });
};

/** Replaced as a whole and on the disk before it counts, so that a power failure leaves one or the other. */
const writeRecord = (landing: BranchAct, record: LandingRecord) => {
  const file = recordFile(landing);
  return fileSystem(file, async () => {
    const draft = await open(`${file}.new`, "w", 0o600);
    await draft.writeFile(JSON.stringify(record));
    await draft.sync();
    await draft.close();
    await rename(`${file}.new`, file);
  });
};

/** Returns when no git of this landing runs any more. */
export const awaitLandingGit = Effect.fn("awaitLandingGit")(function* ({
  pid,
  startTime,
  marker,
}: LandingRecord) {
  const isAlive =
    pid === undefined ? Effect.succeed(false) : isRunning({ pid, startTime: startTime ?? null });
  while ((yield* isAlive) || (yield* findMarked(marker)).length > 0) yield* Effect.sleep("50 millis");
});

/**
 * Removes the `index.lock` that a killed git of ours left, and answers the path of a lock that is not ours.
 *
 * It is ours when our git is gone, the lock is not older than it, no process has it open, and either files had
 * begun to change while the index had not (git writes files only under the lock, so nobody else can have taken
 * it since), or the lock is empty (taken, and nothing written yet).
 */
export const removeOwnLock = Effect.fn("removeOwnLock")(function* (
  landing: BranchAct,
  record: LandingRecord,
  isHalfDone: boolean,
) {
  const git = yield* Git;
  const where = ["rev-parse", "--path-format=absolute", "--git-path", "index.lock"];
  const lock = (yield* git.run(where, { cwd: landing.intent.checkout! })).stdout.replace(/\n$/, "");
  return yield* fileSystem(lock, async () => {
    const info = await stat(lock).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === "ENOENT") return undefined;
      throw cause;
    });
    if (info === undefined) return undefined;
    const isOurs = info.mtimeMs >= record.since && (isHalfDone || info.size === 0) && !(await isOpen(lock));
    if (!isOurs) return lock;
    await rm(lock, { force: true });
    return undefined;
  });
});

/** Linux says which files a process has open; elsewhere the other signs decide. */
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
