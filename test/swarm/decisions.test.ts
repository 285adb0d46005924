/** Decisions at awkward moments: while a landing was cut short, and while a swarm is just coming to rest. */
import { readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { afterEach, assert, beforeEach, describe, it } from "vitest";
import { followToEnd, startBigSwarm } from "../support/bigSwarm.ts";
import { pause, Sandbox } from "../support/sandbox.ts";
import { until } from "../support/until.ts";

let box: Sandbox;
beforeEach(() => {
  box = new Sandbox();
  box.commit({
    ".hive/config.json": '{"checks":["node check.mjs"]}',
    "check.mjs": "process.exit(0);\n",
    "a.txt": "old\n",
  });
});
afterEach(async () => {
  assert.deepStrictEqual(await box.end(), [], "processes were left behind");
});

const writer = (file: string, text: string) =>
  box.agent(
    "writer",
    `import { readFileSync, writeFileSync } from "node:fs";
readFileSync(0);
if (process.env.OCVIBE_FINDINGS === undefined) writeFileSync(${JSON.stringify(file)}, ${JSON.stringify(text)});`,
  );
const planFor = (file: string, agent: string) =>
  JSON.stringify({
    epic: { title: "One" },
    subtasks: [{ title: "One", files: [file], dependencies: [], estimated_complexity: 1, agent }],
  });

/** Runs until the daemon kills itself at this point, and answers the epic. */
const runUntil = async (fault: string): Promise<string> => {
  await box.startDaemon({ OCVIBE_FAULT: fault });
  const client = await box.client();
  const { epic } = await startBigSwarm(client, box.repo, planFor("a.txt", writer("a.txt", "new\n")), true);
  await followToEnd(client, box.repo, epic).catch((error) =>
    assert.strictEqual(error._tag, "DaemonUnreachable"),
  );
  while (box.daemonPid() !== undefined) await pause(5);
  return epic;
};

/** Starts a daemon that can't go on with what was left: the repository is not there while it looks. */
const startWithoutRepository = async () => {
  renameSync(box.repo, `${box.repo}-away`);
  await box.startDaemon();
  const client = await box.client();
  await until(async () => (await client.daemon.status({})).liveSwarms === 0);
  renameSync(`${box.repo}-away`, box.repo);
  return client;
};

describe("a landing that was cut short", () => {
  it("can't be cancelled or discarded, only completed", async () => {
    const epic = await runUntil("landing-applied");
    const client = await startWithoutRepository();
    const which = { project: box.repo, epic };
    for (const decide of [client.swarm.cancel, client.swarm.discard]) {
      const error = await decide(which).catch((cause) => cause);
      assert.strictEqual(error._tag, "NotNow");
      assert.match(error.message, /is landing; `resume` completes that first/);
    }
    await client.swarm.resume(which);
    await followToEnd(client, box.repo, epic);
    assert.strictEqual((await client.swarm.status(which)).status, "landed");
    const late = await client.swarm.cancel(which).catch((cause) => cause);
    assert.match(late.message, /it is landed already/);
  });

  it("asks anew how to land, when the person has switched to the target meanwhile", async () => {
    box.git("switch", "--quiet", "--create", "elsewhere");
    box.git("switch", "--quiet", "main");
    await box.startDaemon({ OCVIBE_FAULT: "landing-intended" });
    let client = await box.client();
    const { epic } = await startBigSwarm(client, box.repo, planFor("a.txt", writer("a.txt", "new\n")), false);
    await followToEnd(client, box.repo, epic);
    box.git("switch", "--quiet", "elsewhere");
    const { head } = await client.swarm.status({ project: box.repo, epic });
    await client.swarm.land({ project: box.repo, epic, commit: head! }).catch((error) => {
      assert.strictEqual(error._tag, "DaemonUnreachable");
    });
    while (box.daemonPid() !== undefined) await pause(5);
    box.git("switch", "--quiet", "main");
    await box.startDaemon();
    client = await box.client();
    await followToEnd(client, box.repo, epic);
    assert.strictEqual((await client.swarm.status({ project: box.repo, epic })).status, "landed");
    assert.strictEqual(box.git("status", "--porcelain"), "");
    assert.strictEqual(readFileSync(join(box.repo, "a.txt"), "utf8"), "new\n");
  });
});

describe("an answer given the moment it is asked for", () => {
  it("is acted on, though the swarm was just coming to rest", async () => {
    await box.startDaemon();
    const client = await box.client();
    const text = planFor("check.mjs", writer("check.mjs", "process.exit(0); // weaker\n"));
    const { epic } = await startBigSwarm(client, box.repo, text, true);
    for await (const { data } of client.swarm.watch({ project: box.repo, epic })) {
      if (data.kind !== "event" || data.event.type !== "gate_held") continue;
      await client.swarm.answer({ project: box.repo, cell: `${epic}.1`, accept: true });
    }
    for (let i = 0; i < 200; i++) {
      if ((await client.swarm.status({ project: box.repo, epic })).status === "landed") break;
      await pause(25);
    }
    assert.strictEqual((await client.swarm.status({ project: box.repo, epic })).status, "landed");
  });
});
