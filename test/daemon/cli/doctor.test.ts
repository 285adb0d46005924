/**
 * `ocvibe doctor`: what is wrong is named, and every remedy that it gives is followed, by running the command that it
 * prints where it prints one. What is merely missing is a note, and no problem.
 */
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { judgeGit, ollamaUrl } from "../../../daemon/cli/doctor/programLines.ts";
import { socketPath } from "../../../shared/client/dataFolder.ts";
import type { Diagnosis } from "../../../shared/contract/daemonRoutes.ts";
import { isAlive } from "../../support/processes.ts";
import { pause, Sandbox } from "../../support/sandbox.ts";

const full = process.env.OCVIBE_TEST_TIER === "full";

type Line = typeof Diagnosis.Type;

let box: Sandbox;
let runtime: string;
beforeEach(() => {
  box = new Sandbox();
  runtime = join(box.folder, "run");
  mkdirSync(runtime, { mode: 0o700 });
  box.commit({ "package.json": JSON.stringify({ scripts: { test: "node -e 0" } }) });
});
afterEach(async () => {
  expect(await box.end()).toEqual([]);
});

const doctor = async (env: Readonly<Record<string, string>> = {}, cwd = box.repo) => {
  const { code, stdout } = await box.cli(["doctor", "--json"], {
    env: { XDG_RUNTIME_DIR: runtime, OLLAMA_HOST: "127.0.0.1:9", ...env },
    cwd,
  });
  const lines: ReadonlyArray<Line> = JSON.parse(stdout);
  return { code, lines, problems: lines.filter(({ ok }) => !ok) };
};

/** The one problem there is. */
const problem = async (env: Readonly<Record<string, string>> = {}): Promise<Line> => {
  const { code, problems } = await doctor(env);
  expect({ code, problems: problems.length }, JSON.stringify(problems)).toEqual({ code: 1, problems: 1 });
  expect(problems[0]?.remedy).toMatch(/\.$/);
  return problems[0] as Line;
};

const fine = async (env: Readonly<Record<string, string>> = {}) => {
  expect(await doctor(env)).toMatchObject({ code: 0, problems: [] });
};

const line = (lines: ReadonlyArray<Line>, what: string) => lines.find((each) => each.what === what);

/** Runs the command that a remedy prints. */
const follow = ({ remedy = "" }: Line) => {
  const command = /`([^`]+)`/.exec(remedy)?.[1] ?? "";
  expect(command).not.toBe("");
  execFileSync("sh", ["-c", command], { stdio: "ignore" });
};

const untilGone = async (pid: number) => {
  while (isAlive(pid)) await pause(20);
};

const daemon = () => box.daemonPid() as number;

/** A folder with a program that prints this. */
const program = (name: string, prints: string): string => {
  const folder = join(box.folder, `bin-${name}`);
  mkdirSync(folder);
  writeFileSync(join(folder, name), `#!/bin/sh\necho '${prints}'\n`, { mode: 0o755 });
  return folder;
};

const path = (...folders: ReadonlyArray<string>) => [...folders, process.env.PATH].join(":");

