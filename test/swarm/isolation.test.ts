/**
 * What an agent does outside its files reaches no branch but its own, in whatever form; what it does to its git
 * runs nothing in the daemon and is seen nowhere else; and what weakens the checks waits for the person.
 */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { Effect } from "effect";
import { afterAll, assert, beforeAll, describe, it } from "vitest";
import type { DaemonClient } from "../../shared/client/connect.ts";
import type { SubtaskView, SwarmView } from "../../shared/contract/swarmRoutes.ts";
import { makeRepository, userEnvironment, userGit } from "../support/gitFixture.ts";
import { Sandbox } from "../support/sandbox.ts";
import {
  everything,
  landNow,
  oursIn,
  refsOf,
  runSwarm,
  scriptAgent,
  settled,
  startSwarm,
  workshopOf,
} from "../support/swarms.ts";
import { until } from "../support/until.ts";
import { withVariables } from "../support/withVariables.ts";

const box = new Sandbox();
const userHome = join(box.folder, "user's home");
const marks = join(box.folder, "marks");
let client: DaemonClient;

/** Writes a mark when git runs it: nothing of the daemon's may. */
const spy = join(box.folder, "spy.sh");

beforeAll(async () => {
  mkdirSync(marks, { recursive: true });
  writeFileSync(spy, `#!/bin/sh\necho "$1" >> "${marks}/ran"\ncat\n`);
  chmodSync(spy, 0o755);
  // The user's own git knows a filter; a worker's .gitattributes must not start it in the daemon.
  box.write(
    { ".gitconfig": `[filter "users"]\n\tclean = ${spy} users-clean\n\tsmudge = ${spy} users-smudge\n` },
    userHome,
  );
  await box.startDaemon({ HOME: userHome });
  client = await box.client();
});
afterAll(async () => {
  assert.deepStrictEqual(await box.end(), [], "processes were left behind");
});

let repositories = 0;
const repository = async (more: Readonly<Record<string, string>> = {}): Promise<string> => {
  const root = join(box.folder, `repo-${++repositories}`);
  await makeRepository(root, {
    ".hive/config.json": JSON.stringify({ checks: ["node --check ok.js"] }),
    ".gitignore": "build/\n",
    "ok.js": "export {};\n",
    "other/one.txt": "one\n",
    "other/two.txt": "two\n",
    "other/run.sh": "echo\n",
    ...more,
  });
  return root;
};

/** Something no branch but the agent's own may ever contain. */
const stray = "STRAY";

/** A subtask whose first attempt goes astray, and whose second one does only what it may. */
const astray = (name: string, code: string, files: ReadonlyArray<string> = []) => ({
  title: name,
  files: [`own/${name}/`, ...files],
  agent: scriptAgent(
    box,
    `if (!retry) { ${code} }
     write("own/${name}/done.txt", "done\\n");`,
  ),
});

const subtaskOf = (view: SwarmView, title: string): SubtaskView => {
  const found = view.subtasks.find((subtask) => subtask.title === title);
  assert.isDefined(found, title);
  return found!;
};

/** Every text below any branch of the workshop and of the user's repository that has the stray mark. */
const straysIn = (gitDir: string): string => {
  const refs = refsOf(gitDir);
  try {
    return userGit(gitDir, "grep", "-l", stray, ...refs);
  } catch (error) {
    // 1 says that nothing was found.
    assert.strictEqual((error as { status: number }).status, 1, String(error));
    return "";
  }
};

