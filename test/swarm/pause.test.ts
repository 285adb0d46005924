/** While a swarm is paused no agent begins, whatever waited for its turn; those at work go on. It outlives the daemon. */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, assert, beforeEach, describe, it } from "vitest";
import type { DaemonClient } from "../../shared/client/connect.ts";
import type { StoredEvent } from "../../shared/contract/events.ts";
import { Sandbox } from "../support/sandbox.ts";
import { scriptAgent, settled, startSwarm } from "../support/swarms.ts";
import { until } from "../support/until.ts";

let box: Sandbox;
let client: DaemonClient;
beforeEach(async () => {
  box = new Sandbox();
  box.commit({ ".hive/config.json": '{"checks":["node --version"]}', "a.txt": "a\n" });
  await box.startDaemon();
  client = await box.client();
});
afterEach(async () => {
  // Nobody is to wait for it any more.
  for (const name of ["one", "two", "three"]) go(name);
  assert.deepStrictEqual(await box.end(), [], "processes were left behind");
});

const goFile = (name: string) => join(box.folder, `go-${name}`);
const go = (name: string) => writeFileSync(goFile(name), "");
/** Says that it began, and works until it is told to go on. */
const patient = (name: string) => ({
  files: [`${name}.txt`],
  agent: scriptAgent(
    box,
    `write(${JSON.stringify(join(box.folder, `began-${name}`))}, "");
     await waitFor(${JSON.stringify(goFile(name))});
     write("${name}.txt", "${name}\\n");`,
  ),
});
const began = (name: string) => existsSync(join(box.folder, `began-${name}`));
const eventsOf = (epic: string): Promise<ReadonlyArray<StoredEvent>> =>
  client.events.list({ project: box.repo, stream: `swarm/${epic}` });
const status = (epic: string) => client.swarm.status({ project: box.repo, epic });

