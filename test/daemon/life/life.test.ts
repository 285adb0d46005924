/** When a daemon ends and when not, what it ends with, and what it makes of the remains of another. */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { dirname, join } from "node:path";
import { afterEach, assert, beforeEach, describe, it } from "vitest";
import type { DaemonClient } from "../../../shared/client/connect.ts";
import { socketPath } from "../../../shared/client/dataFolder.ts";
import { headers, PROTOCOL } from "../../../shared/contract/protocol.ts";
import { isAlive } from "../../support/processes.ts";
import { pause, Sandbox } from "../../support/sandbox.ts";
import { until } from "../../support/until.ts";

let box: Sandbox;
beforeEach(() => {
  box = new Sandbox();
});
afterEach(async () => {
  assert.deepStrictEqual(await box.end(), []);
});

/** A swarm of one agent, which works until a file is there. */
const startWaiting = async (client: DaemonClient, go: string): Promise<string> => {
  const agent = box.agent(
    "waits",
    `
import { existsSync, readFileSync, writeFileSync } from "node:fs";
readFileSync(0);
while (!existsSync(process.argv[2])) await new Promise((resolve) => setTimeout(resolve, 50));
writeFileSync("a.txt", "done\\n");
`,
    go,
  );
  const project = box.repo;
  const subtask = { title: "Write", files: ["a.txt"], dependencies: [], estimated_complexity: 1, agent };
  const text = JSON.stringify({ epic: { title: "One" }, subtasks: [subtask] });
  const { base, planHash, checks } = await client.swarm.propose({ project, text });
  await client.swarm.approveChecks({ project, base, hashes: checks.map(({ check }) => check.hash) });
  const { epic } = await client.swarm.start({ project, text, base, approvedPlan: planHash, land: false });
  await until(async () => (await client.swarm.status({ project, epic })).subtasks[0]?.status === "running");
  return epic;
};

const config = (...checks: ReadonlyArray<string>) => ({ ".hive/config.json": JSON.stringify({ checks }) });

describe("a daemon", () => {
  it("stays while a swarm is worked on and nobody is there, and ends by itself after that", async () => {
    box.commit({ "a.txt": "a\n", ...config("node --version") });
    const pid = await box.startDaemon({ OCVIBE_IDLE_SECONDS: "1" });
    const go = join(box.folder, "go");
    await startWaiting(await box.client(), go);
    // Long enough for an idle one to have gone several times.
    await pause(4000);
    assert.isTrue(isAlive(pid), "the agent works");
    writeFileSync(go, "");
    await until(() => !isAlive(pid));
    assert.isUndefined(box.daemonPid());
    const log = readFileSync(join(box.home, "logs", "daemon.log"), "utf8");
    assert.include(log, "nothing to do, the daemon ends");
  }, 60_000);

  it("that is told to end ends its streams and agents, and records what became of them", async () => {
    box.commit({ "a.txt": "a\n", ...config("node --version") });
    const pid = await box.startDaemon();
    const client = await box.client();
    const epic = await startWaiting(client, join(box.folder, "never"));
    const stream = (async () => {
      for await (const _ of client.events.follow({}));
    })().then(
      () => "ended",
      (error) => error._tag,
    );
    await until(async () => (await client.daemon.status({})).clients >= 2);
    process.kill(pid, "SIGTERM");
    await until(() => !isAlive(pid));
    assert.strictEqual(await stream, "DaemonUnreachable");
    assert.deepStrictEqual(box.processes(), [], "the agent has ended with it");
    // The agent of the next one waits as well; what the last one wrote before it ended comes before.
    await box.startDaemon();
    const next = await box.client();
    const events = await next.events.list({ limit: 1000 });
    const ended = events.find(({ type }) => type === "subtask_exited");
    const resumed = events.find(({ type }) => type === "swarm_resumed");
    assert.strictEqual((ended?.data as { outcome?: string } | undefined)?.outcome, "interrupted");
    assert.isBelow(ended?.seq ?? Number.POSITIVE_INFINITY, resumed?.seq ?? 0);
    await next.swarm.cancel({ project: box.repo, epic });
  }, 60_000);
});

