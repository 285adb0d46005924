/** What a daemon goes on with when it starts, and what it leaves to the person. */
import { renameSync } from "node:fs";
import { afterEach, assert, beforeEach, describe, it } from "vitest";
import type { DaemonClient } from "../../../shared/client/connect.ts";
import { pause, Sandbox } from "../../support/sandbox.ts";
import { until } from "../../support/until.ts";

let box: Sandbox;
beforeEach(() => {
  box = new Sandbox();
});
afterEach(async () => {
  assert.deepStrictEqual(await box.end(), []);
});

/** An agent that works for so long, then does its part. */
const slow = (ms: number) =>
  box.agent(
    "slow",
    `
import { readFileSync, writeFileSync } from "node:fs";
readFileSync(0);
await new Promise((resolve) => setTimeout(resolve, Number(process.argv[2])));
writeFileSync("a.txt", "done\\n");
`,
    String(ms),
  );

const start = async (client: DaemonClient, agent: string, land: boolean) => {
  const project = box.repo;
  const subtask = { title: "Write", files: ["a.txt"], dependencies: [], estimated_complexity: 1, agent };
  const text = JSON.stringify({ epic: { title: "One" }, subtasks: [subtask] });
  const { base, planHash, checks } = await client.swarm.propose({ project, text });
  await client.swarm.approveChecks({ project, base, hashes: checks.map(({ check }) => check.hash) });
  return client.swarm.start({ project, text, base, approvedPlan: planHash, land });
};

const resumptions = async (client: DaemonClient) =>
  (await client.events.list({ type: "swarm_resumed", limit: 100 })).map(({ actor }) => actor);

const landsAtLast = (client: DaemonClient, epic: string) =>
  until(async () => (await client.swarm.status({ project: box.repo, epic })).status === "landed");

describe("a daemon that starts", () => {
  beforeEach(() => {
    box.commit({ "a.txt": "a\n", ".hive/config.json": '{"checks":["node --version"]}' });
  });

  it("goes on with a swarm that the one before it was told to leave", async () => {
    await box.startDaemon();
    const first = await box.client();
    const { epic } = await start(first, slow(600), true);
    await until(
      async () => (await first.swarm.status({ project: box.repo, epic })).subtasks[0]?.status === "running",
    );
    assert.strictEqual((await box.cli(["daemon", "stop"])).code, 0);
    await box.startDaemon();
    const second = await box.client();
    await landsAtLast(second, epic);
    assert.deepStrictEqual(await resumptions(second), ["daemon"]);
    // Where there is nothing to go on with, it does not.
    const again = await box.cli(["resume"]);
    assert.match(again.stderr, /no swarm to resume/);
  }, 60_000);

  it("leaves alone what waits for the person", async () => {
    await box.startDaemon();
    const first = await box.client();
    const { epic } = await start(first, slow(10), false);
    await until(async () => (await first.swarm.status({ project: box.repo, epic })).status === "ready");
    await box.killDaemon();
    await box.startDaemon();
    const second = await box.client();
    assert.strictEqual((await second.daemon.status({})).liveSwarms, 0);
    assert.deepStrictEqual(await resumptions(second), []);
  }, 60_000);

  it("says of a swarm whose repository is gone that it is, and works", async () => {
    await box.startDaemon();
    const first = await box.client();
    const { epic } = await start(first, slow(5000), false);
    await until(
      async () => (await first.swarm.status({ project: box.repo, epic })).subtasks[0]?.status === "running",
    );
    await box.killDaemon();
    renameSync(box.repo, `${box.repo}-away`);
    await box.startDaemon();
    const second = await box.client();
    await until(async () => (await second.daemon.status({})).liveSwarms === 0);
    renameSync(`${box.repo}-away`, box.repo);
    const view = await second.swarm.status({ project: box.repo, epic });
    assert.strictEqual(view.status, "interrupted");
    assert.match(view.problem ?? "", /no such directory|does not exist|not a directory|no directory/i);
    await second.swarm.cancel({ project: box.repo, epic });
  }, 60_000);

  it("stops beginning a swarm that ends daemons", async () => {
    await box.startDaemon();
    const { epic } = await start(await box.client(), slow(1500), true);
    for (let life = 0; life < 4; life++) {
      await pause(100);
      await box.killDaemon();
      await box.startDaemon();
    }
    const client = await box.client();
    const view = await client.swarm.status({ project: box.repo, epic });
    assert.strictEqual(view.status, "interrupted");
    assert.match(view.problem ?? "", /ended 3 times/);
    assert.deepStrictEqual(await resumptions(client), ["daemon", "daemon", "daemon"]);
    const said = await box.cli(["status", epic]);
    assert.match(said.stdout + said.stderr, /ended 3 times[\s\S]*resume/);
    // The person may try.
    const resumed = await box.cli(["resume", epic]);
    assert.strictEqual(resumed.code, 0, resumed.stderr);
    await landsAtLast(client, epic);
  }, 60_000);
});