describe("a change outside the files of a subtask", () => {
  const forms = [
    { name: "adds", code: `write("other/new.txt", "${stray}");`, paths: ["other/new.txt"] },
    { name: "modifies", code: `write("other/one.txt", "${stray}");`, paths: ["other/one.txt"] },
    { name: "deletes", code: `fs.rmSync("other/one.txt");`, paths: ["other/one.txt"] },
    {
      name: "renames-out",
      code: `fs.renameSync("own/renames-out/mine.txt", "other/mine.txt"); fs.appendFileSync("other/mine.txt", "${stray}");`,
      paths: ["other/mine.txt"],
    },
    {
      name: "renames-in",
      code: `fs.mkdirSync("own/renames-in", { recursive: true }); fs.renameSync("other/two.txt", "own/renames-in/two.txt");`,
      paths: ["other/two.txt"],
    },
    { name: "changes-mode", code: `fs.chmodSync("other/run.sh", 0o755);`, paths: ["other/run.sh"] },
    {
      name: "replaces-by-link",
      code: `fs.rmSync("other/one.txt"); fs.symlinkSync("two.txt", "other/one.txt");`,
      paths: ["other/one.txt"],
    },
    {
      name: "stages-and-commits",
      code: `write("other/new.txt", "${stray}"); git("add", "--all"); git("commit", "-m", "mine");`,
      paths: ["other/new.txt"],
    },
    {
      name: "commits-and-hides",
      code: `write("other/new.txt", "${stray}"); git("add", "--all"); git("commit", "-m", "mine"); git("update-index", "--assume-unchanged", "other/new.txt"); git("update-index", "--skip-worktree", "other/one.txt"); write("other/one.txt", "${stray}");`,
      paths: ["other/new.txt", "other/one.txt"],
    },
    {
      name: "rewrites-history",
      code: `git("checkout", "--orphan", "fresh"); write("other/one.txt", "${stray}"); git("add", "--all"); git("commit", "-m", "all new"); git("branch", "-D", "swarm/" + process.env.OCVIBE_CELL.replaceAll(/[^a-z0-9.-]/g, "-")); git("reflog", "expire", "--expire=now", "--all");`,
      paths: ["other/one.txt"],
    },
    {
      name: "deletes-git",
      code: `fs.rmSync(".git", { recursive: true }); write("other/one.txt", "${stray}");`,
      paths: ["other/one.txt"],
    },
    {
      name: "makes-new-git",
      code: `fs.rmSync(".git", { recursive: true }); git("init", "--quiet"); git("config", "user.name", "x"); git("config", "user.email", "x"); write("other/one.txt", "${stray}"); git("add", "--all"); git("commit", "-m", "x");`,
      paths: ["other/one.txt"],
    },
    {
      name: "excludes-in-git",
      code: `fs.appendFileSync(".git/info/exclude", "other/\\n"); git("config", "core.excludesFile", "/dev/stdin"); write("other/new.txt", "${stray}");`,
      paths: ["other/new.txt"],
    },
    {
      name: "moves-head",
      code: `write(".git/HEAD", "ref: refs/heads/elsewhere\\n"); write("other/one.txt", "${stray}");`,
      paths: ["other/one.txt"],
    },
    {
      name: "replaces-folder",
      code: `fs.rmSync("other", { recursive: true }); write("other", "${stray}");`,
      paths: ["other"],
    },
  ];
  const unsafe = [
    {
      name: "adds-bytes",
      code: `fs.writeFileSync(Buffer.from("other/\\xff.txt", "latin1"), "${stray}");`,
      path: "other/\ufffd.txt",
    },
    {
      name: "links-out",
      code: `fs.mkdirSync("own/links-out", { recursive: true }); fs.symlinkSync("/etc/passwd", "own/links-out/passwd");`,
      path: "own/links-out/passwd",
    },
    {
      name: "links-up",
      code: `fs.mkdirSync("own/links-up", { recursive: true }); fs.symlinkSync("../../../secret", "own/links-up/secret");`,
      path: "own/links-up/secret",
    },
    {
      name: "nests",
      code: `fs.mkdirSync("own/nests/inner", { recursive: true }); execFileSync("git", ["init", "--quiet"], { cwd: "own/nests/inner" }); write("own/nests/inner/x.txt", "${stray}"); execFileSync("git", ["-c", "user.name=x", "-c", "user.email=x", "commit", "--quiet", "--allow-empty", "-m", "x"], { cwd: "own/nests/inner" });`,
      path: "own/nests/inner",
    },
    {
      name: "nests-empty",
      code: `fs.mkdirSync("own/nests-empty/inner", { recursive: true }); execFileSync("git", ["init", "--quiet"], { cwd: "own/nests-empty/inner" });`,
      path: "own/nests-empty/inner",
    },
  ];
  const silent = [
    { name: "writes-ignored", code: `write("build/out.js", "${stray}");`, files: [] },
    {
      name: "hides-by-ignoring",
      code: `fs.appendFileSync(".gitignore", "hidden/\\n"); write("hidden/x.txt", "${stray}");`,
      files: [".gitignore"],
    },
    {
      name: "forces-ignored",
      code: `write("build/out.js", "${stray}"); git("add", "--force", "build/out.js"); git("commit", "-m", "forced");`,
      files: [],
    },
  ];

  it("is refused in every form, named by its path, and never reaches another branch", async () => {
    const root = await repository({ "own/renames-out/mine.txt": "mine\n" });
    const before = await everything(root);
    const tasks = [
      ...forms.map(({ name, code }) => astray(name, code)),
      ...unsafe.map(({ name, code }) => astray(name, code)),
      ...silent.map(({ name, code, files }) => astray(name, code, files)),
    ];
    const view = await runSwarm(client, root, tasks, { maxWorkers: 4 });
    assert.strictEqual(
      view.status,
      "ready",
      JSON.stringify(view.subtasks.filter(({ status }) => status !== "merged")),
    );
    for (const { name, paths } of forms) {
      const [refusal, ...more] = subtaskOf(view, name).refusals;
      assert.deepStrictEqual(more, [], name);
      assert.strictEqual(refusal?.stage, "cell", name);
      const outside =
        refusal?.findings.filter(({ kind }) => kind === "outside-lease").map(({ path }) => path) ?? [];
      for (const path of paths) assert.include(outside, path, name);
    }
    for (const { name, path } of unsafe) {
      const [refusal] = subtaskOf(view, name).refusals;
      assert.deepInclude(refusal?.findings[0], { kind: "unsafe-entry", path }, name);
    }
    // What git ignores is no part of the change: it is not taken over, and no reason to refuse the rest.
    for (const { name } of silent) assert.deepStrictEqual(subtaskOf(view, name).refusals, [], name);

    assert.deepStrictEqual(await everything(root), before);
    assert.strictEqual(straysIn(workshopOf(box, root)), "");
    const landed = await landNow(client, root, view);
    assert.strictEqual(landed.status, "landed", JSON.stringify(landed.refusal));
    const changed = userGit(root, "diff", "--name-only", view.base, "main").trim().split("\n").sort();
    const expected = [...forms, ...unsafe, ...silent].map(({ name }) => `own/${name}/done.txt`);
    assert.deepStrictEqual(changed, [".gitignore", ...expected].sort());
    assert.strictEqual(straysIn(root), "");
    assert.strictEqual(statSync(join(root, "other/run.sh")).mode & 0o111, 0);
    assert.isFalse(existsSync(join(root, "build")));
  }, 120_000);
});

