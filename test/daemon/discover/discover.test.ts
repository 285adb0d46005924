/**
 * `ocvibe discover` and `ocvibe serve --announce` between two machines on a network of their own, with a real
 * OpenCode server and with strangers that lie.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { hostname, tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, assert, beforeEach, describe, expect, it } from "vitest";
import type { Server } from "../../../shared/client/discover.ts";
import { harness, harnessEnvironment } from "../../support/harnesses.ts";
import { isAlive } from "../../support/processes.ts";
import { programs } from "../../support/sandbox.ts";
import { addresses, type Host, Network, said } from "./Network.ts";

const command = join(programs, "ocvibe.js");
let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "ocvibe-test-")));
});
afterEach(async () => {
  await endDaemon();
  rmSync(folder, { recursive: true, force: true });
});

const homeOf = (host: Host) => join(folder, host, "home");

/** A machine has sockets and data of its own. */
const environment = (host: Host): NodeJS.ProcessEnv => {
  const runtime = join(folder, host);
  mkdirSync(runtime, { recursive: true, mode: 0o700 });
  return { ...process.env, XDG_RUNTIME_DIR: runtime, OCVIBE_HOME: homeOf(host), NO_COLOR: "1" };
};

const discover = async (network: Network, host: Host): Promise<ReadonlyArray<Server>> => {
  const began = performance.now();
  const { code, stdout, stderr } = await network.run(
    host,
    process.execPath,
    [command, "discover", "--json"],
    environment(host),
  );
  console.log(`discover: ${Math.round(performance.now() - began)} ms with the start of the program`);
  assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" });
  return JSON.parse(stdout);
};

const daemonOf = (host: Host): { readonly pid: number; readonly clone?: string } | undefined => {
  const file = join(homeOf(host), "daemon.json");
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
};

const endDaemon = async () => {
  const pid = daemonOf("b")?.pid;
  if (pid === undefined || !isAlive(pid)) return;
  process.kill(pid, "SIGTERM");
  while (isAlive(pid)) await sleep(20);
};

const untilSaid = async (text: () => string, what: string | RegExp) => {
  while (text().search(what) < 0) await sleep(20);
};

const script = (name: string) => join(import.meta.dirname, name);

