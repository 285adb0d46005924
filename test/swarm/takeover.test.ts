/**
 * The person has the last word on files: what an agent did in files that were taken over does not land, at whichever
 * step it is, and the subtask goes on when it has its files again.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, assert, beforeEach, describe, it } from "vitest";
import type { DaemonClient } from "../../shared/client/connect.ts";
import { Sandbox } from "../support/sandbox.ts";
import { landNow, scriptAgent, settled, startSwarm } from "../support/swarms.ts";
import { until } from "../support/until.ts";

let box: Sandbox;
let client: DaemonClient;
beforeEach(async () => {
  box = new Sandbox();
  box.commit({
    ".hive/config.json": '{"checks":["node check.mjs"]}',
    // A gate that takes as long as the test wants to judge what an agent made.
    "check.mjs": `import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
const slow = ${JSON.stringify(join(box.folder, "slow"))};
if (readFileSync("a.txt", "utf8") !== "old\\n" && existsSync(slow)) {
  writeFileSync(${JSON.stringify(join(box.folder, "judging"))}, "");
  while (existsSync(slow)) await new Promise((go) => setTimeout(go, 10));
}
`,
    "a.txt": "old\n",
  });
  await box.startDaemon();
  client = await box.client();
});
afterEach(async () => {
  assert.deepStrictEqual(await box.end(), [], "processes were left behind");
});

const inFolder = (name: string) => join(box.folder, name);
const release = () => client.reservations.release({ project: box.repo, all: true });
const takeOver = () => client.reservations.takeover({ project: box.repo, patterns: ["a.txt"] });
const typesOf = async (epic: string) =>
  (await client.events.list({ project: box.repo, stream: `swarm/${epic}` })).map((event) => event.type);
const landed = () => readFileSync(join(box.repo, "a.txt"), "utf8");

describe("files that the person takes over", () => {
  it("stop the agent that has them; the subtask waits, and is done anew when they are free", async () => {
    const agent = scriptAgent(
      box,
      `write("a.txt", "by attempt " + process.env.OCVIBE_ATTEMPT + "\\n");
write(${JSON.stringify(inFolder("working"))} + process.env.OCVIBE_ATTEMPT, "");
if (process.env.OCVIBE_ATTEMPT === "1") await new Promise(() => setInterval(() => {}, 1000));`,
    );
    const { epic } = await startSwarm(client, box.repo, [{ files: ["a.txt"], agent }], { land: true });
    await until(() => existsSync(inFolder("working1")));
    const { ended } = await takeOver();
    assert.deepStrictEqual(
      ended.map((lease) => lease.epic),
      [epic],
    );
    await until(async () => (await client.reservations.queue({ project: box.repo })).length === 1);
    const [place] = await client.reservations.queue({ project: box.repo });
    assert.strictEqual(place?.conflicts[0]?.holder, "person");
    assert.isFalse(existsSync(inFolder("working2")));
    await release();
    const view = await settled(client, box.repo, epic);
    assert.strictEqual(view.status, "landed");
    assert.strictEqual(landed(), "by attempt 2\n");
    assert.include(await typesOf(epic), "subtask_exited");
  });

  it("while the work is judged: the verdict is not recorded, the work set aside, and it is no strike", async () => {
    writeFileSync(inFolder("slow"), "");
    const agent = scriptAgent(
      box,
      'write("a.txt", process.env.OCVIBE_ATTEMPT + (retry ? fs.readFileSync(process.env.OCVIBE_FINDINGS, "utf8") : ""));',
    );
    const { epic } = await startSwarm(client, box.repo, [{ files: ["a.txt"], agent }], { land: true });
    await until(() => existsSync(inFolder("judging")));
    await takeOver();
    rmSync(inFolder("slow"));
    await until(async () => (await client.reservations.queue({ project: box.repo })).length === 1);
    await release();
    const view = await settled(client, box.repo, epic);
    assert.strictEqual(view.status, "landed");
    assert.match(landed(), /^2\[/);
    assert.match(landed(), /lease-lost/);
    const types = await typesOf(epic);
    assert.include(types, "lease_lost");
    assert.notInclude(types, "gate_failed");
  });

  it("after the merge: nothing lands until the swarm has them again", async () => {
    const agent = scriptAgent(box, 'write("a.txt", "new\\n");');
    const { epic } = await startSwarm(client, box.repo, [{ files: ["a.txt"], agent }]);
    const ready = await settled(client, box.repo, epic);
    assert.strictEqual(ready.status, "ready");
    await takeOver();
    const refused = await landNow(client, box.repo, ready);
    assert.strictEqual(refused.status, "ready");
    assert.match(refused.refusal?.message ?? "", /"a.txt" overlaps "a.txt", which person holds/);
    assert.strictEqual(landed(), "old\n");
    await release();
    assert.strictEqual((await landNow(client, box.repo, ready)).status, "landed");
    assert.strictEqual(landed(), "new\n");
    assert.deepStrictEqual(await client.reservations.list({ project: box.repo }), []);
  });
});
