import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert, describe, it } from "@effect/vitest";
import { Effect, Exit, Fiber } from "effect";
import { environment, Processes, type ProcessSpec } from "../../../daemon/platform/Processes.ts";
import { eventually, isAlive } from "../../support/processes.ts";
import { tempFolder } from "../../support/tempFolder.ts";

const node = process.execPath;

/** Runs a piece of JavaScript as the program. */
const program = (script: string, ...args: ReadonlyArray<string>) => [node, "-e", script, ...args];

type Given = Partial<ProcessSpec<Error, never>> & { readonly argv: ReadonlyArray<string>; readonly cwd: string };

const runIt = (spec: Given) =>
  Effect.flatMap(Processes, (processes) =>
    processes.run({ env: environment(), marker: randomUUID(), ...spec } as ProcessSpec<Error, never>),
  ).pipe(Effect.provide(Processes.layer));

const inFolder = <A, E>(use: (folder: string) => Effect.Effect<A, E>) =>
  Effect.flatMap(tempFolder, use).pipe(Effect.scoped);

const fileOf = (path: string) => (existsSync(path) ? readFileSync(path, "utf8") : "");
/** The process ids in a file, once there are so many. */
const pidsIn = (path: string, count: number) =>
  eventually(() => {
    const pids = fileOf(path).split("\n").filter((line) => line !== "").map(Number);
    return pids.length >= count && pids;
  });

/** Writes its own process id to the file and starts a child in its group that does so too; both ignore SIGTERM. */
const stubborn = `
  const { appendFileSync } = require("node:fs");
  const { spawn } = require("node:child_process");
  process.on("SIGTERM", () => {});
  appendFileSync(process.argv[1], process.pid + "\\n");
  if (process.argv[2] !== "child") spawn(process.execPath, ["-e", process._eval, process.argv[1], "child"], { stdio: "inherit" });
  setInterval(() => {}, 1000);
`;
const stubbornIn = (folder: string) => ({
  argv: program(stubborn, join(folder, "pids")),
  cwd: folder,
});

