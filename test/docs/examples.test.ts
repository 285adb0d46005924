/**
 * The examples in the documentation run, and survive being killed after each of their statements: the next run on the
 * same store comes to the same end.
 */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, assert, beforeAll, describe, it } from "vitest";
import { pastBarrels } from "../../scripts/pastBarrels.ts";
import { collectStore } from "../support/collectStore.ts";
import { programs } from "../support/sandbox.ts";
import { examplesOf, programOf } from "./example.ts";

const full = process.env.OCVIBE_TEST_TIER === "full";
const seed = Number(process.env.OCVIBE_TEST_SEED ?? Math.floor(Math.random() * 2));
const root = join(import.meta.dirname, "..", "..");
const docs = join(root, "docs");
const folder = mkdtempSync(join(tmpdir(), "ocvibe-docs-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The primitives, and leases: each has a page with an example. */
const wanted = ["event-store", "lock", "mailbox", "cursor", "deferred", "reservations"];

const run = (program: string, store: string, killAfter?: number) =>
  new Promise<{ readonly signal: string | null; readonly code: number | null; readonly stderr: string }>(
    (resolve, reject) => {
      const env = { ...process.env, OCVIBE_EXAMPLE_KILL: String(killAfter ?? "") };
      const child = spawn(process.execPath, [program, store], { env, stdio: ["ignore", "ignore", "pipe"] });
      let stderr = "";
      child.stderr.on("data", (chunk) => {
        stderr += chunk;
      });
      child.on("error", reject);
      child.on("close", (code, signal) => resolve({ code, signal, stderr }));
    },
  );

const examples = readdirSync(docs)
  .filter((name) => name.endsWith(".md"))
  .flatMap((name) => examplesOf(name.slice(0, -3), readFileSync(join(docs, name), "utf8")));

describe("the documentation", () => {
  it("has an example for each primitive", () => {
    assert.includeMembers(
      examples.map(({ page }) => page),
      wanted,
    );
  });
});

describe.each(examples.map((example) => [example.page, example] as const))(
  `the example of %s.md (seed ${seed})`,
  (_, example) => {
    // Beside the built programs, as the store's thread is one of them.
    const program = join(programs, `example-${example.page}.js`);
    const lines = example.statements.map((_, index) => index + 1);

    beforeAll(async () => {
      await build({
        stdin: { contents: programOf(example), resolveDir: root, loader: "ts" },
        outfile: program,
        bundle: true,
        format: "esm",
        platform: "node",
        // What is loaded at each of many starts should be little.
        plugins: [pastBarrels],
        external: ["libsql", "@libsql/client"],
        define: { OCVIBE_TEST_BUILD: "true", OCVIBE_BUNDLED: "true" },
      });
    });
    afterAll(() => rmSync(program, { force: true }));

    it("has a word for each line at which it may be killed", () => {
      assert.deepStrictEqual(example.told, lines);
    });

    it("comes to its end, killed after each line or not", { timeout: 120_000 }, async () => {
      // In the quick tier one store is killed after every other line in turn, in the full one after every line, and
      // each line has a store of its own too.
      const all = [lines, ...lines.map((line) => [line])];
      const sample = [lines.filter((line) => line % 2 === seed % 2)];
      for (const [index, kills] of (full ? all : sample).entries()) {
        const place = join(folder, `${example.page}-${index}`);
        mkdirSync(place);
        const store = join(place, "store.db");
        for (const line of kills) {
          const killed = await run(program, store, line);
          assert.strictEqual(killed.signal, "SIGKILL", `line ${line}: ${killed.stderr}`);
        }
        const last = await run(program, store);
        assert.strictEqual(last.code, 0, last.stderr);
        // Once more: what is done is done.
        const again = await run(program, store);
        assert.strictEqual(again.code, 0, again.stderr);
        collectStore(store);
      }
    });
  },
);
