import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import { eventually, isAlive } from "../../support/processes.ts";

const startShim = Effect.acquireRelease(
  Effect.sync(() =>
    spawn(process.execPath, [join(import.meta.dirname, "../../../daemon/platform/shim.ts")], {
      detached: true,
      stdio: ["pipe", "pipe", "inherit", "pipe", "pipe"],
    }),
  ),
  (shim) =>
    Effect.sync(() => {
      // End-of-file makes it end its group.
      (shim.stdio[3] as Writable).destroy();
    }),
);

/** Starts a child that stays in the group, prints its process id, and ends at the end of its own input. */
const leavesChild = `
  const child = require("node:child_process").spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  child.unref();
  console.log(child.pid);
  process.stdin.resume();`;

const order = (script: string) =>
  `${JSON.stringify({ argv: [process.execPath, "-e", script], cwd: process.cwd(), env: {} })}\n`;

describe("shim", () => {
  it.live("leaves nothing of its group when its last report reaches nobody", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const shim = yield* startShim;
        const printed: Array<string> = [];
        createInterface({ input: shim.stdout as Readable }).on("line", (line) => printed.push(line));
        (shim.stdio[3] as Writable).write(order(leavesChild));
        const child = Number(yield* eventually(() => printed[0]));
        // As when the daemon has died, and its end-of-file is not read yet.
        (shim.stdio[4] as Readable).destroy();
        (shim.stdin as Writable).end();
        yield* eventually(() => !isAlive(child));
        assert.isFalse(isAlive(child));
      }),
    ),
  );

  it.live("ends when the daemon is gone before it said what to run", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const shim = yield* startShim;
        (shim.stdio[3] as Writable).end(order(leavesChild).slice(0, 20));
        yield* eventually(() => shim.exitCode !== null || shim.signalCode !== null);
        assert.strictEqual(shim.signalCode, "SIGKILL");
      }),
    ),
  );
});
