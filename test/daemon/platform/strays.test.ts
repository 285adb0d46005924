import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import { killStrays } from "../../../daemon/platform/strays.ts";
import { eventually, isAlive } from "../../support/processes.ts";
import { tempFolder } from "../../support/tempFolder.ts";

const idle = (marker: string) =>
  Effect.acquireRelease(
    Effect.promise(
      () =>
        new Promise<ChildProcess>((resolve) => {
          const child = spawn(process.execPath, ["-e", "console.log(1); setInterval(() => {}, 1000)"], {
            detached: true,
            env: { OCVIBE_MARKER: marker },
            stdio: ["ignore", "pipe", "ignore"],
          });
          child.stdout.once("data", () => resolve(child));
        }),
    ),
    (child) => Effect.sync(() => child.kill("SIGKILL")),
  );

describe("killStrays", () => {
  it.live("ends every process with the marker, however it is called, and no other", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const marker = randomUUID();
        const strays = [yield* idle(marker), yield* idle(marker)];
        const other = yield* idle(`${marker}0`);
        assert.strictEqual(yield* killStrays(marker), 2);
        yield* eventually(() => strays.every((child) => child.signalCode === "SIGKILL"));
        assert.isTrue(isAlive(other.pid ?? 0));
        assert.strictEqual(yield* killStrays(marker), 0);
      }),
    ),
  );

  it.live("ends what left the group of an agent whose daemon was killed", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const folder = yield* tempFolder;
        const marker = randomUUID();
        const script = `
          const idle = ["-e", "setInterval(() => {}, 1000)"];
          const child = require("node:child_process").spawn(process.execPath, idle, { detached: true, stdio: "ignore" });
          console.log(child.pid);
          setInterval(() => {}, 1000);`;
        const order = { argv: [process.execPath, "-e", script], cwd: folder, marker };
        const daemon = spawn(
          process.execPath,
          [join(import.meta.dirname, "daemonWithAgent.ts"), JSON.stringify(order)],
          { stdio: ["ignore", "pipe", "inherit"] },
        );
        const stray = yield* Effect.promise(
          () => new Promise<number>((resolve) => daemon.stdout.once("data", (pid) => resolve(Number(pid)))),
        );
        daemon.kill("SIGKILL");
        yield* eventually(() => daemon.signalCode !== null);
        assert.isTrue(isAlive(stray));
        assert.isAtLeast(yield* killStrays(marker), 1);
        yield* eventually(() => !isAlive(stray));
      }),
    ),
  );
});
