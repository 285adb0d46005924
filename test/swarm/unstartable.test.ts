/** An agent's program that is gone, or can't be started, when its turn comes: waited for, and no strike. */
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, assert, beforeAll, describe, it } from "vitest";
import type { DaemonClient } from "../../shared/client/connect.ts";
import { Sandbox } from "../support/sandbox.ts";
import { scriptAgent, settled, startSwarm } from "../support/swarms.ts";
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

const log = () => readFileSync(join(box.home, "logs", "daemon.log"), "utf8");
const waits = (cell: string) =>
  until(() =>
    log()
      .split("\n")
      .some((line) => line.includes("an agent can't be started") && line.includes(cell)),
  );

/** A program outside of the repository that does the work of a subtask, as long as `head` is its first line. */
const program = (name: string, file: string) => {
  const folder = join(box.folder, "bin");
  mkdirSync(folder, { recursive: true });
  const path = join(folder, name);
  const install = (head = "#!/bin/sh") => {
    writeFileSync(path, `${head}\necho done > ${file}\n`);
    chmodSync(path, 0o755);
  };
  install();
  return { path, install };
};

describe("an agent whose program can't be started", () => {
  it("is waited for when it is gone, and works without a strike when it is there again", async () => {
    const project = box.repo;
    const late = program("late", "two.txt");
    const first = {
      files: ["one.txt"],
      agent: scriptAgent(box, `fs.rmSync(${JSON.stringify(late.path)}); write("one.txt", "1\\n");`),
    };
    const second = { files: ["two.txt"], agent: `command:${late.path}`, after: [0] };
    const { epic } = await startSwarm(client, project, [first, second]);
    await waits(`${epic}.2`);
    assert.isFalse(existsSync(late.path));
    const meanwhile = await client.swarm.status({ project, epic });
    assert.deepInclude(meanwhile.subtasks[1], { attempts: 0, refusals: [] });
    late.install();
    const ready = await settled(client, project, epic);
    assert.strictEqual(ready.status, "ready", JSON.stringify(ready));
    assert.deepInclude(ready.subtasks[1], { attempts: 1, refusals: [] });
  });

  it("is tried again when it is there and the system refuses it", async () => {
    const project = box.repo;
    const broken = program("broken", "three.txt");
    broken.install("#!/no/such/interpreter");
    const { epic } = await startSwarm(client, project, [
      { files: ["three.txt"], agent: `command:${broken.path}` },
    ]);
    await waits(`${epic}.1`);
    broken.install();
    const ready = await settled(client, project, epic);
    assert.strictEqual(ready.status, "ready", JSON.stringify(ready));
    assert.deepStrictEqual(ready.subtasks[0]!.refusals, []);
    assert.isAtLeast(ready.subtasks[0]!.attempts, 3);
  });

  it("is given up at once when it is to be in the repository and is not", async () => {
    const project = box.repo;
    box.write({ "tools/agent.sh": "#!/bin/sh\nexit 0\n" });
    chmodSync(join(project, "tools/agent.sh"), 0o755);
    const { epic } = await startSwarm(client, project, [
      { files: ["four.txt"], agent: "command:./tools/agent.sh" },
    ]);
    const blocked = await settled(client, project, epic);
    rmSync(join(project, "tools"), { recursive: true });
    assert.strictEqual(blocked.status, "blocked");
    assert.deepInclude(blocked.subtasks[0], { attempts: 1, refusals: [] });
    const said = blocked.subtasks[0]!.findings.map(({ message }) => message).join();
    assert.include(said, 'The command "./tools/agent.sh" could not be started: it does not exist');
  });
});