describe("Processes", () => {
  it.live("hands on input and output, and answers how the program ended", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        const chunks: Array<Buffer> = [];
        const result = yield* runIt({
          argv: program(
            `process.stdout.write(require("node:fs").readFileSync(0)); console.error(process.cwd()); process.exitCode = 7;`,
          ),
          cwd: folder,
          stdin: "Grüße\n",
          onOutput: (chunk) => chunks.push(chunk),
        });
        assert.deepStrictEqual([result.exitCode, result.signal, result.timedOut], [7, null, false]);
        assert.include(result.tail, "Grüße\n");
        assert.include(result.tail, folder);
        assert.strictEqual(Buffer.concat(chunks).toString("utf8"), result.tail);
      }),
    ),
  );

  it.live("gives standard input that can be opened by name and ends at once when there is none", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        const argv = program(`console.log(require("node:fs").readFileSync("/dev/stdin", "utf8").length)`);
        const given = yield* runIt({ argv, cwd: folder, stdin: "prompt" });
        assert.strictEqual(given.tail, "6\n");
        const none = yield* runIt({ argv, cwd: folder });
        assert.strictEqual(none.tail, "0\n");
      }),
    ),
  );

  it.live("shows the program its own environment and nothing of the shim's", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        const { tail } = yield* runIt({
          argv: program(
            `console.log(JSON.stringify({ env: process.env, fds: require("node:fs").readdirSync("/proc/self/fd").map((fd) => {
              try { return require("node:fs").readlinkSync("/proc/self/fd/" + fd) } catch { return "" } }).filter((to) => to.startsWith("socket:")) }))`,
          ),
          cwd: folder,
          env: { ONLY: "this" },
          marker: "m1",
        });
        const { env, fds } = JSON.parse(tail);
        assert.deepStrictEqual(env, { ONLY: "this", OCVIBE_MARKER: "m1" });
        // Output and errors. With the shim's own pipes a program could forge a report of its end.
        assert.isAtMost(fds.length, 2);
      }),
    ),
  );

  it.live("answers the signal that a program died of", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        const result = yield* runIt({ argv: program(`process.kill(process.pid, "SIGKILL")`), cwd: folder });
        assert.deepStrictEqual([result.exitCode, result.signal], [null, "SIGKILL"]);
      }),
    ),
  );

  it.live("says which command could not be started and why", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        const plain = join(folder, "plain.txt");
        writeFileSync(plain, "no program");
        chmodSync(plain, 0o644);
        const cases: ReadonlyArray<readonly [ReadonlyArray<string>, string, RegExp]> = [
          [["no-such-program-anywhere"], folder, /"no-such-program-anywhere".*not found on the PATH/],
          [["./missing"], folder, /"\.\/missing".*does not exist/],
          [[plain], folder, /plain\.txt".*not executable/],
          [[`${plain}/below`], folder, /leads through a file/],
          [[node, "-e", "0"], join(folder, "gone"), /folder .*gone.* does not exist/],
          [[node, "x".repeat(3_000_000)], folder, /too long/],
          [[""], folder, /names no program/],
        ];
        for (const [argv, cwd, sentence] of cases) {
          const error = yield* Effect.flip(runIt({ argv, cwd }));
          assert.match(error.message, sentence);
        }
      }),
    ),
  );

  it.live("ends the whole group when it is interrupted, a program that ignores SIGTERM included", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.forkChild(runIt(stubbornIn(folder)));
        const pids = yield* pidsIn(join(folder, "pids"), 2);
        yield* Fiber.interrupt(fiber);
        assert.deepStrictEqual(pids.filter(isAlive), []);
      }),
    ),
  );

  it.live("ends the whole group at its time limit", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        const result = yield* runIt({ ...stubbornIn(folder), timeoutMs: 1000 });
        assert.deepStrictEqual([result.exitCode, result.timedOut], [null, true]);
        const pids = yield* pidsIn(join(folder, "pids"), 1);
        assert.deepStrictEqual(pids.filter(isAlive), []);
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
        const fiber = yield* Effect.forkChild(runIt({ argv: program(script), cwd: folder }));
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
        const { exitCode, tail } = yield* runIt({ argv: program(script), cwd: folder });
        assert.strictEqual(exitCode, 0);
        const pids = tail.trim().split("\n").map(Number);
        assert.lengthOf(pids, 2);
        assert.deepStrictEqual(pids.filter(isAlive), []);
      }),
    ),
  );

  it.live("keeps the end of a flood of output and hands on all of it", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        const script = `
          const chunk = Buffer.alloc(1024 * 1024, "x");
          for (let i = 0; i < 200; i++) require("node:fs").writeSync(1, chunk);
          require("node:fs").writeSync(1, "the end");`;
        let bytes = 0;
        const result = yield* runIt({
          argv: program(script),
          cwd: folder,
          onOutput: (chunk) => {
            bytes += chunk.length;
          },
        });
        assert.strictEqual(result.exitCode, 0);
        assert.strictEqual(bytes, 200 * 1024 * 1024 + "the end".length);
        assert.lengthOf(result.tail, 16 * 1024);
        assert.match(result.tail, /xthe end$/);
      }),
    ),
  );

  it.live("does not mind a program that never reads a long input", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        const argv = program(`require("node:fs").closeSync(0)`);
        const result = yield* runIt({ argv, cwd: folder, stdin: "x".repeat(10_000_000) });
        assert.strictEqual(result.exitCode, 0);
      }),
    ),
  );

  it.live("takes secrets out of all that a program prints", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        const script = `
          const { writeSync } = require("node:fs");
          writeSync(1, "a s3cr");
          setTimeout(() => { writeSync(1, "et-t0ken b s3cr"); writeSync(2, "s3cret-t0ken") }, 200);`;
        let seen = "";
        const { tail } = yield* runIt({
          argv: program(script),
          cwd: folder,
          secrets: ["s3cret-t0ken"],
          onStdout: (chunk) => {
            seen += chunk.toString("utf8");
          },
        });
        assert.strictEqual(seen, "a [redacted] b s3cr");
        assert.notInclude(tail, "s3cret-t0ken");
        assert.strictEqual(tail.split("[redacted]").length, 3);
      }),
    ),
  );

  it.live("tells the process id of the program, and ends it when that news can't be kept", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        let pid = 0;
        const exit = yield* Effect.exit(
          runIt({
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
        const fiber = yield* Effect.forkChild(runIt(stubbornIn(folder)));
        const pids = yield* pidsIn(join(folder, "pids"), 2);
        const stat = readFileSync(`/proc/${pids[0]}/stat`, "utf8");
        process.kill(Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]), "SIGKILL");
        const exit = yield* Fiber.await(fiber);
        assert.isTrue(Exit.isFailure(exit));
        assert.deepStrictEqual(pids.filter(isAlive), []);
      }),
    ),
  );

  it.live("leaves nothing of the group when the daemon is killed", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        const order = { argv: program(stubborn, join(folder, "pids")), cwd: folder, marker: randomUUID() };
        const daemon: ChildProcess = spawn(
          node,
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

describe("environment", () => {
  it("lets through what a program needs to run, and none of our own secrets", () => {
    process.env["OCVIBE_AGENT_TOKEN"] = "secret";
    process.env["NPM_TOKEN"] = "secret";
    try {
      const env = environment();
      assert.notInclude(Object.values(env), "secret");
      assert.strictEqual(env["HOME"], process.env["HOME"]);
      assert.strictEqual(env["PATH"]?.split(":")[0], join(node, ".."));
    } finally {
      delete process.env["OCVIBE_AGENT_TOKEN"];
      delete process.env["NPM_TOKEN"];
    }
  });
});