describe.runIf(process.platform === "linux")("discover", () => {
  it("finds a real OpenCode server on another machine, and on this one", async () => {
    const program = await harness("opencode");
    await using network = await Network.make();
    const opencode = network.start(
      "b",
      program,
      ["serve", "--mdns", "--port", "4321"],
      harnessEnvironment(folder),
    );
    const output = said(opencode.stdout);
    await untilSaid(output, "listening on");
    const found = {
      name: "opencode-4321",
      role: "opencode server",
      version: "1.18.33",
      health: "healthy",
    };
    // It says that it listens a little before it answers by mDNS.
    let there: ReadonlyArray<Server> = [];
    while (there.length === 0) there = await discover(network, "a");
    expect(there).toEqual([{ ...found, address: `http://${addresses.b.four}:4321`, thisMachine: false }]);
    expect(await discover(network, "b")).toEqual([
      { ...found, address: "http://127.0.0.1:4321", thisMachine: true },
    ]);
  });

  it("makes a daemon known while told to, without a secret or a path, and takes it back", async () => {
    await using network = await Network.make();
    const ear = network.start("a", process.execPath, [script("hear.ts")]);
    const heard = said(ear.stdout);
    await untilSaid(heard, "ready");
    const serve = async (...flags: ReadonlyArray<string>) => {
      const child = network.start(
        "b",
        process.execPath,
        [command, "serve", "--json", ...flags],
        environment("b"),
      );
      const printed = said(child.stdout);
      await untilSaid(printed, "\n");
      return { child, ...(JSON.parse(printed()) as { url: string; name?: string }) };
    };
    const silent = await serve();
    expect(await discover(network, "a")).toEqual([]);
    expect(await discover(network, "b")).toMatchObject([{ name: "your daemon", health: "healthy" }]);
    expect(heard()).toBe("ready\n");
    silent.child.kill("SIGINT");

    const { child, url, name = "" } = await serve("--announce");
    expect(name).toMatch(/^opencode-vibe-[0-9a-f]{8}$/);
    const own = daemonOf("b");
    const announced = { name, role: "vibe daemon", version: "0.1.0" };
    // It listens on its own machine only.
    expect(await discover(network, "a")).toMatchObject([
      { ...announced, health: "unreachable", thisMachine: false },
    ]);
    expect(await discover(network, "b")).toMatchObject([
      { name: "your daemon", role: "vibe daemon", health: "healthy", thisMachine: true },
      { ...announced, address: url, health: "healthy", thisMachine: true },
    ]);

    child.kill("SIGINT");
    await untilSaid(heard, '"ttl":0');
    expect(await discover(network, "a")).toEqual([]);
    expect(daemonOf("b")?.pid, "another daemon").toBe(own?.pid);

    const words = ["person", "launcher"].map((kind) =>
      readFileSync(join(homeOf("b"), `${kind}.token`), "utf8").trim(),
    );
    const clone = JSON.parse(readFileSync(join(homeOf("b"), "clone.json"), "utf8")).id;
    assert.isString(clone);
    // The machine's own name is what mDNS is about.
    const others = heard().replaceAll(hostname(), "");
    for (const secret of [...words, clone, folder, userInfo().homedir, "/tmp", String(own?.pid)]) {
      assert.notInclude(others, secret);
    }
    expect(others).toMatch(/"version=0\.1\.0","role=vibe-daemon","protocol=\d+","clone=[0-9a-f]{8}"\]/);
  });

  it("believes no stranger, and prints nothing that a terminal obeys", async () => {
    await using network = await Network.make(["four"]);
    const strangers = network.start("b", process.execPath, [script("strangers.ts")]);
    const printed = said(strangers.stdout);
    const complaints = said(strangers.stderr);
    await untilSaid(printed, "ready");
    const servers = await discover(network, "a");
    const health = Object.fromEntries(
      servers.map(({ name, health, address }) => [`${name} ${new URL(address).port}`, health]),
    );
    expect(health).toEqual({
      "opencode-5001 5001": "healthy",
      "opencode-5002 5002": "locked",
      "opencode-5003 5003": "unreachable",
      "opencode-5004 5004": "something else",
      "opencode-5005 5005": "something else",
      "opencode-5007 5007": "unreachable",
      "opencode-5008 5008": "unreachable",
      "opencode-5009 5009": "something else",
      "opencode-gnp 5011": "unreachable",
      "opencode-huge 5012": "unreachable",
      "opencode-later 5014": "unreachable",
      "vibe-5006 5006": "healthy",
    });
    // Where the packets came from, whatever they claim.
    for (const { address, thisMachine } of servers) {
      expect(address).toContain(`http://${addresses.b.four}:`);
      expect(thisMachine).toBe(false);
    }
    expect(servers.find(({ name }) => name === "vibe-5006")?.version).toBe("9.9.9");
    const healthy = servers.find(({ name }) => name === "opencode-5001")?.version;
    expect(healthy).toMatch(/^1\.2\.3gnpx{30,}$/);
    expect(healthy?.length).toBe(40);
    const plain = await network.run("a", process.execPath, [command, "discover"], environment("a"));
    expect(plain).toMatchObject({ code: 0, stderr: "" });
    expect(plain.stdout.replaceAll("\n", "")).not.toMatch(/\p{C}/u);
    expect(printed(), "a redirect was followed").toBe("ready\n");
    expect(complaints()).toBe("");
  });

  it("bears thousands of answers", async () => {
    await using network = await Network.make(["four"]);
    const strangers = network.start("b", process.execPath, [script("strangers.ts"), "flood"]);
    await untilSaid(said(strangers.stdout), "ready");
    const { code, stdout, stderr } = await network.run(
      "a",
      process.execPath,
      [command, "discover", "--json"],
      environment("a"),
    );
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toHaveLength(100);
    expect(stderr).toMatch(/More answers came than are looked at/);
  });

  it("finds servers where there is IPv6 only", async () => {
    await using network = await Network.make(["six"]);
    const strangers = network.start("b", process.execPath, [script("strangers.ts")]);
    await untilSaid(said(strangers.stdout), "ready");
    const servers = await discover(network, "a");
    const healthy = servers.filter((server) => server.health === "healthy").map(({ address }) => address);
    expect(healthy.sort()).toEqual([
      expect.stringMatching(/^http:\/\/\[f[de].*\]:5001$/),
      expect.stringMatching(/^http:\/\/\[f[de].*\]:5006$/),
    ]);
  });

  it("says that it could not look where there is no multicast, and that nothing was found", async () => {
    await using network = await Network.make([]);
    network.ip("a", "link", "set", "lo", "down");
    network.ip("a", "link", "set", "cable", "down");
    const { code, stdout, stderr } = await network.run(
      "a",
      process.execPath,
      [command, "discover", "--json"],
      environment("a"),
    );
    expect({ code, servers: JSON.parse(stdout) }).toEqual({ code: 0, servers: [] });
    expect(stderr).toMatch(/^Multicast DNS could not be used \(.+\), so the network was not looked at\.\n$/);
  });
});
