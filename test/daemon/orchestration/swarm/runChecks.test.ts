import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import { runChecks } from "../../../../daemon/orchestration/swarm/runChecks.ts";
import { Processes } from "../../../../daemon/platform/Processes.ts";
import { tempFolder } from "../../../support/tempFolder.ts";

const check = (name: string, ...argv: ReadonlyArray<string>) => ({ name, argv, text: "", hash: "" });
const script = (name: string, code: string) => check(name, "node", "-e", code);

describe("runChecks", () => {
  it.live("runs all of them, one after the other, and answers what each printed", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const folder = yield* tempFolder;
        const progress: Array<string> = [];
        const results = yield* runChecks({
          checks: [
            script("env", "console.log(process.env.CI, process.cwd())"),
            script("red", `console.error("the reason"); process.exitCode = 2`),
            check("gone", "./removed-by-the-change.sh"),
            script("killed", `process.kill(process.pid, "SIGKILL")`),
            script("after", ""),
          ],
          folder,
          marker: randomUUID(),
          progress: (line) => progress.push(line),
        });
        assert.deepStrictEqual(
          results.map(({ name, passed, exitCode }) => [name, passed, exitCode]),
          [
            ["env", true, 0],
            ["red", false, 2],
            ["gone", false, null],
            ["killed", false, null],
            ["after", true, 0],
          ],
        );
        assert.strictEqual(results[0]?.output, `1 ${folder}\n`);
        assert.strictEqual(results[1]?.output, "the reason\n");
        assert.match(
          results[2]?.output ?? "",
          /removed-by-the-change\.sh" could not be started: it does not exist/,
        );
        assert.lengthOf(progress, 5);
      }),
    ).pipe(Effect.provide(Processes.layer)),
  );

  it.live("leaves npm's own warnings out of what a script printed", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const folder = yield* tempFolder;
        writeFileSync(
          join(folder, "package.json"),
          JSON.stringify({ scripts: { test: "echo the reason && exit 1" } }),
        );
        // npm warns of a setting that it does not know.
        writeFileSync(join(folder, ".npmrc"), "no-such-setting=1\n");
        const [result] = yield* runChecks({
          checks: [check("test", "npm", "run", "test")],
          folder,
          marker: randomUUID(),
          progress: () => undefined,
        });
        assert.strictEqual(result?.exitCode, 1);
        assert.include(result?.output ?? "", "the reason\n");
        assert.notInclude(result?.output ?? "", "warn");
      }),
    ).pipe(Effect.provide(Processes.layer)),
  );
});
