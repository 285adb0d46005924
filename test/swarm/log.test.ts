/** What an agent prints can be read while it works, from any byte on, and to its end when it is over. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, assert, beforeAll, describe, it } from "vitest";
import type { DaemonClient } from "../../shared/client/connect.ts";
import { Sandbox } from "../support/sandbox.ts";
import { runSwarm, scriptAgent, settled, startSwarm } from "../support/swarms.ts";
import { until } from "../support/until.ts";

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

const project = box.repo;
interface Part {
  readonly id?: string;
  readonly text: string;
}
/** Reads to the end of the stream. */
const readLog = async (which: { epic: string; cell: string; attempt?: number }, lastEventId?: string) => {
  const parts: Array<Part> = [];
  const options = lastEventId === undefined ? {} : { lastEventId };
  for await (const { id, data } of client.swarm.log({ project, ...which }, options))
    parts.push({ ...(id === undefined ? {} : { id }), text: data.text });
  return parts;
};
const textOf = (parts: ReadonlyArray<Part>) => parts.map(({ text }) => text).join("");
const logs = (epic: string) => join(box.home, "logs", "swarms", epic);

describe("an agent's log", () => {
  it("comes while the agent works, in whole characters, and ends with the attempt", async () => {
    const step = (n: number) => join(box.folder, `step-${n}`);
    const agent = scriptAgent(
      box,
      `process.stdout.write("first, without an end of line");
       await waitFor(${JSON.stringify(step(1))});
       const umlaut = Buffer.from("ü€𝕏");
       for (const byte of umlaut) { fs.writeSync(1, Buffer.from([byte])); await new Promise((go) => setTimeout(go, 5)); }
       await waitFor(${JSON.stringify(step(2))});
       console.log("\\nlast", process.env.OCVIBE_AGENT_TOKEN);
       write("one.txt", "one\\n");`,
    );
    const { epic } = await startSwarm(client, project, [{ files: ["one.txt"], agent }]);
    const cell = `${epic}.1`;
    await until(async () => (await client.swarm.status({ project, epic })).subtasks[0]!.attempts === 1);
    const parts: Array<Part> = [];
    for await (const { id, data } of client.swarm.log({ project, epic, cell })) {
      parts.push({ ...(id === undefined ? {} : { id }), text: data.text });
      const text = textOf(parts);
      // Each step is only taken when what was printed before it has come.
      if (text.endsWith("end of line")) writeFileSync(step(1), "");
      if (text.endsWith("𝕏")) writeFileSync(step(2), "");
    }
    const file = readFileSync(join(logs(epic), `${cell}.1.log`), "utf8");
    assert.strictEqual(textOf(parts), file);
    assert.include(file, "ü€𝕏\nlast [redacted]");
    assert.notInclude(textOf(parts), "\uFFFD");
    assert.strictEqual(Number(parts.at(-1)?.id), statSync(join(logs(epic), `${cell}.1.log`)).size);
    await settled(client, project, epic);
    assert.strictEqual(textOf(await readLog({ epic, cell })), file, "and again afterwards");
  });

  it("goes on at the byte that a reader has reached", async () => {
    const agent = scriptAgent(
      box,
      `for (let n = 0; n < 20000; n++) console.log("line " + n + " ü"); write("two.txt", "");`,
    );
    const { epic } = await runSwarm(client, project, [{ files: ["two.txt"], agent }]);
    const cell = `${epic}.1`;
    const parts = await readLog({ epic, cell });
    const text = textOf(parts);
    assert.isAbove(parts.length, 3, "a long log comes in parts");
    assert.include(text, "line 19999 ü\n");
    for (const at of [0, 1, parts.length - 1]) {
      const rest = await readLog({ epic, cell }, parts[at]!.id);
      assert.strictEqual(textOf(rest), textOf(parts.slice(at + 1)), `after part ${at}`);
    }
    assert.deepStrictEqual(await readLog({ epic, cell }, "999999999"), []);
    const odd = await readLog({ epic, cell }, "x:7").catch((error) => error);
    assert.strictEqual(odd._tag, "InvalidInput");
  });

  it("is kept for each attempt, also of bytes that are no text, and says what there is not", async () => {
    const agent = scriptAgent(
      box,
      `fs.writeSync(1, Buffer.from([0x41, 0xff, 0xfe, 0x42, 0xe2, 0x82])); if (!retry) process.exit(1); write("three.txt", "");`,
    );
    const { epic } = await runSwarm(client, project, [
      { files: ["three.txt"], agent },
      { files: ["four.txt"], agent: scriptAgent(box, "process.exit(1);"), after: [0] },
    ]);
    const cell = `${epic}.1`;
    assert.sameMembers(
      readdirSync(logs(epic)).filter((name) => name.startsWith(`${cell}.`)),
      [`${cell}.1.log`, `${cell}.2.log`],
    );
    for (const attempt of [1, 2]) {
      assert.match(textOf(await readLog({ epic, cell, attempt })), /^A\uFFFD\uFFFDB\uFFFD/);
    }
    const refusal = (which: { cell: string; attempt?: number }) =>
      readLog({ epic, ...which }).catch((error) => error);
    assert.strictEqual((await refusal({ cell, attempt: 3 }))._tag, "NotNow");
    assert.strictEqual((await refusal({ cell, attempt: 0 }))._tag, "NotNow");
    assert.strictEqual((await refusal({ cell: `${epic}.9` }))._tag, "NotFound");
    assert.deepStrictEqual(await readLog({ epic, cell: `${epic}.2` }), [], "it printed nothing");
  });

  it("ends when the daemon that ran the agent was killed", async () => {
    const agent = scriptAgent(box, `console.log("at work"); await waitFor("/never/there");`);
    const { epic } = await startSwarm(client, project, [{ files: ["five.txt"], agent }]);
    const file = join(logs(epic), `${epic}.1.1.log`);
    await until(() => existsSync(file) && statSync(file).size > 0);
    await client.swarm.pause({ project, epic });
    await box.killDaemon();
    await box.startDaemon();
    client = await box.client();
    assert.strictEqual(textOf(await readLog({ epic, cell: `${epic}.1` })), "at work\n");
  });
});
