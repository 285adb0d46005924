/**
 * Agents that fail, hang, flood, fork, break their checkout or touch what judges them: the person is told what
 * happened and what to do, nothing of theirs changes, and no process or folder stays.
 */
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, assert, beforeAll, describe, it } from "vitest";
import type { SwarmView } from "../../shared/contract/swarmRoutes.ts";
import { type CliResult, Sandbox } from "../support/sandbox.ts";
import { until } from "../support/until.ts";
import { assertRefused, jsonErrorOf, leavingUntouched, swarmsOf, unasked, workLeft } from "./refusals.ts";

let box: Sandbox;
beforeAll(() => {
  box = new Sandbox();
  box.commit({
    ".hive/config.json": JSON.stringify({ checks: ["node check.mjs"] }),
    "check.mjs": 'import "./rules.mjs";\n',
    "rules.mjs": "",
    "src/a.js": "1\n",
  });
});
afterEach(async () => {
  for (const { epic, status } of await swarmsOf(box)) {
    if (status === "discarded") continue;
    const { code, stderr } = await box.cli(["discard", epic]);
    assert.strictEqual(code, 0, stderr);
  }
  assert.deepStrictEqual(JSON.parse((await box.cli(["reservations", "--json"])).stdout), []);
  assert.deepStrictEqual(workLeft(box), [], "a checkout was left behind");
  assert.strictEqual(box.git("for-each-ref", "--format=%(refname)"), "refs/heads/main");
});
afterAll(async () => {
  assert.deepStrictEqual(await box.end(), [], "processes were left behind");
});

const prelude = (notes: string) => `
import * as fs from "node:fs";
import { spawn } from "node:child_process";
const note = (name, text) => fs.writeFileSync(${JSON.stringify(notes)} + "/" + name, String(text));
`;
let number = 0;
const planFor = (code: string, files: ReadonlyArray<string> = ["src/a.js"]): string => {
  const agent = box.agent(`agent-${++number}`, prelude(box.folder) + code);
  return box.plan({
    epic: { title: "Bad" },
    subtasks: [{ title: "One", files, dependencies: [], estimated_complexity: 1, agent }],
  });
};
const noted = (name: string) => readFileSync(join(box.folder, name), "utf8");
const start = (plan: string, ...flags: ReadonlyArray<string>): Promise<CliResult> =>
  leavingUntouched(box.repo, () => box.cli(["start", "--plan", plan, ...unasked, ...flags]));
const theSwarm = async (): Promise<SwarmView> => {
  const open = (await swarmsOf(box)).filter(({ status }) => status !== "discarded");
  assert.lengthOf(open, 1);
  return open[0] as SwarmView;
};
const isAlive = (pid: number) =>
  existsSync(`/proc/${pid}/cmdline`) && readFileSync(`/proc/${pid}/cmdline`, "utf8") !== "";

