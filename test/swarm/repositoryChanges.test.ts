/** A repository that becomes another kind, or lies elsewhere, after a swarm began: the person keeps the last word. */
import { cpSync, existsSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { afterAll, assert, beforeAll, describe, it } from "vitest";
import type { DaemonClient } from "../../shared/client/connect.ts";
import { makeRepository, userGit } from "../support/gitFixture.ts";
import { Sandbox } from "../support/sandbox.ts";
import { landNow, runSwarm, scriptAgent, startSwarm } from "../support/swarms.ts";
import { until } from "../support/until.ts";

const box = new Sandbox();
let client: DaemonClient;
beforeAll(async () => {
  await box.startDaemon();
  client = await box.client();
});
afterAll(async () => {
  assert.deepStrictEqual(await box.end(), [], "processes were left behind");
});

let repositories = 0;
const repository = async () => {
  const root = join(box.folder, `repository-${++repositories}`);
  await makeRepository(root, {
    ".hive/config.json": JSON.stringify({ checks: ["node check.mjs"] }),
    "check.mjs": "",
    "src/a.txt": "a\n",
    "lib/b.txt": "b\n",
  });
  return root;
};
const refusal = (promise: Promise<unknown>) =>
  promise.then(
    () => assert.fail("it was not refused"),
    (error: { _tag: string; message: string }) => error,
  );

describe("a repository that becomes a sparse checkout", () => {
  it("keeps nobody from pausing and cancelling what works on it", async () => {
    const project = await repository();
    const agent = scriptAgent(box, `await waitFor("/nowhere");`);
    const { epic } = await startSwarm(client, project, [{ files: ["src/a.txt"], agent }]);
    const status = () => client.swarm.status({ project, epic });
    await until(async () => (await status()).subtasks[0]?.status === "running");
    userGit(project, "sparse-checkout", "set", "src");
    assert.isTrue((await client.swarm.pause({ project, epic }))[0]?.paused);
    assert.strictEqual((await client.swarm.cancel({ project, epic })).status, "cancelled");
    assert.strictEqual((await client.swarm.discard({ project, epic })).status, "discarded");
  });

  it("is not landed on, and begun with no more, until it is whole again", async () => {
    const project = await repository();
    const agent = scriptAgent(box, `write("lib/b.txt", "by the swarm\\n");`);
    const ready = await runSwarm(client, project, [{ files: ["lib/b.txt"], agent }]);
    userGit(project, "sparse-checkout", "set", "src");
    const refused = await landNow(client, project, ready).catch((error: { message: string }) => error);
    const why = "refusal" in refused ? refused.refusal?.message : (refused as { message: string }).message;
    assert.match(why ?? "", /is a sparse checkout/);
    const another = await refusal(startSwarm(client, project, [{ files: ["src/a.txt"], agent }]));
    assert.strictEqual(another._tag, "UnsupportedRepository");
    userGit(project, "sparse-checkout", "disable");
    assert.strictEqual((await landNow(client, project, ready)).status, "landed");
    assert.strictEqual(readFileSync(join(project, "lib/b.txt"), "utf8"), "by the swarm\n");
  });
});

describe("an agent", () => {
  it.each([
    [".gitmodules", "[submodule]\\n"],
    [".gitattributes", "*.bin filter=lfs diff=lfs\\n"],
  ])("can't make it one that no swarm can work on by %s", async (path, text) => {
    const project = await repository();
    const agent = scriptAgent(box, `if (!retry) write("${path}", "${text}"); write("src/a.txt", "b\\n");`);
    const { subtasks } = await runSwarm(client, project, [{ files: [path, "src/a.txt"], agent }]);
    assert.deepInclude(subtasks[0]?.refusals[0]?.findings[0], { kind: "unsafe-entry", path });
    assert.strictEqual(subtasks[0]?.attempts, 2);
  });
});

describe("a repository that was moved", () => {
  it("is the same project, and a copy that is made of it then is another", async () => {
    const first = await repository();
    const agent = scriptAgent(box, `write("src/a.txt", "by the swarm\\n");`);
    const ready = await runSwarm(client, first, [{ files: ["src/a.txt"], agent }]);
    const moved = join(box.folder, "moved");
    renameSync(first, moved);
    assert.strictEqual((await client.hive.create({ project: moved, title: "There" })).title, "There");
    const copy = join(box.folder, "copy");
    cpSync(moved, copy, { recursive: true });
    assert.strictEqual((await refusal(landNow(client, copy, ready)))._tag, "NotFound");
    assert.strictEqual((await landNow(client, moved, ready)).status, "landed");
    assert.strictEqual(readFileSync(join(moved, "src/a.txt"), "utf8"), "by the swarm\n");
    assert.strictEqual(readFileSync(join(copy, "src/a.txt"), "utf8"), "a\n");
    const { items } = await client.daemon.ownThings({});
    assert.isTrue(items.some(({ path }) => path === join(moved, ".git", "vibe")));
    assert.isFalse(existsSync(first));
  });
});

describe("redacting", () => {
  it("is for the project's own events", async () => {
    const [mine, other] = [await repository(), await repository()];
    await client.hive.create({ project: mine, title: "Mine" });
    await client.hive.create({ project: other, title: "Other's" });
    const events = await client.events.list({ project: other, type: "cell_created" });
    const { seq } = events.at(-1)!;
    const refused = await refusal(client.events.redact({ project: mine, seq, reason: "mistyped" }));
    assert.match(refused.message, /is not of this project/);
    assert.strictEqual((await client.hive.list({ project: other })).at(-1)?.title, "Other's");
  });
});
