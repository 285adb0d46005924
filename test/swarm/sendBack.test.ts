/** Merged work that is sent back is changed by a subtask of its own, on top of what is merged, told by the person. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, assert, beforeAll, describe, it } from "vitest";
import type { DaemonClient } from "../../shared/client/connect.ts";
import { makeRepository, userGit } from "../support/gitFixture.ts";
import { Sandbox } from "../support/sandbox.ts";
import { landNow, runSwarm, scriptAgent, settled, startSwarm } from "../support/swarms.ts";
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

const check = `
import { readdirSync, readFileSync } from "node:fs";
for (const name of readdirSync("src")) if (readFileSync("src/" + name, "utf8").includes("broken")) process.exit(1);
`;
let repositories = 0;
const repository = async () => {
  const root = join(box.folder, `repository-${++repositories}`);
  await makeRepository(root, {
    ".hive/config.json": JSON.stringify({ checks: ["node check.mjs"] }),
    "check.mjs": check,
    "src/a.txt": "a\n",
    "src/b.txt": "b\n",
  });
  return root;
};

/** Adds a line with each attempt, and keeps what it was told; breaks the check as often as said when reworking. */
const adder = (file: string, breaks = 0) => {
  const told = join(box.folder, `told-${file.replaceAll("/", "-")}-${repositories}`);
  const agent = scriptAgent(
    box,
    `const told = ${JSON.stringify(told)};
     const seen = fs.existsSync(told) ? fs.readFileSync(told, "utf8").split("\\0").length - 1 : 0;
     const findings = retry ? JSON.parse(fs.readFileSync(process.env.OCVIBE_FINDINGS, "utf8")) : [];
     fs.appendFileSync(told, JSON.stringify({ prompt, findings, before: fs.readFileSync("${file}", "utf8") }) + "\\0");
     fs.appendFileSync("${file}", seen > 0 && seen <= ${breaks} ? "broken\\n" : "line " + seen + "\\n");`,
  );
  type Told = { prompt: string; before: string; findings: ReadonlyArray<Record<string, unknown>> };
  const tolds = () =>
    readFileSync(told, "utf8")
      .split("\0")
      .slice(0, -1)
      .map((text): Told => JSON.parse(text));
  return { files: [file], agent, told: tolds };
};

const refusal = (promise: Promise<unknown>) =>
  promise.then(
    () => assert.fail("it was not refused"),
    (error: { _tag: string; message: string }) => error,
  );