describe("a worker's git", () => {
  it("shares nothing with the user's, and a push from it reaches nothing", async () => {
    const root = await repository();
    const log = join(box.folder, `log-${repositories}`);
    const code = `
      const said = [];
      const attempt = (...args) => { const run = spawnSync("git", args, { encoding: "utf8" }); said.push([args.join(" "), run.status, run.stdout + run.stderr]); };
      attempt("remote", "-v");
      attempt("stash", "list");
      attempt("for-each-ref", "--format=%(refname)");
      write("own/x/stashed.txt", "${stray}"); git("add", "--all"); git("stash");
      git("config", "user.name", "Mallory"); git("config", "core.fsmonitor", "true"); git("config", "alias.st", "!touch x");
      git("branch", "mine"); git("tag", "mine"); git("update-ref", "refs/heads/main", "HEAD");
      write("other/one.txt", "${stray}"); git("commit", "--quiet", "--all", "-m", "to be pushed");
      attempt("push"); attempt("push", "origin", "HEAD:refs/heads/pushed"); attempt("push", "--all"); attempt("push", "origin", "--force", "HEAD:main");
      attempt("push", "--mirror", "origin");
      git("reset", "--quiet", "--hard", "HEAD~1");
      write("own/x/done.txt", "done\\n");
      fs.writeFileSync(${JSON.stringify(log)}, JSON.stringify(said));
    `;
    userGit(root, "remote", "add", "origin", join(box.folder, "nowhere.git"));
    const before = await everything(root);
    const view = await runSwarm(client, root, [{ files: ["own/x/"], agent: scriptAgent(box, code) }]);
    assert.strictEqual(view.status, "ready", JSON.stringify(view));
    assert.deepStrictEqual(await everything(root), before);
    assert.strictEqual(userGit(root, "stash", "list"), "");
    assert.strictEqual(userGit(root, "config", "user.name").trim(), "Ada Example");
    const said: ReadonlyArray<readonly [string, number, string]> = JSON.parse(readFileSync(log, "utf8"));
    for (const [command, status, text] of said.slice(3))
      assert.notStrictEqual(status, 0, `${command}: ${text}`);
    const [remotes, stashes, refs] = said;
    assert.deepStrictEqual(remotes, ["remote -v", 0, ""]);
    assert.deepStrictEqual(stashes, ["stash list", 0, ""]);
    assert.strictEqual(refs?.[2].trim().split("\n").length, 1, "only its own branch");
    assert.strictEqual(straysIn(workshopOf(box, root)), "");
  });

  it("runs nothing in the daemon: no hook, no filter, no monitor, its own, the repository's or the user's", async () => {
    const root = await repository();
    const evil = (where: string) => `${spy} ${where}`;
    const names = ["clean", "smudge", "process"];
    const code = `
      write("own/x/.gitattributes", "*.txt filter=evil diff=evil merge=evil\\n*.md filter=users\\n");
      write(".git/info/attributes", "* filter=evil diff=evil\\n");
      for (const name of ${JSON.stringify(names)}) git("config", "filter.evil." + name, ${JSON.stringify(evil("filter"))});
      git("config", "filter.evil.required", "true");
      git("config", "diff.evil.textconv", ${JSON.stringify(evil("textconv"))});
      git("config", "diff.external", ${JSON.stringify(evil("external-diff"))});
      git("config", "merge.evil.driver", ${JSON.stringify(evil("merge"))});
      git("config", "core.fsmonitor", ${JSON.stringify(evil("fsmonitor"))});
      git("config", "core.hooksPath", ".git/hooks");
      git("config", "core.worktree", ${JSON.stringify(root)});
      git("config", "core.bare", "false");
      git("config", "include.path", ${JSON.stringify(join(box.folder, "evil.config"))});
      fs.mkdirSync(".git/hooks", { recursive: true });
      for (const hook of ["pre-commit", "post-commit", "post-checkout", "post-index-change", "reference-transaction", "post-merge", "pre-push", "update", "post-update", "pre-receive"]) {
        fs.writeFileSync(".git/hooks/" + hook, "#!/bin/sh\\n" + ${JSON.stringify(evil("hook"))} + "\\n", { mode: 0o755 });
      }
      write("own/x/done.txt", "done\\n");
      write("own/x/read.md", "done\\n");
    `;
    box.write({ "evil.config": `[core]\n\tfsmonitor = ${evil("included")}\n` }, box.folder);
    const view = await runSwarm(client, root, [
      { files: ["own/x/"], agent: scriptAgent(box, code) },
      { files: ["own/y/"], after: [0], agent: scriptAgent(box, `write("own/y/done.txt", "done\\n");`) },
    ]);
    assert.strictEqual(view.status, "ready", JSON.stringify(view));
    assert.isFalse(existsSync(join(marks, "ran")), "git ran something of a worker's");
    const text = userGit(workshopOf(box, root), "show", `swarm/${view.epic}:own/x/read.md`);
    assert.strictEqual(text, "done\n");
    // The spy does tell: the user's own git runs the user's own filter.
    box.write({ ".gitattributes": "*.md filter=users\n", "seen.md": "seen\n" }, root);
    const env = { ...userEnvironment(), HOME: userHome, GIT_CONFIG_GLOBAL: join(userHome, ".gitconfig") };
    execFileSync("git", ["add", "seen.md"], { cwd: root, env });
    assert.strictEqual(readFileSync(join(marks, "ran"), "utf8"), "users-clean\n");
  });
});

