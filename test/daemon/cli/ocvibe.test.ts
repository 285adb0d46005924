/** The built command line as a person and as a script meet it: sentences, JSON, exit codes, questions, Ctrl-C. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pause, programs, Sandbox } from "../../support/sandbox.ts";
import { onTerminal } from "./pseudoTerminal.ts";

const sandbox = new Sandbox();
let plan: string;
let slowPlan: string;

const agent = `
import { writeFileSync } from "node:fs";
const [file, strays, ms] = process.argv.slice(2);
console.log("writing " + file);
await new Promise((resolve) => setTimeout(resolve, Number(ms)));
writeFileSync(file, String(Date.now()));
if (strays === "strays" && process.env.OCVIBE_FINDINGS === undefined) writeFileSync("elsewhere.txt", "no");
`;

const twoSubtasks = (ms: number) => ({
  epic: { title: "Two files" },
  subtasks: ["one", "two"].map((name, index) => ({
    title: `Write ${name}`,
    files: [`${name}.txt`],
    dependencies: index === 0 ? [] : [0],
    estimated_complexity: 1,
    agent: sandbox.agent("agent", agent, `${name}.txt`, index === 0 ? "strays" : "obeys", String(ms)),
  })),
});

beforeAll(() => {
  sandbox.commit({
    ".hive/config.json": JSON.stringify({ checks: ["node check.mjs"] }),
    "check.mjs": "console.log('checked');\n",
    "README.md": "A sandbox.\n",
  });
  plan = sandbox.plan(twoSubtasks(10));
  slowPlan = sandbox.plan(twoSubtasks(60_000), "slow.json");
});

afterAll(async () => {
  expect(await sandbox.end()).toEqual([]);
});

const lastLine = (text: string) => text.trimEnd().split("\n").at(-1) ?? "";
const errorOf = (stderr: string) => JSON.parse(lastLine(stderr)).error;
const approved = ["--yes", "--allow-checks"];

describe("bad usage", () => {
  it.each([
    [["start", "--nonsense"], /--nonsense/],
    [["hive", "show"], /id/],
    [["start"], /nothing to start/],
    [["start", "a task"], /--planner/],
    [["start", "--plan", "absent.json"], /absent\.json can't be read/],
    [["start", "--plan", "x", "--max-workers", "0"], /max-workers/],
    [["answer", "x-1.1"], /--accept or --reject/],
    [["hivee"], /hivee/],
  ])("%j is refused in one sentence, with exit code 2", async (args, sentence) => {
    const plainly = await sandbox.cli(args);
    expect(plainly).toMatchObject({ code: 2, stdout: "" });
    expect(plainly.stderr).toMatch(sentence);
    expect(plainly.stderr.trimEnd().split("\n").length).toBeLessThanOrEqual(2);
    const json = await sandbox.cli([...args, "--json"]);
    expect(json).toMatchObject({ code: 2, stdout: "" });
    expect(errorOf(json.stderr)).toMatchObject({
      tag: "InvalidInput",
      message: expect.stringMatching(sentence),
    });
  });

  it("starts no daemon", () => {
    expect(sandbox.daemonPid()).toBeUndefined();
  });

  it("says that no daemon runs with exit code 4", async () => {
    const result = await sandbox.cli(["daemon", "status", "--json"]);
    expect(result.code).toBe(4);
    expect(errorOf(result.stderr).tag).toBe("DaemonUnreachable");
    expect(await sandbox.cli(["daemon", "stop"])).toMatchObject({
      code: 0,
      stdout: "No daemon was running.\n",
    });
  });

  it("names the directory that is no repository", async () => {
    const result = await sandbox.cli(["status", "--project", sandbox.home]);
    expect(result.code).toBe(2);
    expect(result.stderr).toContain(sandbox.home);
  });
});

describe("start without a terminal", () => {
  it("needs the yes to the plan and to the commands as flags, and changes nothing without", async () => {
    const unasked = await sandbox.cli(["start", "--plan", plan]);
    expect(unasked).toMatchObject({ code: 2, stderr: expect.stringMatching(/add --yes and --allow-checks/) });
    const unchecked = await sandbox.cli(["start", "--plan", plan, "--yes", "--json"]);
    expect(unchecked).toMatchObject({ code: 2, stdout: "" });
    expect(errorOf(unchecked.stderr)).toMatchObject({
      tag: "ChecksNotApproved",
      checks: [{ text: "node check.mjs" }],
    });
    const nothing = await sandbox.cli(["status", "--json"]);
    expect(errorOf(nothing.stderr)).toMatchObject({ tag: "NotFound" });
    expect(sandbox.git("status", "--porcelain")).toBe("");
  });

  it("prints one object with --json, and all else on standard error", async () => {
    const result = await sandbox.cli(["start", "--plan", plan, ...approved, "--json"]);
    expect(result.code).toBe(0);
    const view = JSON.parse(result.stdout);
    expect(view).toMatchObject({ title: "Two files", status: "ready" });
    expect(result.stderr).toMatch(/refused: elsewhere\.txt was added/);
    expect(result.stderr).not.toContain("\u001b");

    const one = JSON.parse((await sandbox.cli(["status", view.epic, "--json"])).stdout);
    expect(one.epic).toBe(view.epic);
    const inbox = JSON.parse((await sandbox.cli(["inbox", "--json"])).stdout);
    expect(inbox).toMatchObject([{ kind: "land", epic: view.epic }]);

    const unasked = await sandbox.cli(["land", view.epic]);
    expect(unasked).toMatchObject({ code: 2, stderr: expect.stringMatching(/add --yes/) });
    sandbox.write({ "one.txt": "mine" });
    const refused = await sandbox.cli(["land", view.epic, "--yes", "--json"]);
    expect(refused.code).toBe(1);
    expect(errorOf(refused.stderr)).toMatchObject({ tag: "LandingRefused", paths: ["one.txt"] });
    sandbox.git("clean", "--force", "--quiet");
    const landed = await sandbox.cli(["land", view.epic, "--yes", "--json"]);
    expect(landed.code).toBe(0);
    expect(JSON.parse(landed.stdout).status).toBe("landed");
    expect(sandbox.git("rev-parse", "main")).toBe(view.head);
  });

  it("tells who did what and what was refused, and the printed commands work", async () => {
    const result = await sandbox.cli(["start", "--plan", plan, ...approved]);
    expect(result.code).toBe(0);
    expect(result.stdout).toMatch(
      /1\. Write one: \w+, 2 attempts, .*one\.txt\n {6}attempt 1 \(\w+\) was refused:/,
    );
    const discard = /discard it {2}(.*)/.exec(result.stdout)?.[1] ?? "";
    const shell = spawn("sh", ["-c", discard], { cwd: sandbox.repo, env: sandbox.env(), stdio: "ignore" });
    expect(await new Promise((resolve) => shell.on("close", resolve))).toBe(0);
    expect((await sandbox.cli(["inbox"])).stdout).toBe("Nothing waits for you in this project.\n");
  });

  it("lands by itself with --land", async () => {
    const result = await sandbox.cli(["start", "--plan", plan, ...approved, "--land", "--json"]);
    expect(result.code).toBe(0);
    expect(JSON.parse(result.stdout).status).toBe("landed");
  });

  it("leaves the swarm running at Ctrl-C and says how to come back", async () => {
    const child = spawn(
      process.execPath,
      [join(programs, "ocvibe.js"), "start", "--plan", slowPlan, ...approved],
      {
        cwd: sandbox.repo,
        env: sandbox.env(),
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    let stdout = "";
    child.stdout.on("data", (chunk) => {
      stdout += chunk;
    });
    while (!stdout.includes("started on")) await pause(20);
    child.kill("SIGINT");
    expect(await new Promise((resolve) => child.on("close", resolve))).toBe(130);
    expect(stdout).toMatch(
      /goes on without this window\.\n {2}watch it .* status \S+ --watch\n {2}resume it .*\n {2}cancel it /,
    );
    expect(JSON.parse((await sandbox.cli(["status", "--json"])).stdout)).toContainEqual(
      expect.objectContaining({ status: "running" }),
    );
    expect((await sandbox.cli(["reservations"])).stdout).toContain("one.txt  ");
    expect(await sandbox.cli(["cancel"])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("is cancelled"),
    });
    expect(await sandbox.cli(["cancel"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("no swarm to cancel"),
    });
  });
});

describe("start on a terminal", () => {
  const start = [process.execPath, join(programs, "ocvibe.js"), "start", "--plan"];
  const run = (typed: ReadonlyArray<{ readonly after: string; readonly keys: string }>, file = plan) =>
    onTerminal([...start, file], { cwd: sandbox.repo, env: sandbox.env(), typed });

  it("asks, shows the workers in place, asks before it lands, and gives the cursor back", async () => {
    const { code, screen } = await run([
      { after: "Start? [y/N]", keys: "y\n" },
      { after: "on main? [y/N]", keys: "y\n" },
    ]);
    expect(code).toBe(0);
    expect(screen).toContain("\u001b[?25l");
    expect(screen.lastIndexOf("\u001b[?25h")).toBeGreaterThan(screen.lastIndexOf("\u001b[?25l"));
    const text = stripVTControlCharacters(screen);
    expect(text).toMatch(/1 Write one +working/);
    expect(text).toMatch(/: landed on main, as [0-9a-f]{7}/);
  });

  it("takes anything but a yes for a no", async () => {
    const { code, screen } = await run([{ after: "Start? [y/N]", keys: "\n" }]);
    expect(code).toBe(1);
    expect(screen).toContain("Nothing was started, and nothing was changed.");
  });

  it("ends at Ctrl-C, at the question and while it watches", async () => {
    const asked = await run([{ after: "Start? [y/N]", keys: "\u0003" }]);
    expect(asked.code).toBe(130);
    expect(asked.screen).toContain("Nothing was started");
    const watched = await run(
      [
        { after: "Start? [y/N]", keys: "y\n" },
        { after: "0/2 merged", keys: "\u0003" },
      ],
      slowPlan,
    );
    expect(watched.code).toBe(130);
    expect(watched.screen.lastIndexOf("\u001b[?25h")).toBeGreaterThan(
      watched.screen.lastIndexOf("\u001b[?25l"),
    );
    expect(watched.screen).toContain("goes on without this window.");
    expect((await sandbox.cli(["cancel"])).code).toBe(0);
  });
});

describe("the rest", () => {
  it("prints a created cell as its own object, and lists as arrays", async () => {
    const created = JSON.parse((await sandbox.cli(["hive", "create", "Mend the roof", "--json"])).stdout);
    expect(created).toMatchObject({ id: expect.any(String), title: "Mend the roof" });
    const list = JSON.parse((await sandbox.cli(["--json", "hive", "list"])).stdout);
    expect(list.map((cell: { id: string }) => cell.id)).toContain(created.id);
    expect((await sandbox.cli(["hive", "show", created.id])).stdout).toContain("Mend the roof");
    expect(await sandbox.cli(["hive", "show", "nope-1"])).toMatchObject({ code: 2 });
  });

  it("reads the log from a number and by type", async () => {
    const landed = JSON.parse((await sandbox.cli(["events", "--type", "landed", "--json"])).stdout);
    expect(landed).toHaveLength(3);
    const from = landed[1].seq;
    const later = JSON.parse((await sandbox.cli(["events", "--from", String(from), "--json"])).stdout);
    expect(later[0].seq).toBe(from);
  });

  it("finds every projection as it was, and this machine in order", async () => {
    const rebuilt = await sandbox.cli(["rebuild", "--json"]);
    expect(rebuilt.code).toBe(0);
    expect(JSON.parse(rebuilt.stdout).length).toBeGreaterThan(0);
    const doctor = await sandbox.cli(["doctor", "--json"]);
    expect(JSON.parse(doctor.stdout).filter((line: { ok: boolean }) => !line.ok)).toEqual([]);
    expect(doctor.code).toBe(0);
  });

  it("ends the daemon and waits until it is gone", async () => {
    const pid = sandbox.daemonPid();
    expect(JSON.parse((await sandbox.cli(["daemon", "status", "--json"])).stdout).pid).toBe(pid);
    expect(JSON.parse((await sandbox.cli(["daemon", "stop", "--json"])).stdout)).toEqual({ pid });
    expect(sandbox.daemonPid()).toBeUndefined();
  });
});
