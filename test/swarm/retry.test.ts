/** A blocked subtask begins anew when the person says so: with three attempts, and with what was wrong the last time. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, assert, beforeAll, describe, it } from "vitest";
import type { DaemonClient } from "../../shared/client/connect.ts";
import { Sandbox } from "../support/sandbox.ts";
import { landNow, runSwarm, scriptAgent, settled } from "../support/swarms.ts";

const box = new Sandbox();
let client: DaemonClient;
beforeAll(async () => {
  box.commit({ ".hive/config.json": '{"checks":["node --version"]}', "a.txt": "a\n" });
  await box.startDaemon();
  client = await box.client();
});
afterAll(async () => {
  assert.deepStrictEqual(await box.end(), [], "processes were left behind");
});

let keys = 0;
/** Fails until its key is there, and keeps what it was told. */
const needsKey = (file: string) => {
  const key = join(box.folder, `key-${++keys}`);
  const told = join(box.folder, `told-${keys}`);
  const agent = scriptAgent(
    box,
    `fs.appendFileSync(${JSON.stringify(told)}, prompt + "\\0");
     if (!fs.existsSync(${JSON.stringify(key)})) { console.error("no key given"); process.exit(9); }
     write("${file}", "done\\n");`,
  );
  return {
    agent,
    files: [file],
    give: () => writeFileSync(key, ""),
    prompts: () => readFileSync(told, "utf8").split("\0").slice(0, -1),
  };
};

describe("retrying a blocked subtask", () => {
  it("gives it three attempts more, tells it what was wrong, and what waited for it goes on", async () => {
    const project = box.repo;
    const first = needsKey("one.txt");
    const second = { files: ["two.txt"], agent: scriptAgent(box, `write("two.txt", "two\\n");`), after: [0] };
    const blocked = await runSwarm(client, project, [first, second]);
    const { epic } = blocked;
    const cell = `${epic}.1`;
    assert.strictEqual(blocked.status, "blocked");
    assert.isNotNull(blocked.subtasks[0]!.endedAt);
    assert.strictEqual((await client.hive.show({ project, id: cell })).status, "blocked");

    const again = await client.swarm.retry({ project, cell });
    assert.strictEqual(again.status, "running");
    assert.isNull(again.subtasks[0]!.endedAt);
    const blockedAgain = await settled(client, project, epic);
    assert.deepInclude(blockedAgain.subtasks[0], { status: "blocked", attempts: 6 });
    assert.lengthOf(blockedAgain.subtasks[0]!.refusals, 6);

    first.give();
    await client.swarm.retry({ project, cell });
    const ready = await settled(client, project, epic);
    assert.strictEqual(ready.status, "ready", JSON.stringify(ready));
    assert.strictEqual(ready.subtasks[0]!.attempts, 7);
    assert.strictEqual((await client.hive.show({ project, id: cell })).status, "closed");
    const prompts = first.prompts();
    assert.notInclude(prompts[0], "no key given");
    assert.include(prompts[3], "no key given", "the first attempt after a retry knows what was wrong");
    const landed = await landNow(client, project, ready);
    assert.strictEqual(landed.status, "landed");
    assert.strictEqual(readFileSync(join(project, "two.txt"), "utf8"), "two\n");
  });

  it("is refused for what is not blocked, is over, or is no subtask", async () => {
    const project = box.repo;
    const retry = (cell: string) => client.swarm.retry({ project, cell }).catch((error) => error);
    const one = needsKey("three.txt");
    one.give();
    const ready = await runSwarm(client, project, [one]);
    const merged = await retry(`${ready.epic}.1`);
    assert.strictEqual(merged._tag, "NotNow");
    assert.match(merged.message, /is not blocked/);
    assert.strictEqual((await retry(`${ready.epic}.9`))._tag, "NotFound");
    assert.strictEqual((await retry("nothing"))._tag, "NotFound");
    const blocked = await runSwarm(client, project, [needsKey("four.txt")]);
    await client.swarm.cancel({ project, epic: blocked.epic });
    const late = await retry(`${blocked.epic}.1`);
    assert.strictEqual(late._tag, "NotNow");
    assert.match(late.message, /it is cancelled already/);
  });

  it("waits for its files when they were taken over meanwhile", async () => {
    const project = box.repo;
    const one = needsKey("five.txt");
    const { epic } = await runSwarm(client, project, [one]);
    const { lease } = await client.reservations.takeover({ project, patterns: ["five.txt"] });
    one.give();
    await client.swarm.retry({ project, cell: `${epic}.1` });
    const queue = async () => (await client.reservations.queue({ project })).map(({ holder }) => holder);
    while (!(await queue()).includes(`${epic}.1`)) await new Promise((next) => setTimeout(next, 20));
    await client.reservations.release({ project, patterns: lease.patterns });
    assert.strictEqual((await settled(client, project, epic)).status, "ready");
  });
});

describe("`ocvibe retry`", () => {
  it("is offered where a swarm is blocked, and has it tried again", async () => {
    const one = needsKey("six.txt");
    const { epic } = await runSwarm(client, box.repo, [one]);
    assert.include((await box.cli(["status", epic])).stdout, `retry ${epic}.1`);
    one.give();
    const done = await box.cli(["retry", `${epic}.1`]);
    assert.strictEqual(done.code, 0, done.stderr);
    assert.include(done.stdout, `${epic}.1 begins anew.`);
    assert.strictEqual((await settled(client, box.repo, epic)).status, "ready");
    const again = await box.cli(["retry", `${epic}.1`, "--json"]);
    assert.strictEqual(again.code, 1);
    assert.strictEqual(JSON.parse(again.stderr.trim().split("\n").at(-1)!).error.tag, "NotNow");
  });
});