describe("what another daemon left", () => {
  it("much of what was printed makes room for more", async () => {
    box.commit({ "a.txt": "a\n" });
    mkdirSync(join(box.home, "logs"), { recursive: true, mode: 0o700 });
    const output = join(box.home, "logs", "daemon.out");
    const printed = "much\n".repeat(300_000);
    writeFileSync(output, printed);
    writeFileSync(`${output}.1`, "earlier\n");
    const started = await box.cli(["daemon", "start"]);
    assert.strictEqual(started.code, 0, started.stderr);
    const parts = ["", ".1", ".2"].map((part) => readFileSync(`${output}${part}`, "utf8"));
    assert.deepStrictEqual(parts, ["", printed, "earlier\n"]);
  }, 60_000);

  it("an address that leads nowhere, whose process id is another program's by now, is healed", async () => {
    box.commit({ "a.txt": "a\n" });
    const stranger = spawn(process.execPath, ["--eval", "setInterval(() => {}, 1e6)"], { stdio: "ignore" });
    try {
      const socket = socketPath(box.home);
      mkdirSync(box.home, { mode: 0o700 });
      mkdirSync(dirname(socket), { recursive: true, mode: 0o700 });
      writeFileSync(socket, "no socket at all");
      const address = { pid: stranger.pid, protocol: PROTOCOL, version: "0.0.1", socket };
      writeFileSync(join(box.home, "daemon.json"), JSON.stringify(address));
      const stopped = await box.cli(["daemon", "stop"]);
      assert.deepStrictEqual([stopped.code, stopped.stdout], [0, "No daemon was running.\n"]);
      const started = await box.cli(["daemon", "start", "--json"]);
      assert.strictEqual(started.code, 0, started.stderr);
      assert.notStrictEqual(JSON.parse(started.stdout).pid, stranger.pid);
      assert.strictEqual(box.daemonPid(), JSON.parse(started.stdout).pid);
      assert.isTrue(isAlive(stranger.pid ?? 0), "the other program was left alone");
    } finally {
      stranger.kill("SIGKILL");
    }
  }, 60_000);

  it("a newer daemon that runs is spoken with, and never replaced", async () => {
    box.commit({ "a.txt": "a\n" });
    mkdirSync(box.home, { mode: 0o700 });
    const socket = join(box.folder, "newer.sock");
    const asked: Array<string> = [];
    const server = createServer((incoming, outgoing) => {
      asked.push(`${incoming.url} ${incoming.headers[headers.protocol]}`);
      outgoing.writeHead(200, { "content-type": "application/json" });
      outgoing.end(JSON.stringify({ ...status, protocol: PROTOCOL + 1 }));
    });
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    try {
      writeFileSync(join(box.home, "person.token"), "t");
      const write = (protocol: number) =>
        writeFileSync(
          join(box.home, "daemon.json"),
          JSON.stringify({ pid: process.pid, protocol, version: "9.9.9", socket }),
        );
      write(PROTOCOL + 1);
      const spoken = await box.cli(["daemon", "start", "--json"]);
      assert.strictEqual(spoken.code, 0, spoken.stderr);
      assert.strictEqual(JSON.parse(spoken.stdout).version, "9.9.9");
      assert.deepStrictEqual(asked.at(-1), `/api/daemon/status ${PROTOCOL}`);
      // One that is newer still can't be spoken with; it is not ended for that either.
      write(PROTOCOL + 2);
      const refused = await box.cli(["daemon", "start", "--json"]);
      assert.strictEqual(refused.code, 4);
      assert.match(refused.stderr, /ProtocolMismatch.*9\.9\.9/);
      assert.isFalse(existsSync(join(box.home, "daemon.lock")), "no daemon of ours was started beside it");
    } finally {
      // The process that it names is this one.
      rmSync(join(box.home, "daemon.json"));
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }, 60_000);
});

const status = {
  pid: 1,
  version: "9.9.9",
  store: "s",
  clone: "c",
  head: 0,
  liveSwarms: 0,
  clients: 0,
  startedAt: new Date(0).toISOString(),
};
