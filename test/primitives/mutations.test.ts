/**
 * The tests can fail: in a copy of the sources one mechanism after the other is broken, and the test that protects it
 * must notice. The quick tier breaks one, chosen by a seed that is printed; the full tier breaks them all.
 */
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, assert, beforeAll, describe, it } from "vitest";
import { moreMutations } from "./moreMutations.ts";
import { mutations } from "./mutations.ts";

const root = join(import.meta.dirname, "..", "..");
let copy: string;
beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), "ocvibe-mutants-"));
  for (const part of ["daemon", "shared", "test", "scripts", "package.json", "vitest.config.ts"])
    cpSync(join(root, part), join(copy, part), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
const runTests = (files: ReadonlyArray<string>, tier: "quick" | "full" = "quick") =>
  run(tier, vitest, "run", "--bail=1", "--testTimeout=20000", ...files);
const build = () => run("quick", join(copy, "scripts", "build.ts"), "--test");

const run = (tier: "quick" | "full", program: string, ...args: ReadonlyArray<string>) =>
  new Promise<{ readonly code: number | null; readonly output: string }>((resolve, reject) => {
    const env = { ...process.env, OCVIBE_TEST_TIER: tier, OCVIBE_TEST_SUITE: "", NO_COLOR: "1" };
    const child = spawn(process.execPath, [program, ...args], { cwd: copy, env });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk) => {
        output += chunk;
      });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output }));
  });

const full = process.env.OCVIBE_TEST_TIER === "full";
const seed = Number(process.env.OCVIBE_TEST_SEED ?? Date.now() % 1_000_000);
const all = [...mutations, ...moreMutations];
const cheap = all.filter(({ built, thorough }) => built !== true && thorough !== true);
const chosen = full ? all : [cheap[seed % cheap.length]!];

describe(`of ${all.length} mechanisms, broken on purpose`, () => {
  it.runIf(full)("unbroken, the copy passes", { timeout: 600_000 }, async () => {
    const made = await build();
    assert.strictEqual(made.code, 0, made.output.slice(-2000));
    const { code, output } = await runTests([...new Set(all.flatMap(({ tests }) => tests))]);
    assert.strictEqual(code, 0, output.slice(-4000));
  });

  it.each(chosen.map((mutation) => [mutation.what, mutation] as const))(
    "%s",
    { timeout: 300_000 },
    async (_, { file, from, to, tests, built, thorough }) => {
      const place = join(copy, file);
      const source = readFileSync(place, "utf8");
      assert.strictEqual(source.split(from).length, 2, `${file} has this once: ${from}`);
      writeFileSync(
        place,
        source.replace(from, () => to),
      );
      try {
        if (built === true) {
          const made = await build();
          assert.strictEqual(made.code, 0, made.output.slice(-2000));
        }
        const { code, output } = await runTests(tests, thorough === true ? "full" : "quick");
        assert.notStrictEqual(code, 0, `no test noticed:\n${output.slice(-2000)}`);
        assert.match(output, /Failed Tests \d/, `it failed before any test did:\n${output.slice(-2000)}`);
      } finally {
        writeFileSync(place, source);
      }
    },
  );
});
