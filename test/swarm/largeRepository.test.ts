/**
 * Six agents at work on a clone of this very project: real code is edited, one subtask waits for two others, the
 * gate is seen to fail, and the result lands on a checkout in which a person has left things lying about.
 */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, assert, beforeAll, it } from "vitest";
import type { DaemonClient } from "../../shared/client/connect.ts";
import { commitAll, userGit, writeFiles } from "../support/gitFixture.ts";
import { Sandbox } from "../support/sandbox.ts";
import { everything, landNow, oursIn, runSwarm, scriptAgent } from "../support/swarms.ts";

const box = new Sandbox();
const root = join(box.folder, "a clone of ours");
let client: DaemonClient;

/** Besides the project's own direction rule: every TypeScript file must be one. */
const syntax = `
import { globSync, readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
for (const file of globSync("{daemon,shared}/**/*.ts")) {
  try {
    stripTypeScriptTypes(readFileSync(file, "utf8"));
  } catch (error) {
    console.error(file + ": " + error.message);
    process.exitCode = 1;
  }
}
`;

const tools = `
const filesIn = (pattern) => fs.globSync(pattern).sort();
const edit = (pattern, change) => { for (const file of filesIn(pattern)) fs.writeFileSync(file, change(fs.readFileSync(file, "utf8"), file)); };
const licence = "// SPDX-License-Identifier: MIT\\n";
const exportsOf = (file) => [...fs.readFileSync(file, "utf8").matchAll(/^export (?:const|class|type|interface) (\\w+)/gm)].map((m) => m[1]);
`;
const agent = (code: string) => scriptAgent(box, `${tools}${code}`);

beforeAll(async () => {
  const ours = join(import.meta.dirname, "..", "..");
  userGit(box.folder, "clone", "--quiet", "--no-hardlinks", ours, root);
  if (existsSync(join(root, ".git", "shallow"))) {
    // A copy of the project without its history: the files are what this is about.
    rmSync(join(root, ".git"), { recursive: true });
    userGit(root, "init", "--quiet");
  }
  userGit(root, "checkout", "--quiet", "-B", "work");
  userGit(root, "config", "user.name", "Ada Example");
  userGit(root, "config", "user.email", "ada@example.test");
  await writeFiles(root, {
    ".hive/config.json": JSON.stringify({ checks: ["node scripts/direction.ts", "node scripts/syntax.mjs"] }),
    "scripts/syntax.mjs": syntax,
    "notes/dirty.txt": "as committed\n",
    "notes/staged.txt": "as committed\n",
  });
  commitAll(root, "Prepare");
  await writeFiles(root, { "notes/dirty.txt": "stashed\n" });
  userGit(root, "stash");
  await writeFiles(root, {
    "notes/dirty.txt": "dirty\n",
    "notes/staged.txt": "staged\n",
    "notes/new.txt": "untracked\n",
  });
  userGit(root, "add", "notes/staged.txt");
  await box.startDaemon();
  client = await box.client();
}, 120_000);
afterAll(async () => {
  assert.deepStrictEqual(await box.end(), [], "processes were left behind");
});

/** As `git status` would, but without its refresh of the index. */
const lyingAbout = () => ({
  status: userGit(root, "--no-optional-locks", "status", "--porcelain", "-z"),
  staged: userGit(root, "diff-index", "--cached", "-p", "HEAD", "--", "notes"),
  stash: userGit(root, "stash", "list", "-p"),
  config: readFileSync(join(root, ".git", "config"), "utf8"),
});

const branches = () => userGit(root, "for-each-ref", "--format=%(refname)", "refs/heads").trim().split("\n");

