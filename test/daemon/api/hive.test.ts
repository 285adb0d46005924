/** The tracker through a real daemon: who begins, changes and ends a cell, and whom a swarm's cells obey. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, assert, beforeAll, describe, it } from "vitest";
import type { DaemonClient } from "../../../shared/client/connect.ts";
import { socketPath } from "../../../shared/client/dataFolder.ts";
import { socketTransport } from "../../../shared/client/transport.ts";
import { contract } from "../../../shared/contract/routes.ts";
import { createClient } from "../../../shared/router/createClient.ts";
import { Sandbox } from "../../support/sandbox.ts";
import { scriptAgent, settled, startSwarm } from "../../support/swarms.ts";
import { until } from "../../support/until.ts";

let box: Sandbox;
let person: DaemonClient;
let agent: DaemonClient;
let project: string;
let name: string;
beforeAll(async () => {
  box = new Sandbox();
  box.commit({ "a.txt": "a\n" });
  project = box.repo;
  await box.startDaemon();
  person = await box.client();
  await person.hive.create({ project, title: "The first" });
  const registered = await person.agents.register({ project });
  name = registered.name;
  agent = clientOf(registered.token);
});
afterAll(async () => {
  assert.deepStrictEqual(await box.end(), []);
});

const clientOf = (token: string) =>
  createClient(contract, socketTransport({ socket: socketPath(box.home), token }));

const refusal = async (call: Promise<unknown>) => {
  const failure = await call.then(
    () => assert.fail("it was done"),
    (error: { readonly _tag: string; readonly message: string }) => error,
  );
  return `${failure._tag}: ${failure.message}`;
};

describe("cells", () => {
  it("make an epic at once, and begin only when nothing blocks them", async () => {
    const { epic, cells } = await agent.hive.createEpic({
      project,
      title: "Two steps",
      subtasks: [{ title: "one" }, { title: "two", dependencies: [0] }],
    });
    const [one, two] = cells.map(({ id }) => id) as [string, string];
    assert.deepStrictEqual([one, two], [`${epic.id}.1`, `${epic.id}.2`]);
    const ready = async () => (await agent.hive.ready({ project })).map(({ id }) => id);
    assert.include(await ready(), one);
    assert.notInclude(await ready(), two);
    assert.strictEqual((await agent.hive.ready({ project, limit: 1 })).length, 1);

    assert.match(
      await refusal(agent.hive.start({ project, id: two })),
      /^NotNow: .*\.2 can.t be started: .*\.1/,
    );
    const begun = await agent.hive.start({ project, id: one });
    assert.deepStrictEqual([begun.status, begun.fields.assignee], ["in_progress", name]);
    assert.strictEqual((await agent.hive.start({ project, id: one })).status, "in_progress");
    assert.match(
      await refusal(person.hive.start({ project, id: one })),
      new RegExp(`NotNow: .*${name} works`),
    );

    await agent.hive.close({ project, id: one, reason: "done" });
    assert.include(await ready(), two);
    assert.strictEqual((await agent.hive.reopen({ project, id: one })).status, "open");
    assert.notInclude(await ready(), two);
    assert.strictEqual((await agent.hive.update({ project, id: two, title: "2" })).title, "2");
  });

  it("are begun by one, of many who try at once", async () => {
    const { id } = await person.hive.create({ project, title: "Wanted" });
    const agents = await Promise.all(
      Array.from({ length: 8 }, () =>
        person.agents.register({ project }).then(({ token }) => clientOf(token)),
      ),
    );
    const tried = await Promise.allSettled(agents.map((one) => one.hive.start({ project, id })));
    const won = tried.filter(({ status }) => status === "fulfilled");
    assert.strictEqual(won.length, 1);
  });

  it("refuse what is no plan, and change nothing then", async () => {
    const before = await person.hive.list({ project });
    for (const dependencies of [[7], [0]]) {
      const subtasks = [{ title: "one", dependencies }];
      assert.match(await refusal(agent.hive.createEpic({ project, title: "t", subtasks })), /^InvalidInput/);
    }
    assert.match(await refusal(agent.hive.close({ project, id: "nothing" })), /^NotFound/);
    assert.deepStrictEqual(await person.hive.list({ project }), before);
  });

  it("of a swarm obey the swarm alone, until it is over", async () => {
    const end = join(box.folder, "end");
    const code = `write("work/a.txt", "a"); await waitFor(${JSON.stringify(end)});`;
    const { epic } = await startSwarm(
      person,
      project,
      [{ files: ["work/"], agent: scriptAgent(box, code) }],
      {
        landUnchecked: true,
      },
    );
    const id = `${epic}.1`;
    await until(async () => (await person.hive.show({ project, id })).status === "in_progress");
    for (const [who, client] of Object.entries({ agent, person })) {
      for (const call of [
        () => client.hive.close({ project, id }),
        () => client.hive.close({ project, id: epic }),
        () => client.hive.update({ project, id, title: "mine" }),
      ]) {
        assert.match(await refusal(call()), new RegExp(`NotAllowed: .*belongs to the swarm ${epic}`), who);
      }
    }
    writeFileSync(end, "");
    await settled(person, project, epic);
    await person.swarm.discard({ project, epic });
    assert.strictEqual((await person.hive.update({ project, id, title: "mine" })).title, "mine");
  });

  it("let an agent have a plan judged, in its own project only", async () => {
    const text = JSON.stringify({
      epic: { title: "t" },
      subtasks: [
        { title: "s", files: ["a.txt"], dependencies: [], estimated_complexity: 1, agent: "command:node" },
      ],
    });
    assert.strictEqual((await agent.swarm.propose({ project, text })).subtasks[0]?.filesNow, 1);
    const elsewhere = await refusal(agent.swarm.propose({ project: box.folder, text }));
    assert.match(elsewhere, /^(NotAllowed|UnsupportedRepository): /);
  });
});
