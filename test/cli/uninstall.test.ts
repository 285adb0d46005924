/** `ocvibe uninstall`: exactly what was listed goes, nothing of the user's does, and no work that has not landed. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, assert, beforeAll, describe, it } from "vitest";
import { socketPath } from "../../shared/client/dataFolder.ts";
import { fingerprint, Sandbox } from "../support/sandbox.ts";
import { runSwarm, scriptAgent } from "../support/swarms.ts";

let box: Sandbox;
beforeAll(() => {
  box = new Sandbox();
  box.commit({ "src/a.js": "1\n", "src/b.js": "1\n" });
});
afterAll(async () => {
  assert.deepStrictEqual(await box.end(), [], "processes were left behind");
});

const uninstall = (...args: ReadonlyArray<string>) => box.cli(["uninstall", ...args]);
const refs = () => box.git("for-each-ref", "--format=%(refname)", "refs/vibe/");

describe("ocvibe uninstall", () => {
  it("lists, stops before work that has not landed, and then removes exactly what it listed", async () => {
    const agent = scriptAgent(box, `write("src/a.js", "2\\n");`);
    await box.startDaemon();
    const client = await box.client();
    const ready = await runSwarm(client, box.repo, [{ files: ["src/a.js"], agent }]);
    assert.strictEqual(ready.status, "ready");
    assert.include(refs(), `refs/vibe/${ready.epic}/`);
    const record = join(box.repo, ".git", "vibe");
    assert.isTrue(existsSync(join(record, "project.json")));
    writeFileSync(join(box.home, "notes.txt"), "mine");
    writeFileSync(join(record, "notes.txt"), "mine");
    const before = fingerprint(box.repo);

    const listed = await uninstall();
    assert.strictEqual(listed.code, 0, listed.stderr);
    assert.include(listed.stdout, "Nothing was removed; --yes removes it.");
    assert.include(listed.stdout, `Not landed: ${ready.epic}`);
    assert.include(listed.stdout, `${join(box.home, "notes.txt")} is not ours.`);
    const { items, unlanded } = JSON.parse((await uninstall("--json")).stdout);
    const paths: ReadonlyArray<string> = items.map(({ path }: { path: string }) => path);
    assert.includeMembers([...paths], [record, join(box.home, "store.db"), join(box.home, "projects")]);
    assert.includeMembers([...paths], refs().split("\n"));
    assert.deepStrictEqual(
      unlanded.map(({ id, status }: { id: string; status: string }) => [id, status]),
      [[ready.epic, "ready"]],
    );

    const refused = await uninstall("--yes");
    assert.strictEqual(refused.code, 1);
    assert.include(refused.stderr, ready.epic);
    const other = await uninstall("--yes", "--discard", "another");
    assert.strictEqual(other.code, 1, "only what is named is lost");
    assert.isTrue(existsSync(join(record, "project.json")));
    assert.include(refs(), ready.epic);
    assert.isDefined(box.daemonPid(), "the daemon goes on");

    const socket = socketPath(box.home);
    const done = await uninstall("--yes", "--discard", ready.epic);
    assert.strictEqual(done.code, 0, done.stderr);
    assert.isUndefined(box.daemonPid());
    assert.strictEqual(refs(), "");
    assert.deepStrictEqual(readdirSync(record), ["notes.txt"], "what is not ours stays");
    assert.deepStrictEqual(readdirSync(box.home), ["notes.txt"]);
    assert.isFalse(existsSync(socket));
    assert.strictEqual(fingerprint(box.repo), before, "nothing of the user's was touched");

    const again = await uninstall("--yes");
    assert.include(again.stdout, "Nothing of OpenCode Vibe is on this machine.");
    assert.isUndefined(box.daemonPid(), "no daemon was started for it");
  });

  it("removes the folders too when nothing else is in them; landed work stays", async () => {
    const agent = scriptAgent(box, `write("src/b.js", "2\\n");`);
    await box.startDaemon();
    const client = await box.client();
    const ready = await runSwarm(client, box.repo, [{ files: ["src/b.js"], agent }]);
    const commit = ready.head ?? "";
    await client.swarm.land({ project: box.repo, epic: ready.epic, commit, unchecked: true });
    const left = await uninstall("--yes");
    assert.strictEqual(left.code, 0, left.stderr);
    assert.strictEqual(readFileSync(join(box.repo, "src/b.js"), "utf8"), "2\n");
    assert.deepStrictEqual(readdirSync(box.home), ["notes.txt"]);
    assert.strictEqual(refs(), "");
  });

  it("a project that the store does not know counts as work that would be lost", async () => {
    await box.startDaemon();
    mkdirSync(join(box.home, "projects", "moved-away"), { recursive: true });
    const refused = await uninstall("--yes");
    assert.strictEqual(refused.code, 1);
    assert.include(refused.stderr, "moved-away");
    const done = await uninstall("--yes", "--discard", "moved-away");
    assert.strictEqual(done.code, 0, done.stderr);
  });

  it("a list that is not that of now removes nothing", async () => {
    await box.startDaemon();
    const client = await box.client();
    const { hash } = await client.daemon.ownThings({});
    await client.hive.create({ project: box.repo, title: "A cell, and so a project" });
    const error = await client.daemon.uninstall({ hash }).catch((cause) => cause);
    assert.strictEqual(error._tag, "NotNow");
    assert.isTrue(existsSync(join(box.repo, ".git", "vibe", "project.json")));
    assert.isDefined(box.daemonPid());
  });
});
