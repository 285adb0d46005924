/** Commands that are used wrongly: unknown words, bad values, missing approvals, ids that nobody knows, an old Node. */
import { spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { afterAll, assert, beforeAll, describe, it } from "vitest";
import { type CliResult, programs, Sandbox } from "../support/sandbox.ts";
import { assertRefused, jsonErrorOf, leavingUntouched, swarmsOf, workLeft } from "./refusals.ts";

let box: Sandbox;
let plan: string;
beforeAll(() => {
  box = new Sandbox();
  box.commit({
    ".hive/config.json": JSON.stringify({ checks: ["node check.mjs"] }),
    "check.mjs": "",
    "src/a.js": "1\n",
  });
  plan = box.plan({
    epic: { title: "Fine" },
    subtasks: [
      {
        title: "One",
        files: ["src/a.js"],
        dependencies: [],
        estimated_complexity: 1,
        agent: "command:node --version",
      },
    ],
  });
});
afterAll(async () => {
  assert.deepStrictEqual(await swarmsOf(box), [], "a swarm was half made");
  assert.deepStrictEqual(workLeft(box), []);
  assert.deepStrictEqual(await box.end(), [], "processes were left behind");
});

const run = (args: ReadonlyArray<string>) => leavingUntouched(box.repo, () => box.cli(args));

const usage: ReadonlyArray<readonly [args: ReadonlyArray<string>, ...says: ReadonlyArray<string>]> = [
  [
    ["strat"],
    'Unknown subcommand "strat" for "ocvibe". Did you mean this? start state',
    "\nUsage: ocvibe <subcommand>",
  ],
  [
    ["start", "--pln", "x"],
    "Unrecognized flag: --pln in command ocvibe start. Did you mean this? --plan",
    "\nUsage: ocvibe start",
  ],
  [["start", "--plan"], "Missing value for flag --plan. Expected: FILE.", "\nUsage: ocvibe start"],
  [
    ["start", "--max-workers", "0"],
    'Invalid value for flag --max-workers: "0". Expected: a whole number, at least 1.',
  ],
  [
    ["start", "--max-workers", "-1"],
    'Invalid value for flag --max-workers: "-1". Expected: a whole number, at least 1.',
  ],
  [["start", "--max-workers", "many"], 'Invalid value for flag --max-workers: "many". Expected'],
  [["start", "--max-workers", "1.5"], 'Invalid value for flag --max-workers: "1.5". Expected an integer.'],
  [["land"], "Missing required argument: epic.", "\nUsage: ocvibe land [flags] <epic>"],
  [
    ["start"],
    "There is nothing to start: give a plan with --plan FILE, or a task in quotes with --planner command:PROG.",
  ],
  [["start", "A task"], "A task needs a planner: add --planner command:PROG"],
  [["status", "nope-1"], "There is no swarm nope-1 in this project; `status` lists them."],
  [["land", "nope-1", "--yes"], "There is no swarm nope-1 in this project; `status` lists them."],
  [["cancel", "nope-1"], "There is no swarm nope-1 in this project"],
  [["resume", "nope-1"], "There is no swarm nope-1 in this project"],
  [["discard", "nope-1"], "There is no swarm nope-1 in this project"],
  [["answer", "nope-1", "--accept"], "nope-1 waits for no answer; `inbox` lists what does."],
  [["cancel"], "This project has no swarm to cancel. `"],
  [["resume"], "This project has no swarm to resume. `"],
  [["hive", "show", "nope-1"], "There is no cell nope-1 in this project; `hive list` shows them."],
];

describe("the command line refuses", () => {
  // The project is known from here on, so that what is not found is the swarm.
  beforeAll(async () => {
    const { code, stderr } = await box.cli(["hive", "create", "A cell"]);
    assert.strictEqual(code, 0, stderr);
  });
  for (const [args, ...says] of usage) {
    it(`ocvibe ${args.join(" ")}`, async () => {
      const result = await run(args);
      assertRefused(result, { code: 2, says });
      assert.strictEqual(result.stdout, "");
    });
  }

  it("the same with --json, as one object", async () => {
    for (const [args, tag, message] of [
      [["strat"], "InvalidInput", 'Unknown subcommand "strat" for "ocvibe". Did you mean this? start state'],
      [["status", "nope-1"], "NotFound", "There is no swarm nope-1 in this project; `status` lists them."],
    ] as const) {
      const result = await run([...args, "--json"]);
      assert.strictEqual(result.code, 2);
      assert.deepStrictEqual(jsonErrorOf(result), { tag, message });
    }
  });
});

describe("without a terminal to ask on, start refuses", () => {
  const begin = (...flags: ReadonlyArray<string>) => run(["start", "--plan", plan, ...flags]);

  it("a plan that nobody approved", async () => {
    const says = [
      "Starting needs your yes, and there is no terminal to ask on: look at the plan, then add --yes and --allow-checks.",
    ];
    assertRefused(await begin(), { code: 2, says });
    assertRefused(await begin("--allow-checks"), { code: 2, says: ["look at the plan, then add --yes."] });
  });

  it("commands of the repository that nobody approved, and shows them", async () => {
    const says = [
      "only after you approved their exact text (node check.mjs). Read them, then add --allow-checks.",
    ];
    assertRefused(await begin("--yes"), { code: 2, says: [...says, "\n  ", "node check.mjs"] });
    const { tag, checks } = jsonErrorOf(await begin("--yes", "--json"));
    assert.strictEqual(tag, "ChecksNotApproved");
    assert.deepInclude((checks as ReadonlyArray<object>)[0], {
      name: "node check.mjs",
      argv: ["node", "check.mjs"],
    });
  });

  it("to waive a check that is not there", async () => {
    const says = ['There is no check "nothing" to waive; there are: node check.mjs.'];
    assertRefused(await begin("--yes", "--allow-checks", "--waive", "nothing"), { code: 2, says });
  });
});

describe("an old Node", () => {
  const bundles = [
    ["ocvibe.js", "ocvibe"],
    ["daemon.js", "The daemon"],
  ] as const;
  const sentence = (name: string, version: string) =>
    `${name} needs Node 24 or newer, and this is ${version}. Install a newer Node and run it with that.\n`;
  const runWith = (bundle: string, node: string, ...flags: ReadonlyArray<string>): CliResult => {
    const home = join(box.folder, "old-home");
    const args = [...flags, join(programs, bundle), "start", "--plan", plan];
    const { status, stdout, stderr } = spawnSync(node, args, {
      cwd: box.repo,
      env: box.env({ OCVIBE_HOME: home }),
      encoding: "utf8",
    });
    assert.isFalse(existsSync(home), "no data folder is made");
    return { code: status, stdout, stderr };
  };

  it("is told apart by its version", async () => {
    const preload = join(box.folder, "old.cjs");
    writeFileSync(
      preload,
      'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "22.11.0" } });',
    );
    await leavingUntouched(box.repo, async () => {
      for (const [bundle, name] of bundles) {
        const stderr = sentence(name, "22.11.0");
        const result = runWith(bundle, process.execPath, "--require", preload);
        assert.deepStrictEqual(result, { code: 2, stdout: "", stderr });
      }
    });
  });

  // A real one can read the program far enough to say it. Not every machine has one.
  const old = olderNode();
  it.skipIf(old === undefined)("really runs the bundles that far", () => {
    const { path, version } = old as OlderNode;
    for (const [bundle, name] of bundles) {
      const stderr = sentence(name, version);
      assert.deepStrictEqual(runWith(bundle, path), { code: 2, stdout: "", stderr });
    }
  });
});

interface OlderNode {
  readonly path: string;
  readonly version: string;
}

/** A Node before 24 on the PATH. */
function olderNode(): OlderNode | undefined {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/local/bin", "/usr/bin"];
  for (const folder of folders) {
    const path = join(folder, "node");
    if (!existsSync(path)) continue;
    const version = spawnSync(path, ["-p", "process.versions.node"], { encoding: "utf8" }).stdout.trim();
    if (/^\d+\./.test(version) && Number.parseInt(version, 10) < 24) return { path, version };
  }
  return undefined;
}
