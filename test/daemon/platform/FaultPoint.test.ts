import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { assert, describe, it } from "@effect/vitest";
import { build } from "esbuild";

const faultPoint = join(import.meta.dirname, "../../../daemon/platform/FaultPoint.ts");

/** A program that passes the points `a`, `b`, `a` and says so, built as users or as tests get it. */
const built = async (forTests: boolean) => {
  const { outputFiles } = await build({
    stdin: {
      contents: `
        import { Effect } from "effect";
        import { faultPoint } from ${JSON.stringify(faultPoint)};
        for (const name of ["a", "b", "a"]) {
          await Effect.runPromise(faultPoint(name));
          console.log(name);
        }`,
      resolveDir: import.meta.dirname,
      loader: "ts",
    },
    bundle: true,
    write: false,
    format: "esm",
    platform: "node",
    minifySyntax: true,
    define: { OCVIBE_TEST_BUILD: String(forTests) },
  });
  return outputFiles[0]?.text ?? "";
};

const run = (code: string, fault: string) => {
  const { signal, stdout } = spawnSync(process.execPath, ["--input-type=module", "-"], {
    input: code,
    env: { OCVIBE_FAULT: fault },
    encoding: "utf8",
  });
  return { signal, passed: stdout.split("\n").filter((line) => line !== "") };
};

describe("faultPoint", () => {
  it("kills the process at the point and passage asked for, in a build for tests", async () => {
    const code = await built(true);
    assert.deepStrictEqual(run(code, "b"), { signal: "SIGKILL", passed: ["a"] });
    assert.deepStrictEqual(run(code, "a:2"), { signal: "SIGKILL", passed: ["a", "b"] });
    assert.deepStrictEqual(run(code, "other"), { signal: null, passed: ["a", "b", "a"] });
  });

  it("is not in a build for users", async () => {
    const code = await built(false);
    assert.notInclude(code, "OCVIBE_FAULT");
    assert.deepStrictEqual(run(code, "a"), { signal: null, passed: ["a", "b", "a"] });
  });
});
