import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { assert, describe, it } from "@effect/vitest";
import { Effect, Exit } from "effect";
import { holdDaemonLock } from "../../../daemon/platform/DaemonLock.ts";
import { tempFolder } from "../../support/tempFolder.ts";

const program = join(import.meta.dirname, "holdLock.ts");

/** A process that is ready to contend for the lock. It ends with the test. */
const contender = (file: string) =>
  Effect.gen(function* () {
    const child = yield* Effect.acquireRelease(
      Effect.sync(() => spawn("node", [program, file], { stdio: ["pipe", "pipe", "inherit"] })),
      (process) => Effect.promise(() => kill(process)),
    );
    const line = Effect.promise(async () => {
      const [data] = (await once(child.stdout, "data")) as [Buffer];
      return data.toString().trim();
    });
    assert.strictEqual(yield* line, "ready");
    const begin = (at: number) =>
      Effect.andThen(
        Effect.sync(() => child.stdin.write(`${at}\n`)),
        line,
      );
    return { child, begin };
  });

const kill = async (child: ChildProcess) => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
};

const lockFile = Effect.map(tempFolder, (folder) => join(folder, "daemon.lock"));

describe("holdDaemonLock", () => {
  it.live("refuses a second process, and is free the moment the holder is killed", () =>
    Effect.gen(function* () {
      const file = yield* lockFile;
      const first = yield* contender(file);
      assert.strictEqual(yield* first.begin(0), "held");
      assert.strictEqual(yield* (yield* contender(file)).begin(0), "busy");
      assert.strictEqual((yield* Effect.flip(Effect.scoped(holdDaemonLock(file))))._tag, "DaemonLockBusy");
      yield* Effect.promise(() => kill(first.child));
      yield* Effect.scoped(holdDaemonLock(file));
    }).pipe(Effect.scoped),
  );

  it.live("is given back with its scope", () =>
    Effect.gen(function* () {
      const file = yield* lockFile;
      for (let n = 0; n < 3; n++) yield* Effect.scoped(holdDaemonLock(file));
      assert.strictEqual(yield* (yield* contender(file)).begin(0), "held");
    }).pipe(Effect.scoped),
  );

  it.live("has exactly one winner among processes that start at once, on a new file and on an old one", () =>
    Effect.gen(function* () {
      const file = yield* lockFile;
      for (let round = 0; round < 3; round++) {
        const says = yield* Effect.gen(function* () {
          const contenders = yield* Effect.forEach([1, 2, 3, 4], () => contender(file), {
            concurrency: "unbounded",
          });
          const at = Date.now() + 50;
          return yield* Effect.forEach(contenders, (one) => one.begin(at), { concurrency: "unbounded" });
        }).pipe(Effect.scoped);
        assert.deepStrictEqual([...says].sort(), ["busy", "busy", "busy", "held"], `round ${round}`);
      }
    }).pipe(Effect.scoped),
  );

  it.live("says what is wrong with a file that is no lock", () =>
    Effect.gen(function* () {
      const file = yield* lockFile;
      yield* Effect.promise(() =>
        writeFile(file, "this is a text and long enough to be looked at. ".repeat(100)),
      );
      const exit = yield* Effect.exit(Effect.scoped(holdDaemonLock(file)));
      assert.isTrue(Exit.isFailure(exit));
      const error = yield* Effect.flip(Effect.scoped(holdDaemonLock(file)));
      assert.strictEqual(error._tag, "StorageError");
      assert.include(error.message, "daemon.lock can't be taken");
      const nowhere = yield* Effect.flip(Effect.scoped(holdDaemonLock(join(file, "below", "a-file"))));
      assert.strictEqual(nowhere._tag, "StorageError");
    }).pipe(Effect.scoped),
  );
});
