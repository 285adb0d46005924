/** Files taken and given by hand, as the built command line does it: sentences, exit codes, and what `--json` prints. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { afterAll, assert, beforeAll, describe, it } from "vitest";
import { type CliResult, programs, Sandbox } from "../support/sandbox.ts";
import { until } from "../support/until.ts";

let box: Sandbox;
const tokens = new Map<string, string>();
beforeAll(async () => {
  box = new Sandbox();
  box.commit({ "src/a.ts": "1\n" });
  await box.startDaemon();
  for (const name of ["BlueLake", "RedFox"]) {
    const { stdout } = await box.cli(["agent", "register", name, "--json"]);
    tokens.set(name, JSON.parse(stdout).token);
  }
});
afterAll(async () => {
  assert.deepStrictEqual(await box.end(), [], "processes were left behind");
});

/** As the person, or as an agent. */
const run = (who: string, ...args: ReadonlyArray<string>): Promise<CliResult> =>
  box.cli(args, { env: { OCVIBE_AGENT_TOKEN: tokens.get(who) ?? "" } });
const errorOf = ({ stderr }: CliResult) => JSON.parse(stderr.trim().split("\n").at(-1) ?? "{}").error;

describe("reserve and release", () => {
  it("print the lease with its token, refuse others with exit 3, and give up only one's own", async () => {
    const taken = await run("BlueLake", "reserve", "src/", "docs/*.md", "--reason", "moving", "--json");
    assert.strictEqual(taken.code, 0, taken.stderr);
    const lease = JSON.parse(taken.stdout);
    assert.include(lease, { holder: "BlueLake", exclusive: true, reason: "moving" });
    assert.deepStrictEqual(lease.patterns, ["src/", "docs/*.md"]);
    assert.isAbove(lease.token, 0);

    const refused = await run("RedFox", "reserve", "src/a.ts");
    assert.strictEqual(refused.code, 3);
    assert.match(refused.stderr, /"src\/a.ts" overlaps "src\/", which BlueLake holds until .*\. Wait for it/);
    const asJson = errorOf(await run("person", "reserve", "src/a.ts", "--json"));
    assert.strictEqual(asJson.tag, "LeaseConflict");
    assert.strictEqual(asJson.conflicts[0].holder, "BlueLake");

    const notMine = await run("RedFox", "release", "src/");
    assert.strictEqual(notMine.code, 2);
    assert.match(notMine.stderr, /RedFox holds no files/);
    const part = await run("BlueLake", "release", "docs/*.md");
    assert.strictEqual(part.stdout, "Released docs/*.md\n");
    const [left] = JSON.parse((await run("person", "reservations", "--json")).stdout);
    assert.deepStrictEqual([left.token, left.patterns], [lease.token, ["src/"]]);
    const rest = await run("BlueLake", "release", "--all", "--json");
    assert.deepStrictEqual(JSON.parse(rest.stdout), ["src/"]);
    assert.match((await run("person", "reservations")).stdout, /Nobody holds any files here/);
  });

  it("wait in the queue when told to; whoever is interrupted leaves it", async () => {
    await run("BlueLake", "reserve", "lib/");
    const waiting = run("RedFox", "reserve", "lib/x.ts", "--wait");
    const queue = async () => (await run("person", "reservations")).stdout;
    await until(async () => /RedFox waits for BlueLake/.test(await queue()));
    const third = spawn(process.execPath, [join(programs, "ocvibe.js"), "reserve", "lib/**", "--wait"], {
      cwd: box.repo,
      env: box.env(),
      stdio: "ignore",
    });
    await until(async () => /person waits for BlueLake and RedFox, who waits too/.test(await queue()));
    const ended = new Promise((resolve) => third.once("exit", resolve));
    third.kill("SIGINT");
    await ended;
    await until(async () => !/person waits/.test(await queue()));
    await run("BlueLake", "release", "--all");
    const got = await waiting;
    assert.strictEqual(got.code, 0);
    assert.match(
      got.stdout,
      /RedFox waits for BlueLake\nReserved lib\/x.ts {2}RedFox, until \d\d:\d\d, token \d+/,
    );
    await run("RedFox", "release", "--all");
  });

  it("refuse what makes no sense, each with a sentence and exit 2", async () => {
    const cases: ReadonlyArray<readonly [ReadonlyArray<string>, RegExp]> = [
      [["reserve", ""], /The pattern "" is empty; name a file/],
      [["reserve", "/etc/passwd"], /The pattern "\/etc\/passwd"/],
      [["reserve", "../x"], /leaves the repository/],
      [["reserve", "a", "--ttl", "0"], /A lease lasts 1 to \d+ whole seconds, not 0/],
      [["reserve", "a", "--ttl", "-5"], /A lease lasts 1 to \d+ whole seconds, not -5/],
      [["reserve", "a", "--ttl", "99999999999"], /A lease lasts 1 to/],
      [["reserve", ...Array.from({ length: 1001 }, (_, n) => `f${n}`)], /1001 patterns are too many/],
      [["reserve"], /Missing required argument: pattern/],
      [["release"], /Name the patterns to release, or say that it is all of them/],
      [["release", "--all", "a"], /and not both/],
      [["handover", "a", "--to", "Nobody"], /Nobody is not at work in this project/],
    ];
    for (const [args, sentence] of cases) {
      const result = await run("person", ...args);
      assert.strictEqual(result.code, 2, `${args[0]} ${args[1]}: ${result.stderr}`);
      assert.match(result.stderr, sentence);
      assert.strictEqual(result.stdout, "");
    }
    assert.deepStrictEqual(JSON.parse((await run("person", "reservations", "--json")).stdout), []);
  });
});

describe("handover and takeover", () => {
  it("give files past the queue, with a greater token; only the person takes", async () => {
    const lease = JSON.parse((await run("BlueLake", "reserve", "src/a.ts", "--json")).stdout);
    const given = await run("BlueLake", "handover", "src/a.ts", "--to", "RedFox", "--json");
    const [next] = JSON.parse(given.stdout);
    assert.strictEqual(next.holder, "RedFox");
    assert.isAbove(next.token, lease.token);
    const agent = await run("BlueLake", "takeover", "src/a.ts");
    assert.strictEqual(agent.code, 1);
    assert.match(agent.stderr, /Only the person may do this/);
    const taken = await run("person", "takeover", "src/", "--reason", "mine now");
    assert.strictEqual(taken.code, 0);
    assert.match(taken.stdout, /^Ended src\/a.ts {2}RedFox.*\nReserved src\/ {2}person.*: mine now\n$/);
    assert.strictEqual((await run("RedFox", "reserve", "src/a.ts")).code, 3);
    await run("person", "release", "--all");
  });
});