describe("an agent that", () => {
  it("exits non-zero", async () => {
    const result = await start(planFor('console.error("no key given"); process.exit(9);'));
    const { epic } = await theSwarm();
    const says = [
      `${epic} is blocked: "One" (${epic}.1) did not get done after 3 attempts.`,
      "The agent ended with exit code 9; 0 means done. It last printed: no key given.",
      "Mend the cause and have it tried again with `",
      `retry ${epic}.1`,
      `discard ${epic}`,
    ];
    assertRefused(result, { code: 1, says });
    const landing = await box.cli(["land", epic, "--yes"]);
    assertRefused(landing, { code: 1, says: [`${epic} can't land: it is blocked. \``, `status ${epic}`] });
    const asJson = jsonErrorOf(await box.cli(["land", epic, "--yes", "--json"]));
    assert.strictEqual(asJson.tag, "NotNow");
    const again = await box.cli(["resume", epic]);
    assert.strictEqual(again.code, 1, again.stderr);
  });

  it("is ended by a signal, told with --json", async () => {
    const result = await start(planFor('process.kill(process.pid, "SIGKILL");'), "--json");
    assert.strictEqual(result.code, 1);
    const view = JSON.parse(result.stdout) as SwarmView;
    assert.strictEqual(view.status, "blocked");
    const { error } = JSON.parse(result.stderr.trimEnd().split("\n").at(-1) ?? "");
    assert.include(error, { tag: "SwarmNotDone", epic: view.epic, status: "blocked" });
    assert.include(error.message, "The agent ended by signal SIGKILL; 0 means done.");
  });

  it("is in your tree only, not in the base", async () => {
    box.write({ "tools/agent.sh": "#!/bin/sh\nexit 0\n" });
    chmodSync(join(box.repo, "tools/agent.sh"), 0o755);
    const plan = box.plan({
      epic: { title: "Bad" },
      subtasks: [
        {
          title: "One",
          files: ["src/a.js"],
          dependencies: [],
          estimated_complexity: 1,
          agent: "command:./tools/agent.sh",
        },
      ],
    });
    const result = await start(plan);
    const says = [
      "is blocked",
      'The command "./tools/agent.sh" could not be started: it does not exist (seen from ',
    ];
    assertRefused(result, { code: 1, says });
    rmSync(join(box.repo, "tools"), { recursive: true });
  });

  it("floods its output", async () => {
    const result = await start(
      planFor(`
        const line = Buffer.from("y".repeat((1 << 20) - 1) + "\\n");
        for (let i = 0; i < 100; i++) for (let at = 0; at < line.length; ) at += fs.writeSync(1, line, at);
        fs.writeFileSync("src/a.js", "2\\n");
      `),
    );
    assert.strictEqual(result.code, 0, result.stderr);
    assert.isBelow(result.stdout.length, 10_000);
    const { epic, status } = await theSwarm();
    assert.strictEqual(status, "ready");
    const logs = join(box.home, "logs", "swarms", epic);
    const sizes = readdirSync(logs).map((name) => statSync(join(logs, name)).size);
    assert.isAtMost(Math.max(...sizes), 10.1 * 1024 * 1024);
    const [exited] = JSON.parse(
      (await box.cli(["events", "--type", "subtask_exited", "--json"])).stdout,
    ).slice(-1);
    assert.isAtLeast(exited.data.droppedOutput, 89 * 1024 * 1024);
  });

  it("forks a daemon", async () => {
    const result = await start(
      planFor(`
        const idle = ["-e", "setInterval(() => {}, 1000)"];
        const child = spawn(process.execPath, idle, { detached: true, stdio: "ignore" });
        child.unref();
        note("daemonized", child.pid);
        fs.writeFileSync("src/a.js", "2\\n");
      `),
    );
    assert.strictEqual(result.code, 0, result.stderr);
    assert.strictEqual((await theSwarm()).status, "ready");
    assert.isFalse(isAlive(Number(noted("daemonized"))), "what it left running is ended");
  });

  it("deletes its .git", async () => {
    const result = await start(
      planFor('fs.rmSync(".git", { recursive: true }); fs.writeFileSync("src/a.js", "2\\n");'),
    );
    assert.strictEqual(result.code, 0, result.stderr);
    const { status, subtasks } = await theSwarm();
    assert.strictEqual(status, "ready");
    assert.deepStrictEqual(subtasks[0]?.changed, ["src/a.js"]);
  });

  it("edits the gate's own scripts, though they are its files", async () => {
    const edit = 'fs.writeFileSync("check.mjs", "");';
    const result = await start(planFor(edit, ["check.mjs"]), "--land");
    const { epic } = await theSwarm();
    const says = [
      `${epic} waits for your answer to "One" (${epic}.1). check.mjs is run by the checks themselves.`,
      "inbox",
    ];
    assertRefused(result, { code: 1, says });
    const refused = await leavingUntouched(box.repo, () =>
      box.cli(["answer", `${epic}.1`, "--accept", "--reject"]),
    );
    assertRefused(refused, { code: 2, says: [`Say either --accept or --reject for ${epic}.1.`] });
    const landing = await leavingUntouched(box.repo, () => box.cli(["land", epic, "--yes"]));
    assertRefused(landing, { code: 1, says: ["can't land: it "] });
  });

  it("edits the gate's configuration", async () => {
    const edit = 'fs.writeFileSync(".hive/config.json", JSON.stringify({ checks: [] }));';
    const result = await start(planFor(edit, [".hive/**"]), "--land");
    assertRefused(result, { code: 1, says: ["waits for your answer", ".hive/config.json"] });
  });

  it("edits the gate's scripts outside its files", async () => {
    const result = await start(planFor('fs.writeFileSync("check.mjs", "");'), "--land");
    assertRefused(result, { code: 1, says: ["is blocked", "check.mjs"] });
  });

  it("hangs, until it is cancelled", async () => {
    const plan = planFor('note("hanging", process.pid); setInterval(() => {}, 1000);');
    const [shown, cancelled] = await leavingUntouched(box.repo, async () => {
      const watching = box.cli(["start", "--plan", plan, ...unasked]);
      await until(() => existsSync(join(box.folder, "hanging")) && noted("hanging") !== "");
      const cancel = await box.cli(["cancel"]);
      return [await watching, cancel] as const;
    });
    assert.strictEqual(cancelled.code, 0, cancelled.stderr);
    const { epic, status } = await theSwarm();
    assert.strictEqual(status, "cancelled");
    assert.include(cancelled.stdout, `${epic} is cancelled. Your branch was not touched.`);
    assertRefused(shown, { code: 1, says: [`${epic} is cancelled, and its work is not done.`] });
    assert.isFalse(isAlive(Number(noted("hanging"))), "the agent was ended");
  });
});
