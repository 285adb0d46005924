/** What is offered while a plan is typed: a `|` stands for the cursor. */
import { assert, describe, it } from "vitest";
import { completePlan, type FolderEntry } from "../../../extension/plan/completePlan.ts";

const folders: Readonly<Record<string, ReadonlyArray<FolderEntry>>> = {
  "": [
    { name: "src", isFolder: true },
    { name: ".git", isFolder: true },
    { name: "READ ME.md", isFolder: false },
  ],
  src: [
    { name: "a.ts", isFolder: false },
    { name: 'say "hi".ts', isFolder: false },
    { name: "deep", isFolder: true },
  ],
};

const complete = async (withCursor: string) => {
  const offset = withCursor.indexOf("|");
  const text = withCursor.replace("|", "");
  const asked: Array<string> = [];
  const found = await completePlan(text, offset, async (folder) => {
    asked.push(folder);
    return folders[folder] ?? [];
  });
  const accept = (label: string) => {
    const item = found?.items.find((one) => one.label === label);
    assert.isDefined(item, `${label} is offered`);
    assert.isDefined(found);
    return text.slice(0, found.offset) + item.insert + text.slice(found.offset + found.length);
  };
  return { labels: found?.items.map(({ label }) => label), accept, asked };
};

const inFiles = (files: string) => `{"subtasks": [{"title": "One"}, {"title": "Two", "files": [${files}]}]}`;

describe("completePlan", () => {
  it("offers what is in the repository's root, but git's own folder", async () => {
    const { labels, accept } = await complete(inFiles('"|"'));
    assert.deepStrictEqual(labels, ["src/", "src/**", "READ ME.md"]);
    assert.strictEqual(accept("src/**"), inFiles('"src/**"'));
  });

  it("goes on in the folder that was typed, and reads no other", async () => {
    const { labels, accept, asked } = await complete(inFiles('"b.ts", "src/de|"'));
    assert.deepStrictEqual(asked, ["src"]);
    assert.deepStrictEqual(labels, ["src/a.ts", 'src/say "hi".ts', "src/deep/", "src/deep/**"]);
    assert.strictEqual(accept("src/deep/"), inFiles('"b.ts", "src/deep/"'));
  });

  it("writes names as JSON, and replaces the rest of the string", async () => {
    const { accept } = await complete(inFiles('"src/|old.ts"'));
    assert.deepStrictEqual(JSON.parse(accept('src/say "hi".ts')).subtasks[1].files, ['src/say "hi".ts']);
  });

  it("brings the quotes where there are none", async () => {
    const { accept } = await complete(inFiles("|"));
    assert.strictEqual(accept("READ ME.md"), inFiles('"READ ME.md"'));
  });

  it("a string that is not closed yet keeps what comes after it", async () => {
    const { accept } = await complete('{"subtasks": [{"files": ["src/|\n], "title": "t"}]}');
    assert.strictEqual(accept("src/a.ts"), '{"subtasks": [{"files": ["src/a.ts\n], "title": "t"}]}');
  });

  it("looks into no pattern, and never out of the repository", async () => {
    for (const typed of ['"src/*/|"', '"{a,b}/|"', '"../|"', '"src/../../|"']) {
      const { labels, asked } = await complete(inFiles(typed));
      assert.deepStrictEqual([labels, asked], [[], []], typed);
    }
  });

  it("offers the other subtasks as dependencies", async () => {
    const text =
      '{"subtasks": [{"title": "One"}, {"title": "Two", "dependencies": [|]}, {"title": "Three"}]}';
    const { labels, accept } = await complete(text);
    assert.deepStrictEqual(labels, ["0", "2"]);
    assert.deepStrictEqual(JSON.parse(accept("2")).subtasks[1].dependencies, [2]);
  });

  it("has nothing to say elsewhere", async () => {
    for (const text of [
      '{"epic": {"title": "|"}}',
      '{"files": ["|"]}',
      "|",
      '{"subtasks": {"files": ["|"]}}',
    ])
      assert.isUndefined((await complete(text)).labels, text);
  });
});
