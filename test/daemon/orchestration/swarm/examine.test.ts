import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import { examine } from "../../../../daemon/orchestration/swarm/examine.ts";
import type { OpenProject } from "../../../../daemon/orchestration/swarm/Projects.ts";
import { inspect } from "../../../../daemon/orchestration/swarm/UserRepository.ts";
import { openWorkshop } from "../../../../daemon/orchestration/swarm/Workshop.ts";
import { Git } from "../../../../daemon/platform/Git.ts";
import { tempFolder } from "../../../support/tempFolder.ts";

const base: Readonly<Record<string, string>> = {
  "package.json": JSON.stringify({ scripts: { test: "vitest" }, dependencies: { a: "1" } }),
  "src/a.ts": "export const a = 1;\n",
  "src/b.ts": "export const b = 1;\n",
  "test/a.test.ts": `it("a", f);\nit("b", f);\n`,
  "verify.mjs": "process.exit(1);\n",
  "vitest.config.ts": "export {};\n",
};

/** Changes files in a repository, commits, and examines the difference under a lease. */
const examined = (files: ReadonlyArray<string>, change: (folder: string) => void) =>
  Effect.gen(function* () {
    const git = yield* Git;
    const folder = yield* tempFolder;
    const root = join(folder, "repository");
    for (const [path, text] of Object.entries(base)) put(root, path, text);
    const run = (...args: ReadonlyArray<string>) =>
      Effect.map(
        git.run(["-c", "user.name=t", "-c", "user.email=t@localhost", ...args], {
          cwd: root,
          isolated: true,
        }),
        ({ stdout }) => stdout.trim(),
      );
    const commit = Effect.gen(function* () {
      yield* run("add", "--all");
      yield* run("commit", "--quiet", "--allow-empty", "-m", "x");
      return yield* run("rev-parse", "HEAD");
    });
    yield* run("init", "--quiet");
    const before = yield* commit;
    const user = yield* inspect(root);
    const workshop = yield* openWorkshop(join(folder, "workshop.git"), user);
    change(root);
    const after = yield* commit;
    return yield* examine({
      project: { workshop, user } as unknown as OpenProject,
      base: before,
      tree: after,
      changes: yield* workshop.changes(before, after),
      files,
      checks: [{ name: "verify", argv: ["node", "./verify.mjs"], text: "node ./verify.mjs", hash: "" }],
    });
  }).pipe(Effect.provide(Git.layer), Effect.scoped);

const put = (root: string, path: string, text: string) => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
};
const edit = (root: string, path: string, change: (text: string) => string) =>
  put(root, path, change(readFileSync(join(root, path), "utf8")));

const paths = (findings: ReadonlyArray<{ readonly path?: string; readonly kind: string }>) =>
  findings.map(({ kind, path }) => `${kind} ${path}`);