describe("a change that weakens the checks", () => {
  const checked = {
    ".hive/config.json": JSON.stringify({ checks: ["node --test"] }),
    "package.json": JSON.stringify({ name: "x", scripts: { test: "node --test" } }),
    "tsconfig.json": JSON.stringify({ compilerOptions: { strict: true } }),
    "test/a.test.mjs": 'import { it } from "node:test";\nit("a", () => {});\n',
    "test/b.test.mjs": 'import { it } from "node:test";\nit("b", () => {});\n',
  };
  const ways = [
    {
      name: "scripts",
      files: ["package.json"],
      code: `write("package.json", JSON.stringify({ name: "x", scripts: { test: "true" } }));`,
    },
    { name: "deleted-test", files: ["test/a.test.mjs"], code: `fs.rmSync("test/a.test.mjs");` },
    {
      name: "skipped-test",
      files: ["test/b.test.mjs"],
      code: `write("test/b.test.mjs", fs.readFileSync("test/b.test.mjs", "utf8").replace('it("b"', 'it.skip("b"'));`,
    },
    { name: "tsconfig", files: ["tsconfig.json"], code: `write("tsconfig.json", "{}");` },
    {
      name: "config",
      files: [".hive/config.json"],
      code: `write(".hive/config.json", JSON.stringify({ checks: ["true"] }));`,
    },
  ];

  it("is held until the person answers: a no is a strike, a yes lets it pass", async () => {
    const root = await repository(checked);
    const main = userGit(root, "rev-parse", "main");
    const tasks = ways.map(({ name, files, code }) => ({
      title: name,
      files: [...files, `own/${name}/`],
      agent: scriptAgent(
        box,
        `if (retry && ${JSON.stringify(name)} !== "tsconfig") write("own/${name}/done.txt", "done\\n"); else { ${code} }`,
      ),
    }));
    const held = await runSwarm(client, root, tasks, { land: true });
    assert.strictEqual(held.status, "needs-you", JSON.stringify(held));
    for (const { name, files } of ways) {
      const subtask = subtaskOf(held, name);
      assert.strictEqual(subtask.status, "needs-you", name);
      assert.deepInclude(subtask.findings[0], { kind: "weakens-checks", path: files[0]! }, name);
    }
    assert.strictEqual(userGit(root, "rev-parse", "main"), main);
    // Resuming is no answer.
    await client.swarm.resume({ project: root, epic: held.epic });
    assert.strictEqual((await settled(client, root, held.epic)).status, "needs-you");

    for (const name of ["scripts", "deleted-test", "skipped-test", "config"]) {
      await client.swarm.answer({ project: root, cell: subtaskOf(held, name).id, accept: false, text: "no" });
    }
    await client.swarm.answer({ project: root, cell: subtaskOf(held, "tsconfig").id, accept: true });
    const view = await settled(client, root, held.epic);
    assert.strictEqual(view.status, "landed", JSON.stringify(view));
    for (const name of ["scripts", "deleted-test", "skipped-test", "config"]) {
      const subtask = subtaskOf(view, name);
      assert.strictEqual(subtask.attempts, 2, name);
      assert.deepInclude(subtask.refusals[0]?.findings[0], { kind: "weakens-checks" }, name);
    }
    assert.strictEqual(subtaskOf(view, "tsconfig").attempts, 1);
    const changed = userGit(root, "diff", "--name-only", view.base, "main").trim().split("\n").sort();
    assert.deepStrictEqual(changed, [
      ...["config", "deleted-test", "scripts", "skipped-test"].map((name) => `own/${name}/done.txt`),
      "tsconfig.json",
    ]);
    const late = await client.swarm
      .answer({ project: root, cell: subtaskOf(view, "tsconfig").id, accept: true })
      .catch((error) => error);
    assert.strictEqual(late._tag, "NotFound");
  });

  it("does not pass by a script of the check's own, by a new configuration or by taking the tests' place", async () => {
    const root = await repository({
      ".hive/config.json": JSON.stringify({ checks: ["node tools/check.mjs"] }),
      "tools/check.mjs": 'import "./rules.mjs";\n',
      "tools/rules.mjs": "process.exitCode = 0;\n",
      "test/a.test.mjs": 'import { it } from "node:test";\nit("a", () => {});\n',
    });
    const view = await runSwarm(client, root, [
      {
        title: "script",
        files: ["tools/check.mjs"],
        agent: scriptAgent(box, `write("tools/check.mjs", "");`),
      },
      {
        title: "new",
        files: ["vitest.config.ts"],
        agent: scriptAgent(box, `write("vitest.config.ts", "export default { test: { include: [] } };");`),
      },
      {
        title: "moved",
        files: ["test/a.test.mjs", "old/"],
        agent: scriptAgent(box, `fs.mkdirSync("old"); fs.renameSync("test/a.test.mjs", "old/a.mjs");`),
      },
    ]);
    assert.strictEqual(view.status, "needs-you", JSON.stringify(view));
    assert.deepStrictEqual(
      view.subtasks.map(({ title, status }) => [title, status]),
      [
        ["script", "needs-you"],
        ["new", "needs-you"],
        ["moved", "needs-you"],
      ],
    );
    await client.swarm.discard({ project: root, epic: view.epic });
  });
});