describe("a paused swarm", () => {
  it("lets the agents at work go on, begins no other, and goes on when it is unpaused", async () => {
    const tasks = [patient("one"), patient("two"), { ...patient("three"), after: [0] }];
    const { epic } = await startSwarm(client, box.repo, tasks, { maxWorkers: 1 });
    const project = box.repo;
    await until(() => began("one") || began("two"));
    const [paused] = await client.swarm.pause({ project, epic });
    assert.deepInclude(paused, { epic, paused: true, status: "running" });
    go("one");
    go("two");
    // Nothing more happens by itself.
    const quiet = await settled(client, project, epic);
    assert.strictEqual(quiet.status, "paused");
    const merged = quiet.subtasks.filter((subtask) => subtask.status === "merged");
    assert.lengthOf(merged, 1, JSON.stringify(quiet.subtasks.map((subtask) => subtask.status)));
    assert.isFalse(began("three"));
    // The one whose checkout waited for a worker is set back, at no cost.
    const other = quiet.subtasks.find(
      ({ id, dependencies }) => id !== merged[0]!.id && dependencies.length === 0,
    );
    assert.deepInclude(other, { status: "waiting", refusals: [], folder: null });
    const spawned = (events: ReadonlyArray<StoredEvent>) =>
      events.filter(({ type }) => type === "subtask_spawned").length;
    assert.strictEqual(spawned(await eventsOf(epic)), 1);
    // Twice is as once.
    await client.swarm.pause({ project, epic });
    const said = (await eventsOf(epic)).filter(({ type }) => type === "swarm_paused");
    assert.lengthOf(said, 1);
    const [going] = await client.swarm.unpause({ project, epic });
    assert.deepInclude(going, { epic, paused: false, status: "running" });
    go("three");
    assert.deepInclude(await settled(client, project, epic), { status: "ready", paused: false });
    assert.isTrue(began("three"));
  });

  it("takes no files from others, and stays paused when the daemon is killed and started anew", async () => {
    const project = box.repo;
    const { epic } = await startSwarm(client, project, [patient("one")]);
    await until(() => began("one"));
    const { token } = await client.agents.register({ project });
    const env = { OCVIBE_AGENT_TOKEN: token };
    const second = await startSwarm(client, project, [patient("three"), { ...patient("two"), after: [0] }]);
    assert.strictEqual((await box.cli(["reserve", "two.txt"], { env })).code, 0);
    go("three");
    await until(async () => (await client.reservations.queue({ project })).length === 1);
    await client.swarm.pause({ project });
    // It waited for its files; now nobody works on it.
    assert.strictEqual((await settled(client, project, second.epic)).status, "paused");
    await box.cli(["release", "--all"], { env });
    await box.killDaemon();
    await box.startDaemon();
    client = await box.client();
    // The agent was killed with its daemon, and is not started again.
    assert.strictEqual((await settled(client, project, epic)).status, "paused");
    assert.strictEqual((await settled(client, project, second.epic)).status, "paused");
    const events = await eventsOf(epic);
    assert.lengthOf(
      events.filter(({ type }) => type === "spawn_intended"),
      1,
    );
    const held = (await client.reservations.list({ project })).map(({ holder }) => holder);
    assert.notInclude(held, `${second.epic}.2`);
    go("one");
    go("two");
    const going = await client.swarm.unpause({ project });
    assert.deepStrictEqual(going.map((view) => view.epic).sort(), [epic, second.epic].sort());
    assert.strictEqual((await settled(client, project, epic)).status, "ready");
    assert.strictEqual((await settled(client, project, second.epic)).status, "ready");
  });

  it("is landed when the person says so, and a subtask sent back meanwhile waits", async () => {
    const project = box.repo;
    go("one");
    const { epic } = await startSwarm(client, project, [patient("one")]);
    await settled(client, project, epic);
    await client.swarm.pause({ project, epic });
    const sent = await client.swarm.sendBack({ project, epic, text: "Shorter.", comments: [] });
    assert.deepInclude(sent, { paused: true });
    assert.strictEqual((await settled(client, project, epic)).status, "paused");
    await client.swarm.unpause({ project, epic });
    const ready = await settled(client, project, epic);
    assert.strictEqual(ready.status, "ready");
    await client.swarm.pause({ project, epic });
    const landed = await client.swarm.land({ project, epic, commit: ready.head! });
    assert.deepInclude(landed, { status: "landed", paused: false });
    const error = await client.swarm.pause({ project, epic }).catch((cause) => cause);
    assert.strictEqual(error._tag, "NotNow");
    assert.deepStrictEqual(await client.swarm.pause({ project }), []);
  });
});

describe("`ocvibe pause`", () => {
  it("pauses one or all, `status` says so, and `resume` lets it go on", async () => {
    const { epic } = await startSwarm(client, box.repo, [patient("one"), { ...patient("two"), after: [0] }]);
    await until(() => began("one"));
    const paused = await box.cli(["pause"]);
    assert.strictEqual(paused.code, 0, paused.stderr);
    assert.include(paused.stdout, `${epic} "A proof" is paused, its agents at work go on to their end.`);
    assert.include((await box.cli(["status", epic])).stdout, "paused, its agents at work go on to their end");
    go("one");
    await settled(client, box.repo, epic);
    const quiet = await box.cli(["status", epic]);
    assert.match(quiet.stdout, /: paused\n/);
    assert.match(quiet.stdout, /go on .*resume/);
    const one = await box.cli(["pause", epic, "--json"]);
    assert.deepInclude(JSON.parse(one.stdout), { epic, status: "paused", paused: true });
    const all = await box.cli(["pause", "--json"]);
    assert.deepStrictEqual(
      JSON.parse(all.stdout).map((view: { epic: string }) => view.epic),
      [epic],
    );
    go("two");
    const resumed = await box.cli(["resume"]);
    assert.include(resumed.stdout, `Resumed ${epic}.`);
    assert.deepInclude(await status(epic), { status: "ready", paused: false });
    const unknown = await box.cli(["pause", "nothing-1"]);
    assert.strictEqual(unknown.code, 2, unknown.stderr);
  });
});
