import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import { environment } from "../../../daemon/platform/Processes.ts";
import { inFolder, program, runProgram } from "./runProgram.ts";

const node = process.execPath;

describe("Processes", () => {
  it.live("hands on input and output, and answers how the program ended", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        const chunks: Array<Buffer> = [];
        const result = yield* runProgram({
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
        const given = yield* runProgram({ argv, cwd: folder, stdin: "prompt" });
        assert.strictEqual(given.tail, "6\n");
        const none = yield* runProgram({ argv, cwd: folder });
        assert.strictEqual(none.tail, "0\n");
      }),
    ),
  );

  it.live("shows the program its own environment and nothing of the shim's", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        const { tail } = yield* runProgram({
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
        const result = yield* runProgram({
          argv: program(`process.kill(process.pid, "SIGKILL")`),
          cwd: folder,
        });
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
          const error = yield* Effect.flip(runProgram({ argv, cwd }));
          assert.match(error.message, sentence);
        }
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
        const result = yield* runProgram({
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
        const result = yield* runProgram({ argv, cwd: folder, stdin: "x".repeat(10_000_000) });
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
        const { tail } = yield* runProgram({
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
});

describe("environment", () => {
  it("lets through what a program needs to run, and none of our own secrets", () => {
    process.env.OCVIBE_AGENT_TOKEN = "secret";
    process.env.NPM_TOKEN = "secret";
    try {
      const env = environment();
      assert.notInclude(Object.values(env), "secret");
      assert.strictEqual(env.HOME, process.env.HOME);
      assert.strictEqual(env.PATH?.split(":")[0], join(node, ".."));
    } finally {
      delete process.env.OCVIBE_AGENT_TOKEN;
      delete process.env.NPM_TOKEN;
    }
  });
});