describe("examine", () => {
  it.live("lets a change inside the lease pass", () =>
    Effect.gen(function* () {
      const found = yield* examined(["src/**", "test/*", "package.json"], (root) => {
        put(root, "src/a.ts", "export const a = 2;\n");
        put(root, "src/deep/new.ts", "");
        rmSync(join(root, "src/b.ts"));
        symlinkSync("../a.ts", join(root, "src/deep/link.ts"));
        edit(root, "test/a.test.ts", (text) => `${text}it("c", f);\n`);
        edit(root, "package.json", (text) => text.replace('"a":"1"', '"a":"2"'));
      });
      assert.deepStrictEqual(found, { refused: [], weakens: [] });
    }),
  );

  it.live("refuses each form of a change outside the lease, by name", () =>
    Effect.gen(function* () {
      const forms: ReadonlyArray<readonly [string, (root: string) => void, ReadonlyArray<string>]> = [
        ["changed", (root) => put(root, "src/b.ts", "other"), ["src/b.ts"]],
        ["added", (root) => put(root, "src/c.ts", ""), ["src/c.ts"]],
        ["deleted", (root) => rmSync(join(root, "src/b.ts")), ["src/b.ts"]],
        ["given another mode", (root) => chmodSync(join(root, "src/b.ts"), 0o755), ["src/b.ts"]],
        ["added", (root) => symlinkSync("a.ts", join(root, "src/l.ts")), ["src/l.ts"]],
        // A rename is both its names; from inside to outside it is the new one that is refused.
        ["added", (root) => renameSync(join(root, "src/a.ts"), join(root, "src/z.ts")), ["src/z.ts"]],
        ["deleted", (root) => renameSync(join(root, "src/b.ts"), join(root, "src/a.ts")), ["src/b.ts"]],
      ];
      for (const [verb, change, expected] of forms) {
        const { refused } = yield* examined(["src/a.ts"], change);
        assert.deepStrictEqual(
          paths(refused),
          expected.map((path) => `outside-lease ${path}`),
        );
        assert.include(
          refused[0]?.message,
          `${expected[0]} was ${verb}, and it is outside this subtask's files (src/a.ts)`,
        );
      }
    }),
  );

  it.live("refuses links that leave the repository", () =>
    Effect.gen(function* () {
      const leaving = [
        "/etc/passwd",
        "../../outside",
        "../..",
        "../.git/config",
        "deep/../../../x",
        "../src/../../x",
        "C:\\x",
      ];
      const staying = ["a.ts", "../package.json", "./deep/x", "../.github", ".."];
      const { refused } = yield* examined(["src/**"], (root) => {
        for (const [index, target] of leaving.entries())
          symlinkSync(target, join(root, `src/leaving${index}`));
        for (const [index, target] of staying.entries())
          symlinkSync(target, join(root, `src/staying${index}`));
      });
      assert.deepStrictEqual(
        refused.map(({ kind, path, message }) => [kind, path, /\((.*)\)/.exec(message)?.[1]]),
        leaving.map((target, index) => ["unsafe-entry", `src/leaving${index}`, target]),
      );
    }),
  );

  it.live("refuses a repository within the repository", () =>
    Effect.gen(function* () {
      const { refused } = yield* examined(["src/**"], (root) => {
        const nested = join(root, "src/nested");
        put(nested, ".git/HEAD", "ref: refs/heads/main\n");
        put(nested, ".git/refs/heads/main", "0123456789012345678901234567890123456789\n");
        mkdirSync(join(nested, ".git/objects"));
      });
      assert.deepStrictEqual(paths(refused), ["unsafe-entry src/nested"]);
    }),
  );

  it.live("holds what weakens the checks", () =>
    Effect.gen(function* () {
      const forms: ReadonlyArray<readonly [string, RegExp, (root: string) => void]> = [
        [
          "vitest.config.ts",
          /part of the checks/,
          (root) => put(root, "vitest.config.ts", "export default {};\n"),
        ],
        ["verify.mjs", /run by the checks/, (root) => put(root, "verify.mjs", "")],
        ["vitest.config.ts", /part of the checks/, (root) => rmSync(join(root, "vitest.config.ts"))],
        ["eslint.config.js", /part of the checks/, (root) => put(root, "eslint.config.js", "")],
        [
          "package.json",
          /scripts/,
          (root) => edit(root, "package.json", (text) => text.replace("vitest", "true")),
        ],
        ["package.json", /scripts/, (root) => put(root, "package.json", "{ broken")],
        ["package.json", /scripts/, (root) => rmSync(join(root, "package.json"))],
        ["test/a.test.ts", /deleted/, (root) => rmSync(join(root, "test/a.test.ts"))],
        [
          "test/a.test.ts",
          /deleted/,
          (root) => renameSync(join(root, "test/a.test.ts"), join(root, "src/old.ts")),
        ],
        [
          "test/a.test.ts",
          /"it\.skip"/,
          (root) => edit(root, "test/a.test.ts", (text) => text.replace("it(", "it.skip(")),
        ],
        ["src/a.ts", /@ts-nocheck/, (root) => edit(root, "src/a.ts", (text) => `// @ts-nocheck\n${text}`)],
        [
          "test/a.test.ts",
          /replaced by a link/,
          (root) => {
            rmSync(join(root, "test/a.test.ts"));
            symlinkSync("../src/a.ts", join(root, "test/a.test.ts"));
          },
        ],
      ];
      for (const [path, sentence, change] of forms) {
        const found = yield* examined(["**"], change);
        assert.deepStrictEqual(found.refused, []);
        assert.deepStrictEqual(paths(found.weakens), [`weakens-checks ${path}`]);
        assert.match(found.weakens[0]?.message ?? "", sentence);
      }
    }),
  );
});
