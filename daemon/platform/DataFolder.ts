/** The folder with everything the daemon keeps, for this user only. */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { chmod, link, mkdir, readFile, realpath, rename, rm, statfs, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { Context, Effect, Layer, Option, Schema } from "effect";
import { FileSystemError } from "../../shared/contract/errors.ts";
import type { DaemonAddress } from "../../shared/contract/protocol.ts";
import { fileSystem } from "./fileSystem.ts";
import { networkFileSystem } from "./networkFileSystem.ts";

export class DataFolder extends Context.Service<
  DataFolder,
  {
    readonly root: string;
    /** Tells this copy of the folder from any other, on this machine or another. */
    readonly cloneId: string;
    readonly isPersonToken: (token: string) => boolean;
    /** The token of the program that a harness's hooks call. */
    readonly isLauncherToken: (token: string) => boolean;
    readonly announce: (address: DaemonAddress) => Effect.Effect<void, FileSystemError>;
    readonly withdraw: Effect.Effect<void, FileSystemError>;
  }
>()("opencode-vibe/platform/DataFolder") {
  /** The folder is made when it does not exist. Call with the daemon's lock held. */
  static readonly layer = (root: string): Layer.Layer<DataFolder, FileSystemError> =>
    Layer.effect(
      DataFolder,
      Effect.gen(function* () {
        const cloneId = yield* readCloneId(root);
        const person = hash(yield* readToken(join(root, "person.token")));
        const launcher = hash(yield* readToken(join(root, "launcher.token")));
        const file = join(root, "daemon.json");
        return DataFolder.of({
          root,
          cloneId,
          isPersonToken: (token) => timingSafeEqual(hash(token), person),
          isLauncherToken: (token) => timingSafeEqual(hash(token), launcher),
          announce: (address) =>
            fileSystem(file, async () => {
              await writeFile(`${file}.new`, JSON.stringify(address), { mode: 0o600 });
              await rename(`${file}.new`, file);
            }),
          withdraw: fileSystem(file, () => rm(file, { force: true })),
        });
      }),
    );
}

const hash = (text: string) => createHash("sha256").update(text).digest();

/** Makes the folder, for this user only, and refuses one on a network. */
export const makeDataFolder = Effect.fn("makeDataFolder")(function* (root: string) {
  yield* fileSystem(root, async () => {
    await mkdir(join(root, "logs"), { recursive: true, mode: 0o700 }).catch(async (cause) => {
      // Node says ENOENT of a read-only file system when it is to make the folders on the way too.
      if (cause.code === "ENOENT") await mkdir(root);
      throw cause;
    });
    await chmod(root, 0o700);
  });
  const { path, type, mounts } = yield* fileSystem(root, async () => ({
    path: await realpath(root),
    type: (await statfs(root)).type,
    mounts: process.platform === "linux" ? await readFile("/proc/self/mountinfo", "utf8") : "",
  }));
  const kind = networkFileSystem(path, type, mounts);
  if (kind !== undefined) {
    return yield* new FileSystemError({
      message: `The data folder ${root} lies on a network file system (${kind}), where locks and durable writes can't be trusted. Set OCVIBE_HOME to a local folder.`,
      path: root,
      code: "NETWORK_FILE_SYSTEM",
    });
  }
});

const CloneRecord = Schema.fromJsonString(
  Schema.Struct({ id: Schema.NonEmptyString, path: Schema.String, machine: Schema.String }),
);

/** A folder that was copied is noticed by its path and machine, and gets an id of its own. */
const readCloneId = Effect.fnUntraced(function* (root: string) {
  const file = join(root, "clone.json");
  const path = yield* fileSystem(root, () => realpath(root));
  const machine = yield* machineId;
  const text = yield* fileSystem(file, () => readFile(file, "utf8")).pipe(Effect.option);
  const known = Option.flatMap(text, Schema.decodeUnknownOption(CloneRecord));
  if (Option.isSome(known) && known.value.path === path && known.value.machine === machine)
    return known.value.id;
  const id = randomBytes(6).toString("hex");
  yield* fileSystem(file, async () => {
    await writeFile(`${file}.new`, JSON.stringify({ id, path, machine }, null, 2), { mode: 0o600 });
    await rename(`${file}.new`, file);
  });
  return id;
});

const machineId = Effect.promise(() =>
  readFile("/etc/machine-id", "utf8").then(
    (text) => text.trim(),
    () => hostname(),
  ),
);

/** The token in a file, which is made when it is not there. */
const readToken = Effect.fnUntraced(function* (file: string) {
  const draft = `${file}.${process.pid}`;
  return yield* fileSystem(file, async () => {
    const there = await readFile(file, "utf8").catch((cause) => {
      if (cause.code !== "ENOENT") throw cause;
    });
    if (there !== undefined) {
      await chmod(file, 0o600);
      return there.trim();
    }
    // Flushed first: a token that a power cut leaves empty would lock its owner out.
    await writeFile(draft, randomBytes(32).toString("base64url"), { mode: 0o600, flush: true });
    // A link never replaces a token that is there.
    await link(draft, file).catch((cause) => {
      if (cause.code !== "EEXIST") throw cause;
    });
    await rm(draft, { force: true });
    await chmod(file, 0o600);
    return (await readFile(file, "utf8")).trim();
  });
});
