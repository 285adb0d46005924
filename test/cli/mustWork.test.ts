/**
 * States of a repository and habits of agents that are no fault of anybody's: a swarm runs and lands all the same,
 * and whatever of the user's it has nothing to do with stays as it is.
 */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, afterEach, assert, beforeAll, describe, it } from "vitest";
import type { SwarmView } from "../../shared/contract/swarmRoutes.ts";
import { makeRepository, userGit } from "../support/gitFixture.ts";
import { Sandbox } from "../support/sandbox.ts";
import { leavingUntouched, unasked, workLeft } from "./refusals.ts";

let box: Sandbox;
beforeAll(() => {
  box = new Sandbox();
});
afterEach(() => {
  assert.deepStrictEqual(workLeft(box), [], "a checkout was left behind");
});
afterAll(async () => {
  assert.deepStrictEqual(await box.end(), [], "processes were left behind");
});

const prelude = `
import * as fs from "node:fs";
import { dirname } from "node:path";
import { execFileSync } from "node:child_process";
const write = (path, text) => { fs.mkdirSync(dirname(path), { recursive: true }); fs.writeFileSync(path, text); };
const git = (...args) => execFileSync("git", args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
`;
let number = 0;
/** A plan of one subtask, whose agent runs this code. */
const planFor = (code: string, files: ReadonlyArray<string> = ["src/a.js"], name = "plan.json"): string => {
  const agent = box.agent(`agent-${++number}`, prelude + code);
  mkdirSync(dirname(join(box.folder, name)), { recursive: true });
  return box.plan(
    {
      epic: { title: "Fine" },
      subtasks: [{ title: "One", files, dependencies: [], estimated_complexity: 1, agent }],
    },
    name,
  );
};
const edits = 'write("src/a.js", "2\\n");';

const repository = async (name: string, extra: Readonly<Record<string, string>> = {}): Promise<string> => {
  const path = join(box.folder, name);
  await makeRepository(path, {
    ".hive/config.json": JSON.stringify({ checks: ["node check.mjs"] }),
    "check.mjs": "",
    "src/a.js": "1\n",
    "src/b.js": "1\n",
    ...extra,
  });
  return path;
};

/** Runs a command that must succeed, and gives what it prints with `--json`. */
const run = async (args: ReadonlyArray<string>, options: Parameters<Sandbox["cli"]>[1]) => {
  const { code, stdout, stderr } = await box.cli([...args, "--json"], options);
  assert.strictEqual(code, 0, stderr);
  return { view: JSON.parse(stdout) as SwarmView, said: stderr };
};
const start = (cwd: string, plan: string, ...flags: ReadonlyArray<string>) =>
  run(["start", "--plan", plan, ...unasked, ...flags], { cwd });
const land = (cwd: string, { epic }: SwarmView) => run(["land", epic, "--yes"], { cwd });