describe("an agent that behaves badly", () => {
  it("leaves no process, whether it forks a daemon, floods its output or never ends", async () => {
    const root = await repository();
    const note = (name: string) => JSON.stringify(join(box.folder, `${name}-${repositories}`));
    const daemon = scriptAgent(
      box,
      `const child = spawn("setsid", ["sleep", "1000"], { detached: true, stdio: "ignore" });
       child.unref();
       const kept = spawn("sleep", ["1000"], { detached: true, stdio: "inherit" });
       kept.unref();
       fs.writeFileSync(${note("daemon")}, [child.pid, kept.pid].join("\\n"));
       write("own/a/done.txt", "done\\n");`,
    );
    const flood = scriptAgent(
      box,
      `const line = Buffer.alloc(1024 * 1024, "x".repeat(99) + "\\n");
       for (let i = 0; i < 100; i++) fs.writeSync(1, line);
       write("own/b/done.txt", "done\\n");`,
    );
    const view = await runSwarm(client, root, [
      { title: "daemon", files: ["own/a/"], agent: daemon },
      { title: "flood", files: ["own/b/"], agent: flood },
    ]);
    assert.strictEqual(view.status, "ready", JSON.stringify(view));
    const pids = readFileSync(join(box.folder, `daemon-${repositories}`), "utf8").split("\n");
    for (const pid of pids) await until(() => !isRunning(pid));
    const exits = await client.events.list({ project: root, type: "subtask_exited" });
    const dropped = exits.map(({ data }) => (data as { droppedOutput: number }).droppedOutput);
    assert.isAbove(Math.max(...dropped), 50 * 1024 * 1024);
    const logs = join(box.home, "logs", "swarms", view.epic);
    const kept = readdirSync(logs).reduce((sum, name) => sum + statSync(join(logs, name)).size, 0);
    assert.isBelow(kept, 20 * 1024 * 1024);

    const hanging = scriptAgent(
      box,
      `process.on("SIGTERM", () => {});
       const child = spawn("setsid", ["sleep", "1000"], { stdio: "ignore" });
       fs.writeFileSync(${note("hangs")}, [process.pid, child.pid].join("\\n"));
       setInterval(() => {}, 1000);`,
    );
    const { epic } = await startSwarm(client, root, [{ files: ["own/c/"], agent: hanging }]);
    await until(() => existsSync(join(box.folder, `hangs-${repositories}`)));
    assert.strictEqual((await client.swarm.cancel({ project: root, epic })).status, "cancelled");
    for (const pid of readFileSync(join(box.folder, `hangs-${repositories}`), "utf8").split("\n")) {
      assert.isFalse(isRunning(pid), "nothing of a cancelled agent runs on");
    }
  });

  it("is blocked after three failures, with all that was found, and lands nothing", async () => {
    const root = await repository({
      ".hive/config.json": JSON.stringify({ checks: ["node check.mjs"] }),
      "check.mjs":
        'import { readFileSync } from "node:fs";\nJSON.parse(readFileSync("data.json", "utf8"));\n',
      "data.json": "{}",
    });
    const agent = scriptAgent(
      box,
      `if (process.env.OCVIBE_ATTEMPT === "1") { console.error("first trouble"); process.exit(7); }
       if (process.env.OCVIBE_ATTEMPT === "2") { write("other/one.txt", "${stray}"); write("other/new.txt", "${stray}"); }
       else { write("data.json", "no JSON"); }`,
    );
    const view = await runSwarm(client, root, [{ title: "bad", files: ["data.json"], agent }], {
      land: true,
    });
    assert.strictEqual(view.status, "blocked", JSON.stringify(view));
    const { refusals, status, findings } = subtaskOf(view, "bad");
    assert.strictEqual(status, "blocked");
    assert.deepStrictEqual(
      refusals.map(({ attempt, stage }) => [attempt, stage]),
      [
        [1, "agent"],
        [2, "cell"],
        [3, "cell"],
      ],
    );
    assert.include(refusals[0]?.findings[0]?.message, "first trouble");
    assert.include(refusals[0]?.findings[0]?.message, "7");
    assert.deepStrictEqual(
      refusals[1]?.findings.map(({ path }) => path),
      ["other/new.txt", "other/one.txt"],
    );
    assert.strictEqual(findings[0]?.kind, "check-failed");
    assert.strictEqual(straysIn(workshopOf(box, root)), "");
    assert.deepStrictEqual(oursIn(root).refs, ["refs/heads/main", `refs/vibe/${view.epic}/base`]);
  });

  it("can't approve, land or answer, neither with its own token nor with the person's", async () => {
    const root = await repository();
    const ready = await runSwarm(client, root, [
      { files: ["own/r/"], agent: scriptAgent(box, `write("own/r/done.txt", "done\\n");`) },
    ]);
    const result = join(box.folder, `answers-${repositories}`);
    const connect = join(import.meta.dirname, "..", "..", "shared", "client", "connect.ts");
    const code = `
      const { connect } = await import(${JSON.stringify(connect)});
      const project = ${JSON.stringify(root)};
      const folder = ${JSON.stringify(box.home)};
      const answers = {};
      const ask = async (who) => {
        const client = await connect({ start: false, folder });
        const calls = {
          land: () => client.swarm.land({ project, epic: ${JSON.stringify(ready.epic)}, commit: ${JSON.stringify(ready.head)} }),
          discard: () => client.swarm.discard({ project, epic: ${JSON.stringify(ready.epic)} }),
          answer: () => client.swarm.answer({ project, cell: process.env.OCVIBE_CELL, accept: true }),
          approveChecks: () => client.swarm.approveChecks({ project, base: "", hashes: [] }),
          stop: () => client.daemon.stop({}),
          status: () => client.swarm.status({ project, epic: ${JSON.stringify(ready.epic)} }),
        };
        for (const [name, call] of Object.entries(calls)) {
          answers[who + " " + name] = await call().then(() => "allowed", (error) => error._tag);
        }
      };
      await ask("agent");
      const token = process.env.OCVIBE_AGENT_TOKEN;
      delete process.env.OCVIBE_AGENT_TOKEN;
      delete process.env.OCVIBE_MARKER;
      await ask("person");
      fs.writeFileSync(${JSON.stringify(result)}, JSON.stringify(answers));
      fs.writeFileSync(${JSON.stringify(`${result}.token`)}, token);
      write("own/s/done.txt", "done\\n");
    `;
    const view = await runSwarm(client, root, [{ files: ["own/s/"], agent: scriptAgent(box, code) }]);
    assert.strictEqual(view.status, "ready", JSON.stringify(view));
    assert.deepStrictEqual(JSON.parse(readFileSync(result, "utf8")), {
      "agent land": "NotAllowed",
      "agent discard": "NotAllowed",
      "agent answer": "NotAllowed",
      "agent approveChecks": "NotAllowed",
      "agent stop": "NotAllowed",
      "agent status": "allowed",
      "person land": "NotAllowed",
      "person discard": "NotAllowed",
      "person answer": "NotAllowed",
      "person approveChecks": "NotAllowed",
      "person stop": "NotAllowed",
      "person status": "NotAllowed",
    });
    const spent = await withVariables(
      { OCVIBE_AGENT_TOKEN: readFileSync(`${result}.token`, "utf8") },
      Effect.promise(() => box.client()),
    ).pipe(Effect.runPromise);
    const late = await spent.swarm.status({ project: root, epic: ready.epic }).catch((error) => error);
    assert.strictEqual(late._tag, "Unauthenticated", "a token ends with its attempt");
    assert.strictEqual(userGit(root, "rev-parse", "main").trim(), ready.base);
  });
});

const isRunning = (pid: string): boolean => {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
};
