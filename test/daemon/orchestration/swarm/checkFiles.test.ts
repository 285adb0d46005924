import { assert, describe, it } from "@effect/vitest";
import {
  addedMarkers,
  canBearMarkers,
  isCheckFile,
  isTestFile,
} from "../../../../daemon/orchestration/swarm/checkFiles.ts";

describe("isCheckFile", () => {
  it("knows what checks are made of", () => {
    const checkFiles = [
      "tsconfig.json",
      "packages/a/tsconfig.build.json",
      "vitest.config.ts",
      "packages/a/jest.config.cjs",
      ".mocharc.yml",
      "ava.config.js",
      "playwright.config.ts",
      "karma.conf.js",
      "eslint.config.mjs",
      ".eslintrc",
      ".eslintrc.json",
      "biome.json",
      "biome.jsonc",
      ".prettierrc",
      ".oxlintrc.json",
      ".github/workflows/ci.yml",
      ".gitlab-ci.yml",
      ".ci/run",
      "Makefile",
      "justfile",
      ".hive/config.json",
      "pyproject.toml",
    ];
    for (const path of checkFiles) assert.isTrue(isCheckFile(path), path);
  });

  it("leaves the work itself alone", () => {
    const others = [
      "package.json",
      "package-lock.json",
      "pnpm-lock.yaml",
      "src/index.ts",
      "src/tsconfig.ts",
      "docs/vitest.config.md",
      "src/biome.ts",
      ".github/CODEOWNERS",
      ".hive/issues.jsonl",
      "src/Makefile.ts",
      "test/a.test.ts",
    ];
    for (const path of others) assert.isFalse(isCheckFile(path), path);
  });
});

describe("isTestFile", () => {
  it("goes by the usual names and folders", () => {
    const tests = [
      "test.js",
      "src/a.test.ts",
      "src/a.spec.mjs",
      "src/__tests__/a.ts",
      "test/helpers.ts",
      "pkg/tests/a.rs",
      "test_a.py",
      "a/b_test.go",
      "spec/a_spec.rb",
      "src/test/java/ATest.java",
    ];
    for (const path of tests) assert.isTrue(isTestFile(path), path);
    for (const path of [
      "src/index.ts",
      "src/latest.ts",
      "src/contest/a.ts",
      "src/testing.ts",
      "docs/test.md",
    ]) {
      assert.isFalse(isTestFile(path), path);
    }
  });
});

describe("addedMarkers", () => {
  const added = (after: string, { before = "", path = "test/a.test.ts" } = {}) =>
    addedMarkers(path, before, after);

  it("finds what keeps a test from running", () => {
    const lines = [
      `it.skip("a", f)`,
      `describe.only("a", f)`,
      `test.concurrent.skip("a", f)`,
      `it.effect.only("a", f)`,
      `describe.skip.each([])("a", f)`,
      `it.todo("a")`,
      `test.skipIf(true)("a", f)`,
      `test.fixme("a", f)`,
      `xit("a", f)`,
      `xdescribe("a", f)`,
      `fit("a", f)`,
      `it("a", { skip: true }, f)`,
      `it("a", { skip: "later" }, f)`,
      `it("a", { only: true }, f)`,
      `t.skip()`,
      `this.skip()`,
      `it\n  .skip("a", f)`,
    ];
    for (const line of lines) assert.lengthOf(added(line), 1, line);
    assert.lengthOf(added("@pytest.mark.skip\ndef test_a(): pass", { path: "test_a.py" }), 1);
    assert.lengthOf(added("\tt.Skip()", { path: "a_test.go" }), 1);
    assert.lengthOf(added("#[ignore]\nfn a() {}", { path: "src/lib.rs" }), 1);
    assert.lengthOf(added("// @ts-nocheck", { path: "src/index.ts" }), 1);
  });

  it("finds a marker that takes another's place", () => {
    const before = `it.skip("a", f)\nit("b", f)`;
    assert.deepStrictEqual(added(`it("a", f)\nit.skip("b", f)`, { before }), ["it.skip"]);
    assert.deepStrictEqual(added(`${before}\nit.skip("a", f)`, { before }), ["it.skip"]);
  });

  it("does not count one that was there, moved, indented or removed", () => {
    const before = `it.skip("a", f);\nit("b", f);`;
    for (const after of [
      before,
      `it("b", f);\nit.skip("a", f);`,
      `{\n  it.skip("a", f);\n}`,
      `it("b", f);`,
      "",
    ]) {
      assert.deepStrictEqual(added(after, { before }), [], after);
    }
  });

  it("takes ordinary code for what it is", () => {
    const lines = [
      `it("skips the first", f)`,
      `const only = list.filter((x) => x.only)`,
      `Stream.take(3)`,
      `{ todo: "buy milk", only: "these" }`,
      `split("a")`,
      `await fitInto(box)`,
      `exit(1)`,
    ];
    for (const line of lines) assert.deepStrictEqual(added(line), [], line);
    assert.deepStrictEqual(added(`it.skip("a", f)`, { path: "src/index.ts" }), []);
    assert.deepStrictEqual(added(`it.skip("a", f)`, { path: "docs/testing.md" }), []);
    assert.isFalse(canBearMarkers("docs/testing.md"));
  });
});