describe("a repository", () => {
  it("with a detached HEAD gets a branch, and HEAD stays", async () => {
    const repo = await repository("detached");
    userGit(repo, "checkout", "--quiet", "--detach");
    const head = readFileSync(join(repo, ".git/HEAD"), "utf8");
    const { view } = await leavingUntouched(repo, () => start(repo, planFor(edits)));
    assert.strictEqual(view.status, "ready");
    const landed = await land(repo, view);
    assert.strictEqual(landed.view.status, "landed");
    assert.strictEqual(readFileSync(join(repo, ".git/HEAD"), "utf8"), head);
    assert.strictEqual(readFileSync(join(repo, "src/a.js"), "utf8"), "1\n");
    assert.strictEqual(userGit(repo, "show", `swarm/${view.epic}:src/a.js`), "2\n");
    assert.strictEqual(userGit(repo, "show", "main:src/a.js"), "1\n");
    assert.strictEqual(userGit(repo, "status", "--porcelain"), "");
  });

  it("with changes, staged and not, untracked files and a stash keeps them", async () => {
    const repo = await repository("dirty", { "src/staged.js": "1\n", "src/stashed.js": "1\n" });
    box.write({ "src/stashed.js": "set aside\n" }, repo);
    userGit(repo, "stash", "--quiet");
    box.write({ "src/staged.js": "staged\n" }, repo);
    userGit(repo, "add", "src/staged.js");
    box.write({ "src/b.js": "mine\n", "new file.txt": "untracked\n", "src/staged.js": "and more\n" }, repo);
    const mine = () => [
      userGit(repo, "status", "--porcelain"),
      userGit(repo, "diff"),
      userGit(repo, "diff", "--cached"),
      userGit(repo, "stash", "list", "--format=%H"),
      readFileSync(join(repo, "new file.txt"), "utf8"),
    ];
    const before = mine();
    const sees = 'if (fs.readFileSync("src/b.js", "utf8") !== "1\\n") process.exit(1);';
    const { view, said } = await leavingUntouched(repo, () => start(repo, planFor(sees + edits)));
    for (const path of ["src/b.js", "src/staged.js", "new file.txt"]) {
      assert.include(said, path, "it says which changes the agents do not see");
    }
    assert.strictEqual((await land(repo, view)).view.status, "landed");
    assert.strictEqual(readFileSync(join(repo, "src/a.js"), "utf8"), "2\n");
    assert.deepStrictEqual(mine(), before);
    userGit(repo, "fsck", "--strict");
  });

  it("whose changes the work would overwrite is left alone, and lands later", async () => {
    const repo = await repository("in-the-way");
    box.write({ "src/a.js": "mine\n" }, repo);
    const { view } = await leavingUntouched(repo, () => start(repo, planFor(edits)));
    const refused = await leavingUntouched(repo, () => box.cli(["land", view.epic, "--yes"], { cwd: repo }));
    assert.strictEqual(refused.code, 1);
    assert.include(refused.stderr, "src/a.js");
    userGit(repo, "checkout", "--", "src/a.js");
    assert.strictEqual((await land(repo, view)).view.status, "landed");
    assert.strictEqual(readFileSync(join(repo, "src/a.js"), "utf8"), "2\n");
  });

  it("whose paths, its own and its files', have spaces and letters beyond ASCII", async () => {
    const repo = await repository("mein Repo ä 日本/-'quoted\" $HOME", {
      "src/übung 1.js": "1\n",
      "-dash.txt": "1\n",
    });
    const names = ["src/übung 1.js", "neu/日本語 file.txt", "-dash.txt", 'a "quoted" $(name).txt'];
    const code = `for (const name of ${JSON.stringify(names)}) write("./" + name, "2\\n");`;
    const plan = planFor(code, names, "Pläne und mehr/ein plan.json");
    const options = { cwd: box.folder, env: { OCVIBE_HOME: join(box.folder, "Daten ö 'und' mehr") } };
    const { view } = await run(["start", "--plan", plan, "--project", repo, ...unasked, "--land"], options);
    assert.strictEqual(view.status, "landed");
    assert.deepStrictEqual([...(view.subtasks[0]?.changed ?? [])].sort(), [...names].sort());
    for (const name of names) assert.strictEqual(readFileSync(join(repo, name), "utf8"), "2\n");
    assert.strictEqual(userGit(repo, "status", "--porcelain"), "");
    const stopped = await box.cli(["daemon", "stop"], options);
    assert.strictEqual(stopped.code, 0, stopped.stderr);
  });

  it("named by a folder inside it", async () => {
    const repo = await repository("nested");
    const { view } = await start(join(repo, "src"), planFor(edits), "--land");
    assert.strictEqual(view.root, repo);
    assert.strictEqual(view.status, "landed");
    assert.strictEqual(readFileSync(join(repo, "src/a.js"), "utf8"), "2\n");
  });

  it("named by a linked worktree lands there, and the main checkout stays", async () => {
    const repo = await repository("linked");
    const tree = join(box.folder, "linked tree");
    userGit(repo, "worktree", "add", "--quiet", "-b", "side", tree);
    const before = userGit(repo, "status", "--porcelain=v2", "--branch");
    const { view } = await leavingUntouched(repo, () => start(tree, planFor(edits)));
    assert.strictEqual((await land(tree, view)).view.status, "landed");
    assert.strictEqual(readFileSync(join(tree, "src/a.js"), "utf8"), "2\n");
    assert.strictEqual(userGit(tree, "status", "--porcelain"), "");
    assert.strictEqual(readFileSync(join(repo, "src/a.js"), "utf8"), "1\n");
    assert.strictEqual(userGit(repo, "status", "--porcelain=v2", "--branch"), before);
    assert.strictEqual(userGit(repo, "show", "main:src/a.js"), "1\n");
    // One project, whichever checkout one looks from.
    const listed = await box.cli(["status", "--json"], { cwd: repo });
    assert.deepInclude((JSON.parse(listed.stdout) as ReadonlyArray<SwarmView>)[0], { epic: view.epic });
  });
});

describe("an agent", () => {
  const habits: ReadonlyArray<readonly [name: string, code: string]> = [
    [
      "stashes, and takes it back",
      `${edits} git("stash"); if (git("stash", "list") === "") process.exit(1); git("stash", "pop");`,
    ],
    ["leaves a stash behind", `write("src/a.js", "set aside\\n"); git("stash"); ${edits}`],
    ["commits by itself", `${edits} git("add", "--all"); git("commit", "--message", "Mine");`],
    [
      "rewrites its history",
      `${edits} git("add", "--all"); git("commit", "--amend", "--message", "Rewritten");
       git("checkout", "--quiet", "--orphan", "elsewhere"); git("commit", "--quiet", "--message", "No past");
       git("reflog", "expire", "--expire=now", "--all"); git("gc", "--quiet", "--prune=now");`,
    ],
    [
      "switches branches, tags and changes its configuration",
      `git("checkout", "--quiet", "-b", "other"); git("tag", "v1"); git("config", "user.name", "Nobody"); ${edits}`,
    ],
  ];
  for (const [name, code] of habits) {
    it(`that ${name}`, async () => {
      const repo = await repository(`habit-${number}`);
      box.write({ "src/b.js": "set aside\n" }, repo);
      userGit(repo, "stash", "--quiet");
      const { view } = await leavingUntouched(repo, () => start(repo, planFor(code)));
      assert.strictEqual(view.subtasks[0]?.attempts, 1);
      assert.strictEqual((await land(repo, view)).view.status, "landed");
      assert.strictEqual(readFileSync(join(repo, "src/a.js"), "utf8"), "2\n");
      assert.strictEqual(userGit(repo, "status", "--porcelain"), "");
      assert.strictEqual(userGit(repo, "stash", "list").trim().split("\n").length, 1);
      const refs = userGit(repo, "for-each-ref", "--format=%(refname)").trim().split("\n");
      assert.deepStrictEqual(
        refs.filter((ref) => !ref.startsWith("refs/vibe/")),
        ["refs/heads/main", "refs/stash"],
      );
      const [subject] = userGit(repo, "log", "-1", "--format=%s%n%an").split("\n");
      assert.notInclude(subject ?? "", "Mine");
      assert.strictEqual(userGit(repo, "log", "-1", "--format=%an").trim(), "Ada Example");
      userGit(repo, "fsck", "--strict");
      assert.isTrue(existsSync(join(repo, ".git/vibe/project.json")));
    });
  }
});