it("lands the work of six agents on a clone of a real repository, and disturbs nothing else", async () => {
  const before = await everything(root);
  const about = lyingAbout();
  const old = userGit(root, "rev-parse", "HEAD").trim();
  const header = (folder: string) => agent(`edit("${folder}/*.ts", (text) => licence + text);`);
  const view = await runSwarm(
    client,
    root,
    [
      { title: "contract", files: ["shared/contract/"], agent: header("shared/contract") },
      { title: "router", files: ["shared/router/"], agent: header("shared/router") },
      {
        title: "platform",
        files: ["daemon/platform/**"],
        agent: agent(
          `edit("daemon/platform/*.ts", (text) => text.replace(/^export (const|class) (\\w+)/gm, "// Exported: $2\\n$&"));`,
        ),
      },
      {
        title: "primitives",
        files: ["daemon/primitives/*.ts"],
        // What the direction rule is there for; then a slip of the pen; then well.
        agent: agent(`
          const again = retry ? JSON.parse(fs.readFileSync(process.env.OCVIBE_FINDINGS, "utf8"))[0].message : "";
          if (!retry) edit("daemon/primitives/EventStore.ts", (text) => 'import "../api/listen.ts";\\n' + text);
          else if (again.includes("direction")) edit("daemon/primitives/EventStore.ts", (text) => text + "const = ;\\n");
          else if (again.includes("EventStore.ts")) edit("daemon/primitives/*.ts", (text) => licence + text);
          else throw new Error("the findings do not say what was wrong: " + again);
        `),
      },
      {
        title: "index",
        files: ["docs/exports.md"],
        after: [0, 1],
        agent: agent(`
          const files = filesIn("shared/{contract,router}/*.ts");
          const bare = files.filter((file) => !fs.readFileSync(file, "utf8").startsWith(licence));
          if (bare.length > 0) throw new Error("not merged yet: " + bare);
          write("docs/exports.md", files.map((file) => "- " + file + ": " + exportsOf(file).join(", ")).join("\\n") + "\\n");
        `),
      },
      {
        title: "coordination",
        files: ["daemon/coordination/"],
        agent: agent(`
          for (const file of filesIn("daemon/coordination/*/*Projection.ts")) fs.renameSync(file, file.replace("Projection.ts", "View.ts"));
          edit("daemon/coordination/**/*.ts", (text) => text.replace(/(\\/\\w+)Projection\\.ts"/g, '$1View.ts"'));
        `),
      },
    ],
    { maxWorkers: 4 },
  );
  assert.strictEqual(
    view.status,
    "ready",
    JSON.stringify(view.subtasks.map(({ title, refusals }) => [title, refusals])),
  );
  const refusals = Object.fromEntries(
    view.subtasks.map(({ title, refusals }) => [
      title,
      refusals.map(({ findings }) => findings.map(({ kind }) => kind)),
    ]),
  );
  assert.deepStrictEqual(refusals, {
    contract: [],
    router: [],
    platform: [],
    primitives: [["check-failed"], ["check-failed"]],
    index: [],
    coordination: [],
  });
  assert.deepStrictEqual(await everything(root), before);

  const landed = await landNow(client, root, view);
  assert.strictEqual(landed.status, "landed", JSON.stringify(landed.refusal));
  assert.strictEqual(userGit(root, "rev-parse", "work").trim(), view.head);
  assert.deepStrictEqual(lyingAbout(), about);
  assert.strictEqual(userGit(root, "fsck", "--strict", "--no-dangling"), "");
  assert.deepStrictEqual(oursIn(root).vibe, ["project.json"]);
  assert.deepStrictEqual(
    oursIn(root).refs.filter((ref) => ref.startsWith("refs/vibe/")),
    [],
  );
  assert.include(branches(), "refs/heads/work");
  assert.deepStrictEqual(
    branches().filter((ref) => ref.includes("swarm")),
    [],
  );
  // Every subtask's commit is there once, and they touched what they were to touch and nothing else.
  const cells = userGit(
    root,
    "log",
    "--format=%(trailers:key=Vibe-Cell,valueonly,separator=%x2C)",
    `${old}..work`,
  );
  assert.deepStrictEqual(
    cells
      .split("\n")
      .filter((line) => line !== "")
      .sort(),
    view.subtasks.map(({ id }) => id).sort(),
  );
  const changed = userGit(root, "diff", "--name-only", "--no-renames", old, "work").trim().split("\n");
  const wanted =
    /^(shared\/(contract|router)\/|daemon\/(platform|primitives|coordination)\/|docs\/exports\.md$)/;
  assert.deepStrictEqual(
    changed.filter((path) => !wanted.test(path)),
    [],
  );
  assert.isAbove(changed.length, 40);
  assert.match(readFileSync(join(root, "shared", "contract", "plan.ts"), "utf8"), /^\/\/ SPDX/);
  assert.include(readFileSync(join(root, "docs", "exports.md"), "utf8"), "shared/router/createRouter.ts: ");
  const renamed = changed.filter((path) => /^daemon\/coordination\/.*Projection\.ts$/.test(path));
  assert.isNotEmpty(renamed);
  assert.deepStrictEqual(
    renamed.filter((path) => existsSync(join(root, path))),
    [],
  );
}, 120_000);

it("with a detached HEAD makes a branch, and nothing moves", async () => {
  userGit(root, "checkout", "--quiet", "--detach");
  const before = await everything(root);
  const about = lyingAbout();
  const view = await runSwarm(
    client,
    root,
    [
      {
        title: "again",
        files: ["shared/client/"],
        agent: agent(`edit("shared/client/*.ts", (text) => licence + text);`),
      },
    ],
    { land: true },
  );
  assert.strictEqual(view.status, "landed", JSON.stringify(view));
  assert.strictEqual(userGit(root, "rev-parse", `refs/heads/swarm/${view.epic}`).trim(), view.head);
  assert.deepStrictEqual(lyingAbout(), about);
  const after = await everything(root);
  for (const [path, entry] of Object.entries(before)) assert.strictEqual(after[path], entry, path);
  assert.strictEqual(userGit(root, "fsck", "--strict", "--no-dangling"), "");
});