describe("doctor", () => {
  it("finds nothing wrong where nothing is, and only notes what is missing", async () => {
    const { code, lines, problems } = await doctor({ PATH: path(program("codex", "codex-cli 0.99.1")) });
    expect({ code, problems }).toEqual({ code: 0, problems: [] });
    const notes = lines.filter(({ note }) => note).map(({ what }) => what);
    expect(notes).toContain("ollama server");
    expect(line(lines, "codex")?.detail).toMatch(/^0\.99\.1 \(/);
    expect(lines.map(({ what }) => what)).toEqual(
      expect.arrayContaining([
        "node",
        "git",
        "data folder",
        "socket",
        "daemon",
        "store",
        "disk",
        "repository",
      ]),
    );
    const again = await doctor();
    expect(again.lines.filter(({ what }) => what === "token")).toHaveLength(2);
    const plain = await box.cli(["doctor"], { env: { XDG_RUNTIME_DIR: runtime } });
    expect(plain.stdout).toMatch(/^ok {7}git: \d/m);
    expect(plain.stdout).toMatch(/^note {5}ollama server: .*\n {9}Start it with/m);
  });

  it("what is open to other users is closed by its remedy", async () => {
    await fine();
    const socket = socketPath(box.home, { XDG_RUNTIME_DIR: runtime });
    for (const [file, mode] of [
      [box.home, 0o755],
      [join(box.home, "person.token"), 0o644],
      [join(box.home, "launcher.token"), 0o640],
      [dirname(socket), 0o755],
      [socket, 0o666],
    ] as const) {
      const before = statSync(file).mode & 0o777;
      chmodSync(file, mode);
      const found = await problem();
      expect(found.detail).toBe(`${file} is open to other users`);
      follow(found);
      expect(statSync(file).mode & 0o777).toBe(before);
      await fine();
    }
  });

  it("a token that is empty is made anew", async () => {
    await fine();
    const file = join(box.home, "launcher.token");
    writeFileSync(file, "");
    const found = await problem();
    expect(found.remedy).toMatch(/^Stop the daemon and remove it/);
    await box.cli(["daemon", "stop"], { env: { XDG_RUNTIME_DIR: runtime } });
    follow(found);
    await fine();
    expect(readFileSync(file, "utf8")).not.toBe("");
  });

  it("says how little room there is, with a daemon and without one", async () => {
    mkdirSync(box.home);
    // Only root may; test/cli/fullDisk says so at more length.
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=40m,mode=0700", "tmpfs", box.home]);
    try {
      const found = await problem();
      expect(found).toMatchObject({ what: "disk", remedy: expect.stringMatching(/^Free some space/) });
      expect(found.detail).toMatch(/^\d+ MB free where the data folder is$/);
      await box.cli(["daemon", "stop"], { env: { XDG_RUNTIME_DIR: runtime } });
      await untilGone(daemon() ?? 0);
      // No file can be a database there, so no daemon can start.
      rmSync(join(box.home, "daemon.lock"), { force: true });
      mkdirSync(join(box.home, "daemon.lock"));
      const { code, problems } = await doctor();
      expect({ code, what: problems.map(({ what }) => what) }).toEqual({ code: 1, what: ["daemon", "disk"] });
      expect(line(problems, "disk")?.detail).toMatch(/^[\d.]+ MB free where the data folder is$/);
      expect(line(problems, "daemon")?.detail).toContain("daemon.lock can't be taken");
    } finally {
      await box.cli(["daemon", "stop"], { env: { XDG_RUNTIME_DIR: runtime } });
      execFileSync("umount", ["--lazy", box.home]);
    }
  });

  it("refuses a data folder on a network's disk, and says where else to have it", async () => {
    // What the system says of the disk is all that is not real here.
    const preload = join(box.folder, "nfs.mjs");
    writeFileSync(
      preload,
      `import fs from "node:fs/promises";
       import { syncBuiltinESMExports } from "node:module";
       const { statfs } = fs;
       fs.statfs = async (...args) => Object.assign(await statfs(...args), { type: 0x6969 });
       syncBuiltinESMExports();`,
    );
    const found = await problem({ NODE_OPTIONS: `--import=${preload}` });
    expect(found.what).toBe("daemon");
    expect(found.detail).toContain(
      `The data folder ${box.home} lies on a network file system (NFS), where locks`,
    );
    expect(found.remedy).toBe("Set OCVIBE_HOME to a local folder.");
    expect(box.processes()).toEqual([]);
    await fine();
  });

  it("says what a folder is that can't be one, while no daemon can start", async () => {
    const file = join(box.folder, "a file");
    writeFileSync(file, "");
    const { code, problems, lines } = await doctor({ OCVIBE_HOME: file });
    expect(code).toBe(1);
    expect(problems.map(({ what }) => what)).toEqual(expect.arrayContaining(["data folder", "daemon"]));
    for (const { remedy } of problems) expect(remedy).toMatch(/OCVIBE_HOME/);
    expect(line(lines, "git")?.ok).toBe(true);
    await fine({ OCVIBE_HOME: box.home });
  });

  // It takes as long as a client waits for its daemon.
  it.runIf(full)(
    "names a daemon that holds the data and does not answer, and how to end it",
    async () => {
      await fine();
      const pid = daemon();
      process.kill(pid, "SIGSTOP");
      const { code, problems } = await doctor();
      expect(code).toBe(1);
      const [hung] = problems.filter(({ detail }) => detail.includes(String(pid)));
      follow(hung as Line);
      await untilGone(pid);
      await fine();
      expect(daemon()).not.toBe(pid);
    },
    120_000,
  );

  it("says when the daemon is of another version", async () => {
    await fine();
    const pid = daemon();
    const file = join(box.home, "daemon.json");
    const address = JSON.parse(readFileSync(file, "utf8"));
    writeFileSync(file, JSON.stringify({ ...address, version: "0.0.9" }));
    const { code, lines } = await doctor();
    const other = line(lines, "daemon");
    expect({ code, note: other?.note }).toEqual({ code: 0, note: true });
    expect(other?.detail).toMatch(/^version 0\.0\.9, .*; this program is 0\.1\.0$/);
    writeFileSync(file, JSON.stringify({ ...address, protocol: 0 }));
    const old = (await doctor()).problems.filter(({ detail }) => detail.includes("too old"));
    follow(old[0] as Line);
    await untilGone(pid);
    await fine();
    writeFileSync(file, JSON.stringify({ ...address, pid: daemon(), protocol: 99 }));
    const fresh = await doctor();
    expect(fresh.problems.map(({ detail }) => detail)).toContainEqual(expect.stringMatching(/too new/));
    const last = daemon();
    process.kill(last, "SIGTERM");
    await untilGone(last);
  });

  it("finds a damaged store, whether or not a daemon can start on it, and a backup mends it", async () => {
    await fine();
    const client = await box.client();
    const description = "x".repeat(50_000);
    for (let i = 0; i < 10; i++) {
      const { id } = await client.hive.create({ project: box.repo, title: `cell ${i}`, description });
      // What is done is not read when a daemon starts.
      await client.hive.close({ project: box.repo, id });
    }
    const stop = () => box.cli(["daemon", "stop"], { env: { XDG_RUNTIME_DIR: runtime } });
    await stop();
    const store = join(box.home, "store.db");
    const backup = join(box.folder, "backup.db");
    copyFileSync(store, backup);
    for (const [what, isHit] of [
      // The chains of pages that long values are.
      ["store", (page: Buffer) => page.subarray(100).every((byte) => byte === 0x78)],
      ["daemon", (_: Buffer, index: number) => index > 10 && index % 3 === 0],
    ] as const) {
      const bytes = readFileSync(backup);
      for (let at = 0; at < bytes.length; at += 4096) {
        if (isHit(bytes.subarray(at, at + 4096), at / 4096)) bytes.fill(0x5a, at, at + 64);
      }
      writeFileSync(store, bytes);
      const { code, problems } = await doctor();
      expect(code).toBe(1);
      const found = problems.find((each) => each.what === what);
      expect(found?.remedy, JSON.stringify(problems)).toMatch(/restore store\.db from a backup/);
      await stop();
      for (const name of ["store.db-wal", "store.db-shm"]) rmSync(join(box.home, name), { force: true });
      copyFileSync(backup, store);
      await fine();
      expect(await (await box.client()).hive.list({ project: box.repo })).toHaveLength(10);
      await stop();
    }
  });

  it("judges git, and takes another one that is on the PATH", async () => {
    const old = await doctor({ PATH: path(program("git", "git version 2.20.1")) });
    const remedy = "Install git 2.38 or newer.";
    expect(old).toMatchObject({
      code: 1,
      problems: [
        { what: "git", detail: "2.20.1", remedy },
        {
          what: "repository",
          remedy: `${remedy} Then run \`ocvibe daemon stop\`: the daemon keeps the PATH with which it was started.`,
        },
      ],
    });
    await box.cli(["daemon", "stop"], { env: { XDG_RUNTIME_DIR: runtime } });
    await fine();
    const nowhere = await doctor({ PATH: join(box.folder, "nothing") });
    expect(line(nowhere.lines, "git")).toMatchObject({ ok: false, detail: "git was not found on the PATH" });
    expect(judgeGit("git version 3.0.0-rc1")).toMatchObject({ ok: true, detail: "3.0.0" });
    expect(judgeGit("")).toMatchObject({ ok: false, detail: 'git answered ""' });
  });

  it("asks an Ollama server, wherever it is said to be", async () => {
    const server = createServer(({ url }, response) =>
      response.end(url === "/api/version" ? '{"version":"0.9.9\\u001b[2J"}' : "no"),
    ).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const ask = async (host: string) => line((await doctor({ OLLAMA_HOST: host })).lines, "ollama server");
    expect(await ask(`127.0.0.1:${port}`)).toMatchObject({ ok: true, detail: `0.9.9 at 127.0.0.1:${port}` });
    server.removeAllListeners("request").on("request", (_, response) => response.end("[]"));
    expect(await ask(`:${port}`)).toMatchObject({
      note: true,
      detail: expect.stringMatching(/is not Ollama$/),
    });
    expect(await ask("http://[")).toMatchObject({
      note: true,
      detail: expect.stringMatching(/is no address/),
    });
    await new Promise((closed) => server.close(closed));
    for (const [given, url] of [
      [undefined, "http://127.0.0.1:11434/"],
      ["0.0.0.0", "http://127.0.0.1:11434/"],
      ["example.org:1", "http://example.org:1/"],
      ["https://example.org", "https://example.org/"],
      ["http://example.org:80", "http://example.org/"],
    ] as const) {
      expect(ollamaUrl(given)?.href).toBe(url);
    }
  });

  it("tells where sessions can't be told apart", async () => {
    const { lines } = await doctor({ PATH: path(program("opencode", "1.18.33")) });
    expect(line(lines, "opencode")?.detail).toMatch(/^1\.18\.33 \(/);
    expect(line(lines, "sessions")).toMatchObject({ ok: true, note: true });
    const without = await doctor({ PATH: path(program("opencode2", "x")) });
    expect(line(without.lines, "sessions")).toBeUndefined();
  });

  it("judges the repository, and outside of one nothing is wrong", async () => {
    const outside = await doctor({}, box.folder);
    expect(outside.code).toBe(0);
    expect(line(outside.lines, "repository")).toMatchObject({ ok: true, note: true });
    const bare = join(box.folder, "unborn");
    execFileSync("git", ["init", "--quiet", bare]);
    const unborn = await doctor({}, bare);
    expect(unborn).toMatchObject({ code: 1, problems: [{ what: "repository" }] });
    const commit = [
      "-c",
      "user.name=a",
      "-c",
      "user.email=a@b",
      "commit",
      "--quiet",
      "--allow-empty",
      "-m",
      "x",
    ];
    execFileSync("git", commit, { cwd: bare });
    const born = await doctor({}, bare);
    expect(born.code).toBe(0);
    const checks = line(born.lines, "checks");
    expect(checks).toMatchObject({
      note: true,
      remedy: expect.stringMatching(/"test" script to package\.json/),
    });
    box.write({ "package.json": JSON.stringify({ scripts: { test: "node -e 0" } }) }, bare);
    execFileSync("git", ["add", "."], { cwd: bare });
    execFileSync("git", commit, { cwd: bare });
    expect(line((await doctor({}, bare)).lines, "checks")).toEqual({
      what: "checks",
      ok: true,
      detail: "test",
    });
  });
});
