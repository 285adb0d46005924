/** The commands that stay: `events --follow`, `status --watch` and `serve`, also when the daemon is killed under them. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, renameSync } from "node:fs";
import { request } from "node:http";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, assert, beforeEach, describe, it } from "vitest";
import { isAlive } from "../support/processes.ts";
import { programs, Sandbox } from "../support/sandbox.ts";
import { scriptAgent, startSwarm } from "../support/swarms.ts";
import { until } from "../support/until.ts";
import { jsonErrorOf } from "./refusals.ts";

let box: Sandbox;
const running: Array<ChildProcess> = [];
beforeEach(() => {
  box = new Sandbox();
  box.commit({ "a.txt": "a\n" });
});
afterEach(async () => {
  for (const child of running.splice(0)) if (child.exitCode === null) child.kill("SIGKILL");
  assert.deepStrictEqual(await box.end(), []);
});

/** The command line, while it runs. */
const run = (...args: ReadonlyArray<string>) => {
  const child = spawn(process.execPath, [join(programs, "ocvibe.js"), ...args], {
    cwd: box.repo,
    env: box.env(),
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.push(child);
  const text = { out: "", err: "" };
  child.stdout.on("data", (chunk) => {
    text.out += chunk;
  });
  child.stderr.on("data", (chunk) => {
    text.err += chunk;
  });
  const ended = once(child, "close").then(([code]) => code as number | null);
  /** Whole lines of JSON. */
  const json = () =>
    text.out
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  return { text, json, ended, interrupt: () => void child.kill("SIGINT") };
};

const get = (url: string, headers: Record<string, string> = {}) =>
  new Promise<number | undefined>((resolve) => {
    request(url, { agent: false, headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on("error", () => resolve(undefined))
      .end();
  });

describe("events --follow", () => {
  it("goes on when the daemon is killed, and says so when the store was replaced", async () => {
    await box.startDaemon();
    const before = await box.client();
    await before.hive.create({ project: box.repo, title: "One" });
    const follower = run("events", "--follow", "--json", "--type", "cell_created");
    const titles = () => follower.json().map(({ data }) => data.fields.title);
    await until(() => titles().length === 1);

    await box.killDaemon();
    // The command starts another itself.
    await until(() => box.daemonPid() !== undefined);
    const after = await box.client();
    await after.hive.create({ project: box.repo, title: "Two" });
    await until(() => titles().length === 2);

    await box.killDaemon();
    for (const name of ["store.db", "store.db-wal", "store.db-shm"])
      renameSync(join(box.home, name), join(box.folder, name));
    await until(() => box.daemonPid() !== undefined);
    await until(() => follower.text.err.includes("The store was replaced"));
    await (await box.client()).hive.create({ project: box.repo, title: "Of another" });
    await until(() => titles().length === 3);
    assert.deepStrictEqual(titles(), ["One", "Two", "Of another"]);
    follower.interrupt();
    await follower.ended;
  });
});

describe("status --watch", () => {
  it("shows a swarm to its end though the daemon is killed in the middle, each event once", async () => {
    await box.startDaemon();
    const client = await box.client();
    const task = (name: string) => {
      const go = JSON.stringify(join(box.folder, `go-${name}`));
      return {
        title: `Write ${name}`,
        files: [`${name}.js`],
        agent: scriptAgent(box, `await waitFor(${go}); write("${name}.js", "1");`),
      };
    };
    const { epic } = await startSwarm(client, box.repo, [task("a"), task("b")]);
    const watcher = run("status", epic, "--watch");
    const merges = () => watcher.text.out.split("\n").filter((line) => /merged as/.test(line));
    await until(async () => (await client.daemon.status({})).clients === 2);
    box.write({ "go-a": "" }, box.folder);
    await until(() => merges().length === 1);
    await box.killDaemon();
    // The command starts another, and that one goes on with the swarm.
    await until(() => box.daemonPid() !== undefined);
    box.write({ "go-b": "" }, box.folder);
    assert.strictEqual(await watcher.ended, 0, watcher.text.err);
    const { status } = await (await box.client()).swarm.status({ project: box.repo, epic });
    assert.strictEqual(status, "ready");
    assert.deepStrictEqual(
      merges().map((line) => /\.(\d) /.exec(line)?.[1]),
      ["1", "2"],
      watcher.text.out,
    );
    const lines = watcher.text.out.split("\n").filter((line) => line !== "");
    assert.deepStrictEqual(lines, [...new Set(lines)], "nothing is shown twice");
  });
});

describe("serve", () => {
  it("opens a port of this machine as long as it runs, with a token as everywhere", async () => {
    const server = run("serve", "--json");
    await until(() => server.json().length === 1 || server.text.err !== "");
    const { url } = server.json()[0];
    assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/);
    const token = readFileSync(join(box.home, "person.token"), "utf8").trim();
    const authorization = `Bearer ${token}`;
    assert.strictEqual(await get(`${url}/healthz`), 200);
    assert.strictEqual(await get(`${url}/openapi.json`), 401);
    assert.strictEqual(await get(`${url}/openapi.json`, { authorization }), 200);
    assert.strictEqual(await get(`${url}/openapi.json`, { authorization, host: "rebound.example" }), 403);

    // A second port beside it, and the first one goes when its command does.
    const second = run("serve");
    await until(() => /http:\/\/127\.0\.0\.1:\d+/.test(second.text.out));
    const other = /http:\/\/127\.0\.0\.1:\d+/.exec(second.text.out)?.[0] ?? "";
    server.interrupt();
    await server.ended;
    await until(async () => (await get(`${url}/healthz`)) === undefined);
    assert.strictEqual(await get(`${other}/healthz`), 200);

    // A daemon that is killed takes its ports with it; nobody is told that they are still open.
    await box.killDaemon();
    assert.strictEqual(await second.ended, 4);
    assert.include(second.text.err, "The daemon went away");
  });

  it("says what is wrong with a port", async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const { port } = taken.address() as { port: number };
    const refusals: ReadonlyArray<readonly [string, number, string, RegExp]> = [
      [String(port), 1, "NotNow", /is taken by another program/],
      ["80", 2, "InvalidInput", /one of the system's own/],
    ];
    for (const [wanted, code, tag, message] of refusals) {
      const result = await box.cli(["serve", "--port", wanted, "--json"]);
      assert.strictEqual(result.code, code, result.stderr);
      const error = jsonErrorOf(result);
      assert.strictEqual(error.tag, tag);
      assert.match(error.message, message);
    }
    for (const wanted of ["0", "65536", "-1", "x"])
      assert.strictEqual((await box.cli(["serve", "--port", wanted])).code, 2, wanted);
    await new Promise((resolve) => taken.close(resolve));
    const { pid } = await (await box.client()).daemon.status({});
    assert.isTrue(isAlive(pid));
  });
});
