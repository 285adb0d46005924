import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { assert, describe, it } from "@effect/vitest";
import { Effect, Exit, Fiber } from "effect";
import { eventually, isAlive } from "../../support/processes.ts";
import { inFolder, program, runProgram } from "./runProgram.ts";

const fileOf = (path: string) => (existsSync(path) ? readFileSync(path, "utf8") : "");
/** The process ids in a file, once there are so many. */
const pidsIn = (path: string, count: number) =>
  eventually(() => {
    const pids = fileOf(path)
      .split("\n")
      .filter((line) => line !== "")
      .map(Number);
    return pids.length >= count && pids;
  });

/** A process that was killed may take a moment to die; one that was not stays. */
const allGone = (pids: ReadonlyArray<number>) =>
  Effect.map(
    eventually(() => !pids.some(isAlive)),
    () => assert.deepStrictEqual(pids.filter(isAlive), []),
  );

/**
 * Writes its own process id to the file and starts a child in its group, without the marker, that does so
 * too; both ignore SIGTERM.
 */
const stubborn = `
  const { appendFileSync } = require("node:fs");
  const { spawn } = require("node:child_process");
  process.on("SIGTERM", () => {});
  appendFileSync(process.argv[1], process.pid + "\\n");
  if (process.argv[2] !== "child") spawn(process.execPath, ["-e", process._eval, process.argv[1], "child"], { stdio: "inherit", env: {} });
  setInterval(() => {}, 1000);
`;
const stubbornIn = (folder: string) => ({
  argv: program(stubborn, join(folder, "pids")),
  cwd: folder,
});

describe("Processes, when something ends", () => {
  it.live("ends the whole group when it is interrupted, a program that ignores SIGTERM included", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.forkChild(runProgram(stubbornIn(folder)));
        const pids = yield* pidsIn(join(folder, "pids"), 2);
        yield* Fiber.interrupt(fiber);
        yield* allGone(pids);
      }),
    ),
  );

  it.live("ends the whole group at its time limit", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        const pids: Array<number> = [];
        const result = yield* runProgram({
          ...stubbornIn(folder),
          timeoutMs: 100,
          // The limit counts from here; both are there by now.
          onStarted: () => Effect.map(pidsIn(join(folder, "pids"), 2), (found) => void pids.push(...found)),
        });
        assert.deepStrictEqual([result.exitCode, result.timedOut], [null, true]);
        assert.lengthOf(pids, 2);
        yield* allGone(pids);
      }),
    ),
  );

  it.live("asks first: a program may tidy up on SIGTERM", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        const script = `
          const { writeFileSync } = require("node:fs");
          process.on("SIGTERM", () => { writeFileSync("tidy", ""); process.exit(0); });
          setInterval(() => {}, 1000);
          writeFileSync("ready", "");`;
        const fiber = yield* Effect.forkChild(runProgram({ argv: program(script), cwd: folder }));
        yield* eventually(() => existsSync(join(folder, "ready")));
        yield* Fiber.interrupt(fiber);
        assert.isTrue(existsSync(join(folder, "tidy")));
      }),
    ),
  );

  it.live("does not wait for, and ends, what stays behind in the group or in a session of its own", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        const script = `
          const { spawn } = require("node:child_process");
          const idle = ["-e", "console.log(process.pid); setInterval(() => {}, 1000)"];
          for (const detached of [false, true]) {
            const child = spawn(process.execPath, idle, { detached, stdio: ["ignore", "pipe", "inherit"] });
            child.stdout.once("data", (pid) => { process.stdout.write(pid); child.stdout.destroy(); child.unref(); });
          }`;
        const { exitCode, tail } = yield* runProgram({ argv: program(script), cwd: folder });
        assert.strictEqual(exitCode, 0);
        const pids = tail.trim().split("\n").map(Number);
        assert.lengthOf(pids, 2);
        yield* allGone(pids);
      }),
    ),
  );

  it.live("tells the process id of the program, and ends it when that news can't be kept", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        let pid = 0;
        const exit = yield* Effect.exit(
          runProgram({
            argv: program(`setInterval(() => {}, 1000)`),
            cwd: folder,
            onStarted: (started) => {
              pid = started;
              assert.isTrue(isAlive(pid));
              return Effect.fail(new Error("the store is full"));
            },
          }),
        );
        assert.isTrue(Exit.isFailure(exit));
        assert.isFalse(isAlive(pid));
      }),
    ),
  );

  it.live("fails, and leaves nothing, when the shim itself is killed", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.forkChild(runProgram(stubbornIn(folder)));
        const pids = yield* pidsIn(join(folder, "pids"), 2);
        const stat = readFileSync(`/proc/${pids[0]}/stat`, "utf8");
        process.kill(Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]), "SIGKILL");
        const exit = yield* Fiber.await(fiber);
        assert.isTrue(Exit.isFailure(exit));
        yield* allGone(pids);
      }),
    ),
  );

  it.live("leaves nothing of the group when the daemon is killed", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        const order = { argv: program(stubborn, join(folder, "pids")), cwd: folder, marker: randomUUID() };
        const daemon: ChildProcess = spawn(
          process.execPath,
          [join(import.meta.dirname, "daemonWithAgent.ts"), JSON.stringify(order)],
          { stdio: "ignore" },
        );
        const pids = yield* pidsIn(join(folder, "pids"), 2);
        assert.deepStrictEqual(pids.filter(isAlive), pids);
        daemon.kill("SIGKILL");
        yield* eventually(() => !pids.some(isAlive));
      }),
    ),
  );
});
