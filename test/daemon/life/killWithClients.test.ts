/**
 * The daemon is killed during a swarm that three clients look at: the command line's `status --watch` and
 * `events --follow`, and a program with a stream of its own. They find the next daemon by themselves, the swarm goes on
 * without anybody's word, and each sees every event once.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterEach, assert, it } from "vitest";
import type { StoredEvent } from "../../../shared/contract/events.ts";
import type { SwarmView } from "../../../shared/contract/swarmRoutes.ts";
import { checkBigSwarm, layOutBigSwarm, startBigSwarm } from "../../support/bigSwarm.ts";
import { pause, programs, Sandbox } from "../../support/sandbox.ts";
import { until } from "../../support/until.ts";

let box: Sandbox;
const children: Array<ChildProcess> = [];
afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  assert.deepStrictEqual(await box.end(), []);
});

/** A command that goes on until it is stopped, and what it has printed so far. */
const begin = (...args: ReadonlyArray<string>) => {
  const child = spawn(process.execPath, [join(programs, "ocvibe.js"), ...args], {
    cwd: box.repo,
    env: box.env(),
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(child);
  const printed = { out: "", err: "" };
  child.stdout.on("data", (chunk) => (printed.out += chunk));
  child.stderr.on("data", (chunk) => (printed.err += chunk));
  const code = once(child, "close").then(([status]) => status as number);
  return { child, printed, code };
};

const rounds = process.env.OCVIBE_TEST_TIER === "full" ? 10 : 1;
for (let round = 0; round < rounds; round++) {
  it(`goes on with a killed daemon's swarm and clients (${round})`, async () => {
    box = new Sandbox();
    const text = layOutBigSwarm(box);
    await box.startDaemon();
    const client = await box.client();
    const { epic } = await startBigSwarm(client, box.repo, text, true);
    const watcher = begin("status", epic, "--watch");
    const follower = begin("events", "--follow", "--json");
    const seen: Array<StoredEvent> = [];
    const states: Array<SwarmView> = [];
    const attached = new AbortController();
    const streams = Promise.all([
      (async () => {
        for await (const { data } of client.events.follow({ after: 0 }, { signal: attached.signal }))
          seen.push(data);
      })(),
      (async () => {
        for await (const { data } of client.swarm.watch({ project: box.repo, epic }))
          if (data.kind === "state") states.push(data.swarm);
      })(),
    ]);
    for (let kill = 0; kill < 2; kill++) {
      await until(() => follower.printed.out.includes("\n") && watcher.printed.out !== "");
      await pause(200 + Math.random() * 800);
      const pid = box.daemonPid();
      await box.killDaemon();
      // Nobody else starts one: a client does.
      await until(() => box.daemonPid() !== undefined && box.daemonPid() !== pid);
    }
    assert.strictEqual(await watcher.code, 0, watcher.printed.err);
    await until(() => states.at(-1)?.status === "landed");
    await checkBigSwarm(box, client, epic);
    const all = await client.events.list({ limit: 100_000 });
    const lines = () => follower.printed.out.trimEnd().split("\n");
    await until(() => seen.length >= all.length && lines().length >= all.length);
    assert.deepStrictEqual(seen.slice(0, all.length), all);
    const told = lines().map((line) => (JSON.parse(line) as StoredEvent).seq);
    assert.deepStrictEqual(
      told.slice(0, all.length),
      all.map(({ seq }) => seq),
    );
    attached.abort();
    follower.child.kill("SIGINT");
    await streams;
    await follower.code;
    assert.match(watcher.printed.out, /landed/);
  }, 120_000);
}
