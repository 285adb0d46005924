/** Plans and planners that can't be used: each is refused before anything is made, with its fault named. */
import { afterAll, assert, beforeAll, describe, it } from "vitest";
import { Sandbox } from "../support/sandbox.ts";
import { assertRefused, jsonErrorOf, leavingUntouched, swarmsOf, unasked, workLeft } from "./refusals.ts";

let box: Sandbox;
beforeAll(() => {
  box = new Sandbox();
  box.commit({
    ".hive/config.json": JSON.stringify({ checks: ["node check.mjs"] }),
    "check.mjs": "",
    "src/a.js": "1\n",
    "src/b.js": "1\n",
  });
});
afterAll(async () => {
  assert.deepStrictEqual(await swarmsOf(box), [], "a swarm was half made");
  assert.deepStrictEqual(workLeft(box), []);
  assert.deepStrictEqual(await box.end(), [], "processes were left behind");
});

/** Starts without a question, and the user's repository must be as it was. */
const start = (...args: ReadonlyArray<string>) =>
  leavingUntouched(box.repo, () => box.cli(["start", ...args, ...unasked]));

const subtask = (title: string, files: ReadonlyArray<string>, dependencies: ReadonlyArray<number> = []) => ({
  title,
  files,
  dependencies,
  estimated_complexity: 1,
  agent: "command:node --version",
});
const planOf = (...subtasks: ReadonlyArray<unknown>) => ({ epic: { title: "Bad" }, subtasks });
const { agent: _, ...withoutAgent } = subtask("One", ["src/a.js"]);
const { estimated_complexity: __, ...withoutComplexity } = subtask("One", ["src/a.js"]);
const withAgent = (agent: string) => planOf({ ...withoutAgent, agent });

const faulty: ReadonlyArray<readonly [name: string, plan: unknown, ...says: ReadonlyArray<string>]> = [
  ["is not JSON", "{ epic: ", "it is not JSON (Expected property name"],
  ["is empty", "", "it is not JSON (Unexpected end"],
  ["is a list", [], "it must be a JSON object"],
  [
    "has an unknown field",
    { ...planOf(subtask("One", ["src/a.js"])), colour: "red" },
    'colour: unknown field "colour"',
  ],
  [
    "has an unknown field in a subtask",
    planOf({ ...subtask("One", ["src/a.js"]), owner: "me" }),
    'subtasks[0].owner (subtask "One"): unknown field "owner"',
  ],
  [
    "lacks a field",
    planOf(withoutComplexity),
    'subtasks[0].estimated_complexity (subtask "One"): the field "estimated_complexity" is missing',
  ],
  ["has no subtasks", planOf(), "subtasks: the plan has no subtasks; add at least one"],
  [
    "has a cycle",
    planOf(subtask("One", ["src/a.js"], [1]), subtask("Two", ["src/b.js"], [0])),
    'wait for one another: subtasks[0] "One" → subtasks[1] "Two" → subtasks[0] "One"',
  ],
  [
    "waits for itself",
    planOf(subtask("One", ["src/a.js"], [0])),
    'wait for one another: subtasks[0] "One" → subtasks[0] "One"',
  ],
  [
    "waits for a subtask that is not there",
    planOf(subtask("One", ["src/a.js"], [7])),
    'subtasks[0] "One": depends on subtask 7, and there is only 0',
  ],
  [
    "has two subtasks that may write the same file, and no order",
    planOf(subtask("One", ["src/**"]), subtask("Two", ["src/b.js"])),
    'subtasks[0] "One" and subtasks[1] "Two": both may change the same files ("src/**" and "src/b.js")',
    "add a dependency or split the files",
  ],
  [
    "names an absolute path",
    planOf(subtask("One", ["/etc/passwd"])),
    'subtasks[0] "One": the pattern "/etc/passwd" is absolute; patterns are relative to the repository\'s root.',
  ],
  [
    "leaves the repository",
    planOf(subtask("One", ["../other/x"])),
    'subtasks[0] "One": the pattern "../other/x" leaves the repository with "..".',
  ],
  [
    "leaves the repository later in a path",
    planOf(subtask("One", ["src/../../x"])),
    'the pattern "src/../../x" leaves the repository',
  ],
  ["names no files", planOf(subtask("One", [])), 'subtasks[0] "One": names no files; say which'],
  [
    "names an agent of no known kind",
    withAgent("magic"),
    'the agent "magic" is of no known kind; write command:PROG',
  ],
  [
    "names a program that is not there",
    withAgent("command:no-such-program-here x"),
    "the agent's program no-such-program-here was not found on the PATH; install it, or give its full path",
  ],
  [
    "names a file that is no program",
    withAgent("command:./src/a.js"),
    "the agent's program ./src/a.js was not found or is not executable",
  ],
  [
    "names no agent",
    planOf(withoutAgent),
    'names no agent; give it one ("agent"), or one for all (--agent command:PROG, in the editor vibe.agent)',
  ],
];

