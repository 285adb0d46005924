import { createHash } from "node:crypto";
import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import { discoverChecks } from "../../../../daemon/orchestration/swarm/discoverChecks.ts";

type Files = Readonly<Record<string, unknown>>;

const discover = (files: Files) =>
  discoverChecks(
    (path) => {
      const content = files[path];
      return Effect.succeed(
        content === undefined || typeof content === "string" ? content : JSON.stringify(content),
      );
    },
    (path) => path in files,
  );
const scripts = (bodies: Readonly<Record<string, unknown>>) => ({ "package.json": { scripts: bodies } });

describe("discoverChecks", () => {
  it.effect("takes the usual scripts in their order, with the bodies that run", () =>
    Effect.gen(function* () {
      const { checks, setup } = yield* discover(
        scripts({
          test: "vitest run",
          pretest: "echo first",
          posttest: "echo last",
          lint: "biome check .",
          build: "tsc",
        }),
      );
      assert.isUndefined(setup);
      assert.deepStrictEqual(
        checks.map(({ name, argv, text }) => ({ name, argv, text })),
        [
          {
            name: "lint",
            argv: ["npm", "run", "--silent", "lint"],
            text: "npm run --silent lint\nlint: biome check .",
          },
          {
            name: "test",
            argv: ["npm", "run", "--silent", "test"],
            text: "npm run --silent test\npretest: echo first\ntest: vitest run\nposttest: echo last",
          },
        ],
      );
      for (const { text, hash } of checks) {
        assert.strictEqual(hash, createHash("sha256").update(text).digest("hex"));
      }
    }),
  );

  it.effect("runs them with the package manager whose lock file is there", () =>
    Effect.gen(function* () {
      const locks = {
        "pnpm-lock.yaml": "pnpm",
        "yarn.lock": "yarn",
        "bun.lock": "bun",
        "package-lock.json": "npm",
      };
      for (const [lock, runner] of Object.entries(locks)) {
        const { checks } = yield* discover({ ...scripts({ test: "x" }), [lock]: "" });
        const silent = runner === "pnpm" || runner === "npm" ? ["--silent"] : [];
        assert.deepStrictEqual(checks[0]?.argv, [runner, "run", ...silent, "test"]);
      }
    }),
  );

  it.effect("finds nothing where there is nothing to run", () =>
    Effect.gen(function* () {
      const nothing: ReadonlyArray<Files> = [
        {},
        { "package.json": {} },
        scripts({ build: "tsc" }),
        scripts({ test: 'echo "Error: no test specified" && exit 1' }),
        { ...scripts({ test: "x" }), ".hive/config.json": { checks: [] } },
      ];
      for (const files of nothing) assert.deepStrictEqual((yield* discover(files)).checks, []);
    }),
  );

  it.effect("prefers the hive's configuration, as text or as arguments", () =>
    Effect.gen(function* () {
      const { checks, setup } = yield* discover({
        ...scripts({ test: "vitest", lint: "biome" }),
        ".hive/config.json": {
          checks: [" make  check ", ["sh", "-c", "exit 0"]],
          setup: "npm ci",
          id: "kept by others",
        },
      });
      assert.deepStrictEqual(
        checks.map(({ argv, text }) => ({ argv, text })),
        [
          { argv: ["make", "check"], text: "make check" },
          { argv: ["sh", "-c", "exit 0"], text: `sh -c "exit 0"` },
        ],
      );
      assert.deepStrictEqual(setup?.argv, ["npm", "ci"]);
    }),
  );

  it.effect("has every body that a command reaches in the text, so that a change of it asks again", () =>
    Effect.gen(function* () {
      const bodies = {
        test: "npm run unit && npm-run-all 'e2e'",
        unit: "npm run -s deep",
        deep: "vitest",
        e2e: "play",
      };
      const hashOf = (command: unknown, changed: Readonly<Record<string, string>> = {}) =>
        Effect.map(
          discover({ ...scripts({ ...bodies, ...changed }), ".hive/config.json": { checks: [command] } }),
          ({ checks }) => checks[0]?.hash,
        );
      const commands = [
        "npm test",
        "npm t",
        "npm run test",
        "npm run --silent test",
        "pnpm test",
        "yarn test",
        "node --run test",
      ];
      for (const command of commands) {
        const hash = yield* hashOf(command);
        for (const name of ["test", "unit", "deep", "e2e"]) {
          assert.notStrictEqual(yield* hashOf(command, { [name]: "other" }), hash, `${command}: ${name}`);
        }
        assert.strictEqual(yield* hashOf(command, { build: "other" }), hash);
      }
      assert.notStrictEqual(yield* hashOf(["a b"]), yield* hashOf(["a", "b"]));
      const circle = yield* discover(scripts({ test: "npm run lint", lint: "npm run test" }));
      assert.lengthOf(circle.checks, 2);
    }),
  );

  it.effect("refuses a configuration that it can't read, and names the file", () =>
    Effect.gen(function* () {
      const bad: ReadonlyArray<readonly [string, unknown]> = [
        [".hive/config.json", "{"],
        [".hive/config.json", { checks: "npm test" }],
        [".hive/config.json", { checks: [""] }],
        [".hive/config.json", { checks: ["  "] }],
        [".hive/config.json", { checks: [[]] }],
        [".hive/config.json", { checks: [["", "a"]] }],
        [".hive/config.json", { setup: 1 }],
        ["package.json", "not json"],
        ["package.json", { scripts: { test: 1 } }],
      ];
      for (const [file, content] of bad) {
        const error = yield* Effect.flip(discover({ [file]: content }));
        assert.strictEqual(error._tag, "InvalidInput");
        assert.include(error.message, `${file} at the base commit can't be used`, JSON.stringify(content));
      }
    }),
  );
});