describe("sending work back", () => {
  it("of a ready epic: the agent of the files commented on is told, on top of what is merged", async () => {
    const project = await repository();
    const [a, b] = [adder("src/a.txt"), adder("src/b.txt")];
    const ready = await runSwarm(client, project, [a, b]);
    const { epic } = ready;
    const sent = await client.swarm.sendBack({
      project,
      epic,
      text: "Nearly.",
      comments: [{ path: "src/a.txt", line: 2, text: "One more, please." }],
    });
    assert.strictEqual(sent.status, "running");
    assert.lengthOf(sent.subtasks, 3);
    assert.deepInclude(sent.subtasks[2], { title: "Rework: Task 0", files: ["src/a.txt"] });
    assert.deepStrictEqual(sent.subtasks[2]!.findings, [
      { kind: "sent-back", message: "Nearly." },
      { kind: "sent-back", path: "src/a.txt", line: 2, message: "One more, please." },
    ]);
    const again = await settled(client, project, epic);
    assert.strictEqual(again.status, "ready", JSON.stringify(again));
    const [, rework] = a.told();
    assert.strictEqual(rework?.before, "a\nline 0\n", "it begins from what is merged");
    assert.include(rework?.prompt, "## What is to be otherwise");
    assert.include(rework?.prompt, "- Nearly.\n- src/a.txt:2: One more, please.");
    assert.notInclude(rework?.prompt, "What was wrong with the last attempt");
    assert.deepStrictEqual(rework?.findings, sent.subtasks[2]!.findings);
    assert.lengthOf(b.told(), 1, "the other one has nothing to do with it");
    // What was seen before is not what would land now.
    const old = await refusal(client.swarm.land({ project, epic, commit: ready.head! }));
    assert.match(old.message, /not .*, which you looked at/);
    assert.strictEqual((await landNow(client, project, again)).status, "landed");
    assert.strictEqual(readFileSync(join(project, "src/a.txt"), "utf8"), "a\nline 0\nline 1\n");
    assert.strictEqual(readFileSync(join(project, "src/b.txt"), "utf8"), "b\nline 0\n");
  });

  it("of a whole epic, by a text alone; a landing that was approved in advance is asked for again", async () => {
    const project = await repository();
    const task = adder("src/a.txt");
    // Something is in the way of the landing that was approved at the start.
    box.write({ "src/a.txt": "the person's own\n" }, project);
    const ready = await runSwarm(client, project, [task], { land: true });
    assert.strictEqual(ready.status, "ready");
    userGit(project, "checkout", "--quiet", "--", "src/a.txt");
    const { epic } = ready;
    const sent = await client.swarm.sendBack({ project, epic, text: "Otherwise.", comments: [] });
    assert.isNull(sent.refusal);
    const again = await settled(client, project, epic);
    assert.strictEqual(again.status, "ready", "it does not land by itself");
    assert.strictEqual(again.subtasks[1]!.title, "Rework: Task 0");
    assert.strictEqual((await landNow(client, project, again)).status, "landed");
  });

  it("three times refused, it blocks; what the person wants is told each time", async () => {
    const project = await repository();
    const task = adder("src/a.txt", 3);
    const { epic } = await runSwarm(client, project, [task]);
    await client.swarm.sendBack({ project, epic, text: "Do it well.", comments: [] });
    const blocked = await settled(client, project, epic);
    assert.strictEqual(blocked.status, "blocked");
    assert.strictEqual(blocked.subtasks[1]!.attempts, 3);
    for (const [index, { prompt, findings }] of task.told().entries()) {
      if (index === 0) continue;
      assert.include(prompt, "- Do it well.", `attempt ${index}`);
      const kinds = findings.map(({ kind }) => kind);
      assert.deepStrictEqual(kinds, index === 1 ? ["sent-back"] : ["sent-back", "check-failed"]);
      assert.strictEqual(prompt.includes("What was wrong with the last attempt"), index > 1);
    }
    await client.swarm.retry({ project, cell: `${epic}.2` });
    assert.strictEqual((await settled(client, project, epic)).status, "ready");
  });

  it("of a merged subtask, while others are still at work", async () => {
    const project = await repository();
    const go = join(box.folder, "go");
    const a = adder("src/a.txt");
    const slow = scriptAgent(box, `await waitFor(${JSON.stringify(go)}); write("src/b.txt", "slow\\n");`);
    const { epic } = await startSwarm(client, project, [a, { files: ["src/b.txt"], agent: slow }]);
    const status = () => client.swarm.status({ project, epic });
    await until(async () => (await status()).subtasks[0]!.status === "merged");
    const send = (more: object) =>
      client.swarm.sendBack({ project, epic, text: "More.", comments: [], ...more });
    assert.match((await refusal(send({}))).message, /is not ready yet/);
    assert.match((await refusal(send({ cell: `${epic}.2` }))).message, /is not merged yet/);
    await send({ cell: `${epic}.1` });
    await until(async () => (await status()).subtasks[2]?.status === "merged");
    box.write({ go: "" }, box.folder);
    const ready = await settled(client, project, epic);
    assert.strictEqual(ready.status, "ready");
    assert.strictEqual(userGit(project, "status", "--porcelain"), "");
  });

  it("the moment it is ready: it is acted on, though the swarm was just coming to rest", async () => {
    const project = await repository();
    const { epic } = await startSwarm(client, project, [adder("src/a.txt")]);
    let sent = false;
    for await (const { data } of client.swarm.watch({ project, epic })) {
      if (sent || data.kind !== "event" || data.event.type !== "epic_ready") continue;
      sent = true;
      await client.swarm.sendBack({ project, epic, text: "At once.", comments: [] });
    }
    const merged = async () =>
      (await client.swarm.status({ project, epic })).subtasks.filter(({ status }) => status === "merged")
        .length;
    await until(async () => (await merged()) === 2);
    assert.strictEqual((await settled(client, project, epic)).status, "ready");
  });

  it("waits while a subtask brings the epic together with its target", async () => {
    const project = await repository();
    const go = join(box.folder, "go on");
    const agent = scriptAgent(
      box,
      `if (retry) await waitFor(${JSON.stringify(go)});
       write("src/a.txt", "by the swarm\\n");`,
    );
    const ready = await runSwarm(client, project, [{ files: ["src/a.txt"], agent }]);
    assert.strictEqual(ready.status, "ready", JSON.stringify(ready));
    const { epic } = ready;
    box.write({ "src/a.txt": "by hand\n" }, project);
    userGit(project, "commit", "--quiet", "--all", "-m", "Meanwhile");
    const landing = landNow(client, project, ready);
    const status = () => client.swarm.status({ project, epic });
    await until(async () => (await status()).subtasks.length === 2);
    const send = () =>
      client.swarm.sendBack({ project, epic, cell: `${epic}.1`, text: "More.", comments: [] });
    assert.match((await refusal(send())).message, new RegExp(`${epic}\\.2 brings ${epic} together`));
    box.write({ "go on": "" }, box.folder);
    await landing;
    assert.strictEqual((await settled(client, project, epic)).status, "ready");
    await send();
    assert.strictEqual((await settled(client, project, epic)).subtasks[2]!.status, "merged");
  });

  it("of what the gate holds, is the answer no, with these words", async () => {
    const project = await repository();
    const agent = scriptAgent(
      box,
      `write("told.txt", prompt);
       if (!retry) { write("check.mjs", "process.exit(0);"); } else fs.appendFileSync("src/a.txt", "well\\n");`,
    );
    const held = await runSwarm(client, project, [{ files: ["check.mjs", "src/a.txt", "told.txt"], agent }]);
    assert.strictEqual(held.status, "needs-you");
    const { epic } = held;
    const comments = [{ path: "check.mjs", line: 1, text: "Leave the check alone." }];
    await client.swarm.sendBack({ project, epic, cell: `${epic}.1`, comments });
    const ready = await settled(client, project, epic);
    assert.strictEqual(ready.status, "ready", JSON.stringify(ready));
    assert.lengthOf(ready.subtasks, 1);
    assert.include(
      JSON.stringify(ready.subtasks[0]!.refusals),
      "The person refused it: check.mjs:1: Leave the check alone.",
    );
  });

  it("is refused without words, for files it is not about, and for what is over", async () => {
    const project = await repository();
    const ready = await runSwarm(client, project, [adder("src/a.txt"), adder("src/b.txt")]);
    const { epic } = ready;
    const send = (more: object) => refusal(client.swarm.sendBack({ project, epic, comments: [], ...more }));
    assert.strictEqual((await send({}))._tag, "InvalidInput");
    assert.strictEqual((await send({ text: " \n" }))._tag, "InvalidInput");
    const elsewhere = { comments: [{ path: "src/b.txt", line: 1, text: "?" }], cell: `${epic}.1` };
    assert.match((await send(elsewhere)).message, /src\/b\.txt is not among the files/);
    assert.strictEqual((await send({ text: "x", cell: `${epic}.7` }))._tag, "NotFound");
    assert.strictEqual((await client.swarm.status({ project, epic })).status, "ready");
    await landNow(client, project, ready);
    assert.match((await send({ text: "late" })).message, /it is landed already/);
  });
});
