/** Drafts survive whatever ends the editor, and what else lies in their folder is left alone. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert, describe, it, onTestFinished } from "vitest";
import { type Draft, draftName, openDraftStore } from "../../../extension/plan/DraftStore.ts";

const draft = {
  kind: "plan",
  commonDir: "/r/.git",
  root: "/r",
  name: "a.vibe-plan.json",
  text: "{}",
} as const;

const tempFolder = () => {
  const folder = mkdtempSync(join(tmpdir(), "ocvibe-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

const open = async (folder: string) => {
  const changed: Array<string> = [];
  const store = await openDraftStore(folder, ({ id }: Draft) => changed.push(id));
  return { store, changed };
};

describe("DraftStore", () => {
  it("keeps drafts for the next one that opens the folder, in their order", async () => {
    const folder = join(tempFolder(), "plans");
    const { store } = await open(folder);
    const first = await store.create({ ...draft, task: "Tidy up" });
    const second = await store.create({ ...draft, text: "[]" });
    await store.write(first.id, '{"epic": 1}');
    const again = await open(folder);
    assert.deepStrictEqual(again.store.all(), store.all());
    assert.deepStrictEqual(
      again.store.all().map(({ id, text, original, task }) => [id, text, original, task]),
      [
        [first.id, '{"epic": 1}', "{}", "Tidy up"],
        [second.id, "[]", "[]", undefined],
      ],
    );
  });

  it("tells of each change, and forgets what was removed", async () => {
    const folder = tempFolder();
    const { store, changed } = await open(folder);
    const { id } = await store.create(draft);
    await store.write(id, "1");
    await store.remove(id);
    assert.deepStrictEqual(changed, [id, id, id]);
    assert.isUndefined(await store.write(id, "2"), "it is gone");
    assert.deepStrictEqual(readdirSync(folder), []);
  });

  it("of writes at once the last one stands, in memory and on disk", async () => {
    const folder = tempFolder();
    const { store } = await open(folder);
    const { id } = await store.create(draft);
    await Promise.all(Array.from({ length: 30 }, (_, index) => store.write(id, String(index))));
    assert.strictEqual(store.get(id)?.text, "29");
    assert.strictEqual(JSON.parse(readFileSync(join(folder, `${id}.json`), "utf8")).text, "29");
  });

  it("a draft's time grows with each write, also when the clock was set back: an editor sees another version", async () => {
    const folder = tempFolder();
    const made = await (await open(folder)).store.create(draft);
    const later = Date.now() + 3_600_000;
    writeFileSync(join(folder, `${made.id}.json`), JSON.stringify({ ...made, changedAt: later }));
    const { store } = await open(folder);
    const times = [later];
    for (const text of ["1", "2"]) times.push((await store.write(made.id, text))?.changedAt ?? 0);
    assert.deepStrictEqual(times, [later, later + 1, later + 2]);
  });

  it("passes over files that are no drafts, and leaves them", async () => {
    const folder = tempFolder();
    for (const [name, text] of [
      ["x.json", "{"],
      ["y.json", '{"id": "y"}'],
      ["z.txt", "z"],
      ["w.json.new", "{}"],
    ] as const)
      writeFileSync(join(folder, name), text);
    assert.deepStrictEqual((await open(folder)).store.all(), []);
    assert.lengthOf(readdirSync(folder), 4);
  });
});

describe("draftName", () => {
  it("says what the draft is about, as a file's name", () => {
    assert.strictEqual(draftName("plan", "Ready the release!"), "ready-the-release.vibe-plan.json");
    assert.strictEqual(draftName("plan", "../../$(x) / é"), "x-e.vibe-plan.json");
    assert.strictEqual(draftName("plan", "…"), "plan.vibe-plan.json");
    assert.strictEqual(draftName("task", ""), "task.vibe-task.md");
    assert.isBelow(draftName("plan", "long ".repeat(100)).length, 60);
  });
});