describe("a plan that", () => {
  for (const [name, plan, ...says] of faulty) {
    it(name, async () => {
      const file = box.plan(plan);
      const result = await start("--plan", file);
      assertRefused(result, {
        code: 2,
        says: [`The plan ${file} can't be used: `, ...says, "Correct it and start again."],
      });
      assert.strictEqual(result.stdout, "");
    });
  }

  it("has several faults is told all of them", async () => {
    const plan = planOf(subtask("One", ["/a"], [4]), subtask("Two", []));
    const says = [
      "can't be used: ",
      "(and 2 more)",
      "\n  ",
      "depends on subtask 4",
      "\n  ",
      "is absolute",
      "\n  ",
      "names no files",
    ];
    assertRefused(await start("--plan", box.plan(plan)), { code: 2, says });
  });

  it("has several faults gives them to a program with --json", async () => {
    const file = box.plan(planOf(subtask("One", ["/a"], [4])));
    const result = await start("--plan", file, "--json");
    assert.strictEqual(result.code, 2);
    const { tag, message, faults } = jsonErrorOf(result);
    assert.strictEqual(tag, "InvalidPlan");
    assert.include(message, file);
    assert.deepInclude(faults, {
      where: 'subtasks[0] "One"',
      message: "depends on subtask 4, and there is only 0",
      severity: "error",
      at: [["subtasks", 0, "dependencies", 0]],
    });
    assert.lengthOf(faults as ReadonlyArray<unknown>, 2);
  });

  it("is not there", async () => {
    const says = ["The plan /nowhere/plan.json can't be read (ENOENT). Give the path of a JSON file."];
    assertRefused(await start("--plan", "/nowhere/plan.json"), { code: 2, says });
  });

  it("is a folder", async () => {
    assertRefused(await start("--plan", box.folder), { code: 2, says: ["can't be read (EISDIR)"] });
  });

  it("is larger than --max-subtasks allows", async () => {
    const file = box.plan(planOf(subtask("One", ["src/a.js"]), subtask("Two", ["src/b.js"])));
    const says = ["The plan has 2 subtasks, and --max-subtasks allows 1. Allow more, or plan fewer."];
    assertRefused(await start("--plan", file, "--max-subtasks", "1"), { code: 2, says });
  });
});

describe("a planner that", () => {
  const planners: ReadonlyArray<
    readonly [name: string, spec: () => string, code: 1 | 2, ...says: ReadonlyArray<string>]
  > = [
    [
      "is not there",
      () => "command:no-such-program-here",
      2,
      "The planner can't run: the planner's program no-such-program-here was not found on the PATH; install it",
    ],
    [
      "is of no known kind",
      () => "magic",
      2,
      'The planner can\'t run: the planner "magic" is of no known kind',
    ],
    [
      "fails",
      () => box.agent("fails", 'console.error("no idea"); process.exit(3);'),
      1,
      "fails.mjs ended with exit code 3. Mend it, or write the plan yourself and give --plan FILE. It last printed: no idea",
    ],
    [
      "prints no JSON",
      () => box.agent("chats", 'console.log("Hello there\\nHow are you?");'),
      2,
      "The plan that command:node ",
      "chats.mjs printed can't be used: it is not JSON (Unexpected token",
    ],
    [
      "prints nothing",
      () => box.agent("silent", ""),
      2,
      "silent.mjs printed can't be used: it is not JSON (Unexpected end of JSON input)",
    ],
    [
      "floods its output",
      () =>
        box.agent(
          "floods",
          'const line = "x".repeat(1 << 20); for (let i = 0; i < 100; i++) console.log(line);',
        ),
      1,
      "floods.mjs printed more than 4 MB, which can't be a plan.",
    ],
  ];
  for (const [name, spec, code, ...says] of planners) {
    it(name, async () => {
      assertRefused(await start("A task", "--planner", spec()), { code, says });
    });
  }
});
