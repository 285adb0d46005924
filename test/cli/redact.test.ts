/** `state` and `events redact`, as the person uses them: the built programs, a real daemon, the bytes on the disk. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, assert, beforeAll, describe, it } from "vitest";
import { Sandbox } from "../support/sandbox.ts";
import { runSwarm, scriptAgent } from "../support/swarms.ts";
import { assertRefused, jsonErrorOf } from "./refusals.ts";

const secret = "hunter2-Qx9vKz";

let box: Sandbox;
beforeAll(() => {
  box = new Sandbox();
  box.commit({ "src/a.js": "1\n", ".gitignore": "" });
});
afterAll(async () => {
  assert.deepStrictEqual(await box.end(), [], "processes were left behind");
});

const run = async (...args: ReadonlyArray<string>) => {
  const result = await box.cli(args);
  assert.strictEqual(result.code, 0, `${args.join(" ")}: ${result.stderr}`);
  return result.stdout;
};
const json = async (...args: ReadonlyArray<string>) => JSON.parse(await run(...args, "--json"));
const eventsOf = () => json("events");

/** Files of the data folder, by their names below it, that have the text in them. */
const holding = (text: string, folder = box.home): ReadonlyArray<string> =>
  readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return holding(text, path).map((one) => join(name, one));
    return statSync(path).isFile() && readFileSync(path).includes(text) ? [name] : [];
  });

describe("ocvibe state and events redact", () => {
  it("show the past, and take what should never have been there out of it", async () => {
    await run("hive", "create", `use ${secret} to log in`);
    await run("hive", "create", "another");
    const events = await eventsOf();
    const { seq, at } = events.find((event: { type: string }) => event.type === "cell_created");
    assert.include(await run("state"), `As of event ${events.length}:`);
    assert.match(await run("state", "--at", String(seq)), /^cell_fields: 7 rows$/m);
    assert.match(await run("state", "--at", String(seq), "--projection", "cells"), new RegExp(secret));
    assert.match(await run("state", "--at", String(seq - 1)), /^cell_fields: 0 rows$/m);
    assert.strictEqual((await json("state", "--at", at)).seq, seq);
    assert.strictEqual((await json("state", "--at", "2001-01-01")).seq, 0);

    const pid = box.daemonPid();
    assert.include(holding(secret).join(), "store.db");
    const { redaction } = await json("events", "redact", String(seq), "--reason", "a password", "--yes");
    const after = await eventsOf();
    assert.notStrictEqual(box.daemonPid(), pid, "what is in the memory of the daemon goes with it");
    assert.deepStrictEqual(after[seq - 1], { ...events[seq - 1], data: { redacted: 1 } });
    assert.deepInclude(after[redaction - 1].data, { redacted: seq, reason: "a password" });
    assert.deepStrictEqual(holding(secret), []);
    assert.include(await run("events"), "(person): redacted");
    assert.notInclude(await run("hive", "list"), secret);
    assert.include(await run("hive", "list"), "another");
    assert.match(await run("state", "--at", String(seq)), /^cell_fields: 0 rows$/m);
    // Once more is the same, and other commands go on with it.
    assert.deepStrictEqual(await json("events", "redact", String(seq), "--reason", "x", "--yes"), {
      seq,
      redaction,
    });
    for (const { equal } of await json("rebuild")) assert.isTrue(equal);
  });

  it("refuse what can't be, and say what to do", async () => {
    const redact = (...args: ReadonlyArray<string>) => box.cli(["events", "redact", ...args]);
    assertRefused(await redact("1", "--reason", "x"), {
      code: 2,
      says: ["What is redacted can't be had back", "add --yes"],
    });
    assertRefused(await redact("1", "--yes"), { code: 2, says: ["Missing required flag: --reason"] });
    assertRefused(await redact("0", "--reason", "x", "--yes"), { code: 2, says: ["0 is no event's"] });
    assertRefused(await redact("99999", "--reason", "x", "--yes"), {
      code: 2,
      says: ["There is no event 99999; `ocvibe events` shows"],
    });
    assertRefused(await redact("2", "--reason", " ", "--yes"), {
      code: 2,
      says: ["The reason is kept for ever"],
    });
    const error = jsonErrorOf(await box.cli(["state", "--at", "99999", "--json"]));
    assert.strictEqual(error.tag, "InvalidInput");
    assertRefused(await box.cli(["state", "--at", "tomorrow-ish"]), {
      code: 2,
      says: ['"tomorrow-ish" is no time'],
    });
    assertRefused(await box.cli(["state", "--projection", "nope"]), {
      code: 2,
      says: ['There is no projection "nope". There are: agents, cells'],
    });
  });

  it("leave alone what something still rests on: a swarm that can go on, an agent at work, a lease", async () => {
    const client = await box.client();
    const done = scriptAgent(box, 'write("src/a.js", "2\\n");');
    const { epic } = await runSwarm(client, box.repo, [{ files: ["src/a.js"], agent: done }]);
    const { name } = await client.agents.register({ project: box.repo, name: "bob" });
    await client.reservations.reserve({ project: box.repo, patterns: ["docs/x.md"] });
    const events: ReadonlyArray<{ seq: number; type: string; stream: string; correlation: string | null }> =
      await eventsOf();
    const seqOf = (type: string, stream = "") =>
      String(events.findLast((event) => event.type === type && event.stream.includes(stream))!.seq);
    const refused = async (seq: string, says: string) =>
      assertRefused(await box.cli(["events", "redact", seq, "--reason", "x", "--yes"]), {
        code: 1,
        says: [`Event ${seq} is still needed`, says],
      });
    const unlanded = `the swarm ${epic} is ready, and goes on from what it says. Land it or discard it first.`;
    await refused(seqOf("epic_created"), unlanded);
    await refused(seqOf("cell_created"), unlanded);
    await refused(seqOf("agent_registered", "agent/bob"), `${name} is at work`);
    await refused(seqOf("lease_granted"), "Release them first.");
    await client.swarm.discard({ project: box.repo, epic });
    await client.agents.end({ project: box.repo, name });
    await client.reservations.release({ project: box.repo, all: true });
    // Now every one of them can go, and all that lists and shows still works.
    for (const seq of [
      seqOf("epic_created"),
      seqOf("agent_registered", "agent/bob"),
      seqOf("lease_granted"),
    ]) {
      await run("events", "redact", seq, "--reason", "x", "--yes");
    }
    for (const command of [
      ["status"],
      ["hive", "list"],
      ["reservations"],
      ["inbox"],
      ["events"],
      ["state"],
    ]) {
      await run(...command);
    }
    for (const { equal } of await json("rebuild")) assert.isTrue(equal);
  });
});
