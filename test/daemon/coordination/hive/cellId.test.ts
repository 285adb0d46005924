import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { assert, describe, it } from "vitest";
import { cellId, cellPrefix, childId, safeName } from "../../../../daemon/coordination/hive/cellId.ts";

describe("ids of cells", () => {
  it.each([
    ["opencode-vibe", "opencode"],
    ["My Project", "my-project"],
    ["supercalifragilistic", "supercalifra"],
    ["Übung", "u-bung"],
    ["日本", "cell"],
    ["", "cell"],
  ])("prefix of %s is %s", (folder, prefix) => {
    assert.strictEqual(cellPrefix(folder), prefix);
  });

  it("have four characters, and more as the hive grows", () => {
    const length = (count: number) => cellId("p", count, () => false).length - 2;
    assert.strictEqual(length(0), 4);
    assert.strictEqual(length(900), 4);
    assert.strictEqual(length(2000), 5);
    assert.match(
      cellId("p", 0, () => false),
      /^p-[0-9a-z]{4}$/,
    );
  });

  it("are never taken ones", () => {
    const id = cellId("p", 0, (one) => one.length < "p-123456".length);
    assert.strictEqual(id.length, "p-123456".length);
    const children = new Set(["p-1.1", "p-1.2"]);
    assert.strictEqual(
      childId("p-1", (one) => children.has(one)),
      "p-1.3",
    );
  });
});

describe("names of folders and branches", () => {
  it("are the id where it can stand", () => {
    for (const id of ["abc-1x2y", "abc-1x2y.1", "abc-1x2y.1.2"]) assert.strictEqual(safeName(id), id);
  });

  it("are good for git, safe as one component, and differ for different ids", () => {
    const nasty = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.string({ unit: fc.constantFrom(..."aA1.-_/\\: ~^@{é") }),
      fc.constantFrom(
        "..",
        ".",
        "con",
        "nul.txt",
        "x.lock",
        "-d",
        "a..b",
        "a/b",
        "HEAD",
        "",
        "x".repeat(300),
      ),
    );
    const seen = new Map<string, string>();
    fc.assert(
      fc.property(nasty, (id) => {
        const name = safeName(id);
        assert.match(name, /^[a-z0-9][a-z0-9._-]*$/);
        assert.isAtMost(name.length, 64);
        assert.notMatch(name, /\.\.|\.$|\.lock$|^(con|nul)(\.|$)/);
        assert.strictEqual(seen.get(name) ?? id, id);
        seen.set(name, id);
      }),
      { numRuns: 2000 },
    );
    for (const name of [...seen.keys()].slice(0, 20)) {
      execFileSync("git", ["check-ref-format", `refs/heads/swarm/${name}`]);
    }
  });
});
