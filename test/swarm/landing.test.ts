/**
 * The user's git is sacred: before landing not a byte of it changes, and landing moves exactly the target, by
 * fast-forward, or refuses and changes nothing. Everything here goes through the built daemon.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, assert, beforeAll, describe, it } from "vitest";
import type { DaemonClient } from "../../shared/client/connect.ts";
import { commitAll, makeRepository, userGit, writeFiles } from "../support/gitFixture.ts";
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

const box = new Sandbox();
let client: DaemonClient;
beforeAll(async () => {
  await box.startDaemon();
  client = await box.client();
});
afterAll(async () => {
  assert.deepStrictEqual(await box.end(), [], "processes were left behind");
});

/** Fails when a file under `src` says so or has conflict markers. */
const check = `
import { readdirSync, readFileSync } from "node:fs";
for (const name of readdirSync("src")) {
  const text = readFileSync("src/" + name, "utf8");
  if (text.includes("broken") || (name === "b.txt" && text.includes("clashing") && readFileSync("src/a.txt", "utf8").includes("clashing"))) {
    console.error(name + " is broken");
    process.exit(1);
  }
}
`;

const files = {
  ".hive/config.json": JSON.stringify({ checks: ["node check.mjs"] }),
  ".gitignore": "*.tmp\n",
  "check.mjs": check,
  "src/a.txt": "a\n",
  "src/b.txt": "b\n",
  "src/c.txt": "c\n",
  "notes/dirty.txt": "as committed\n",
  "notes/staged.txt": "as committed\n",
};

let repositories = 0;
const repository = async (more: Readonly<Record<string, string>> = {}): Promise<string> => {
  const root = join(box.folder, `Projekt ${++repositories} für ä`);
  await makeRepository(root, { ...files, ...more });
  return root;
};

const writer = (path: string, text: string) =>
  scriptAgent(box, `write(${JSON.stringify(path)}, ${JSON.stringify(text)});`);
const onlyA = { files: ["src/a.txt"], agent: writer("src/a.txt", "a by the swarm\n") };

/** Leaves one of everything that a person may have lying about. */
const leaveThingsAbout = async (root: string) => {
  await writeFiles(root, { "notes/dirty.txt": "stashed\n" });
  userGit(root, "stash");
  await writeFiles(root, {
    "notes/dirty.txt": "dirty\n",
    "notes/staged.txt": "staged\n",
    "notes/un tracked ö.txt": "untracked\n",
    "scratch.tmp": "ignored\n",
  });
  userGit(root, "add", "notes/staged.txt");
  await writeFiles(root, { "notes/staged.txt": "staged, and changed again\n" });
};

/** The things lying about, as git tells them without a refresh of the index: a landing leaves them as they are. */
const lyingAbout = (root: string) => ({
  stash: userGit(root, "stash", "list", "-p"),
  staged: userGit(root, "diff-index", "--cached", "-p", "HEAD", "--", "notes"),
  status: userGit(root, "--no-optional-locks", "status", "--porcelain", "--ignored", "-z"),
  config: readFileSync(join(root, ".git", "config"), "utf8"),
  dirty: ["dirty", "staged", "un tracked ö"].map((name) =>
    readFileSync(join(root, "notes", `${name}.txt`), "utf8"),
  ),
});

const assertClean = (root: string, epic: string, branches: ReadonlyArray<string>) => {
  assert.strictEqual(userGit(root, "fsck", "--strict", "--no-dangling"), "");
  const { refs, vibe } = oursIn(root);
  assert.deepStrictEqual(
    refs.filter((ref) => !ref.startsWith("refs/vibe/")),
    branches,
  );
  assert.deepStrictEqual(
    refs.filter((ref) => ref.startsWith(`refs/vibe/${epic}/`)),
    [],
    "the pins are gone",
  );
  assert.deepStrictEqual(vibe, ["project.json"]);
};

describe("before landing", () => {
  it("not a byte changes, and landing carries everything that lies about through", async () => {
    const root = await repository({ "src/größe 1.txt": "alt\n" });
    await leaveThingsAbout(root);
    const about = lyingAbout(root);
    const before = await everything(root);
    const old = userGit(root, "rev-parse", "HEAD").trim();
    const tasks = [
      onlyA,
      { files: ["src/größe 1.txt"], agent: writer("src/größe 1.txt", "neu\n") },
      { files: ["neu und schön/"], after: [0], agent: writer("neu und schön/ß.txt", "neu\n") },
    ];
    const view = await runSwarm(client, root, tasks);
    assert.strictEqual(view.status, "ready", JSON.stringify(view));
    assert.deepStrictEqual(await everything(root), before);
    assert.deepStrictEqual(oursIn(root).refs, [
      "refs/heads/main",
      "refs/stash",
      `refs/vibe/${view.epic}/base`,
    ]);

    const landed = await landNow(client, root, view);
    assert.strictEqual(landed.status, "landed", JSON.stringify(landed.refusal));
    assert.strictEqual(userGit(root, "rev-parse", "main").trim(), view.head);
    assert.strictEqual(userGit(root, "symbolic-ref", "HEAD").trim(), "refs/heads/main");
    assert.deepStrictEqual(lyingAbout(root), about);
    assert.strictEqual(readFileSync(join(root, "src", "größe 1.txt"), "utf8"), "neu\n");
    assert.strictEqual(readFileSync(join(root, "neu und schön", "ß.txt"), "utf8"), "neu\n");
    const changed = userGit(root, "diff", "--name-only", "-z", old, "HEAD")
      .split("\0")
      .filter((path) => path !== "");
    assert.deepStrictEqual(changed, ["neu und schön/ß.txt", "src/a.txt", "src/größe 1.txt"]);
    assertClean(root, view.epic, ["refs/heads/main", "refs/stash"]);
  });

  it("with a detached HEAD the same, and landing makes a branch and nothing else", async () => {
    const root = await repository();
    userGit(root, "switch", "--quiet", "--detach");
    await leaveThingsAbout(root);
    const about = lyingAbout(root);
    const before = await everything(root);
    const head = readFileSync(join(root, ".git", "HEAD"), "utf8");
    const view = await runSwarm(client, root, [onlyA]);
    assert.strictEqual(view.status, "ready", JSON.stringify(view));
    assert.deepStrictEqual(await everything(root), before);
    const landed = await landNow(client, root, view);
    assert.strictEqual(landed.status, "landed", JSON.stringify(landed.refusal));
    assert.strictEqual(userGit(root, "rev-parse", `refs/heads/swarm/${view.epic}`).trim(), view.head);
    assert.strictEqual(readFileSync(join(root, ".git", "HEAD"), "utf8"), head);
    assert.deepStrictEqual(lyingAbout(root), about);
    assert.strictEqual(readFileSync(join(root, "src", "a.txt"), "utf8"), "a\n");
    const after = await everything(root);
    for (const [path, entry] of Object.entries(before)) assert.strictEqual(after[path], entry, path);
    assertClean(root, view.epic, ["refs/heads/main", `refs/heads/swarm/${view.epic}`, "refs/stash"]);
  });
});

describe("landing where the target is", () => {
  it("moves the files of the linked worktree that has it, and none of the main checkout's", async () => {
    const root = await repository();
    const linked = join(box.folder, `linked ${repositories} ü`);
    const { epic } = await runSwarm(client, root, [onlyA]);
    userGit(root, "switch", "--quiet", "--create", "other");
    userGit(root, "worktree", "add", "--quiet", linked, "main");
    const before = await everything(root);
    const view = await client.swarm.status({ project: linked, epic });
    const landed = await landNow(client, linked, view);
    assert.strictEqual(landed.status, "landed", JSON.stringify(landed.refusal));
    assert.strictEqual(readFileSync(join(linked, "src", "a.txt"), "utf8"), "a by the swarm\n");
    assert.strictEqual(userGit(linked, "status", "--porcelain"), "");
    assert.strictEqual(readFileSync(join(root, "src", "a.txt"), "utf8"), "a\n");
    const after = await everything(root);
    assert.strictEqual(userGit(root, "status", "--porcelain"), "");
    const changed = Object.keys({ ...before, ...after }).filter((path) => before[path] !== after[path]);
    const known = /^\.git\/(objects\/|worktrees\/|refs\/heads\/main$|logs\/refs\/heads\/main$|vibe)/;
    assert.deepStrictEqual(
      changed.filter((path) => !known.test(path)),
      [],
    );
    assertClean(root, epic, ["refs/heads/main", "refs/heads/other"]);
  });

  it("moves the ref alone when nothing has it checked out", async () => {
    const root = await repository();
    const view = await runSwarm(client, root, [onlyA]);
    userGit(root, "switch", "--quiet", "--create", "other");
    await leaveThingsAbout(root);
    const before = await everything(root);
    const landed = await landNow(client, root, view);
    assert.strictEqual(landed.status, "landed", JSON.stringify(landed.refusal));
    assert.strictEqual(userGit(root, "rev-parse", "main").trim(), view.head);
    const after = await everything(root);
    const changed = Object.keys({ ...before, ...after }).filter((path) => before[path] !== after[path]);
    const known = /^\.git\/(objects\/|refs\/heads\/main$|logs\/refs\/heads\/main$)/;
    assert.deepStrictEqual(
      changed.filter((path) => !known.test(path)),
      [],
    );
    assertClean(root, view.epic, ["refs/heads/main", "refs/heads/other", "refs/stash"]);
  });

  it("is refused, with the paths and without a change, where it would overwrite the person's own", async () => {
    const root = await repository();
    const made = {
      "src/a.txt": "swarm\n",
      "src/b.txt": "swarm\n",
      "src/c.txt": "swarm\n",
      "src/new.txt": "swarm\n",
      "kept.tmp.d/x.txt": "swarm\n",
      "src/fine.txt": "swarm\n",
    };
    const agent = scriptAgent(
      box,
      `for (const [path, text] of Object.entries(${JSON.stringify(made)})) write(path, text);`,
    );
    const view = await runSwarm(client, root, [{ files: ["src/", "kept.tmp.d/"], agent }]);
    assert.strictEqual(view.status, "ready", JSON.stringify(view));
    writeFileSync(join(root, ".git", "info", "exclude"), "kept.tmp.d\n");
    await writeFiles(root, {
      "src/a.txt": "dirty\n",
      "src/b.txt": "staged\n",
      "src/new.txt": "untracked\n",
      "kept.tmp.d/x.txt": "ignored, and dear to somebody\n",
    });
    userGit(root, "add", "src/b.txt");
    const before = await everything(root);
    const refused = await landNow(client, root, view);
    assert.strictEqual(refused.status, "ready");
    assert.deepStrictEqual([...(refused.refusal?.paths ?? [])].sort(), [
      "kept.tmp.d/x.txt",
      "src/a.txt",
      "src/b.txt",
      "src/new.txt",
    ]);
    for (const path of refused.refusal?.paths ?? []) assert.include(refused.refusal?.message, path);
    assert.deepStrictEqual(await everything(root), before);

    userGit(root, "reset", "--quiet", "--hard");
    for (const path of ["src/new.txt", "kept.tmp.d"]) rmSync(join(root, path), { recursive: true });
    const landed = await landNow(client, root, view);
    assert.strictEqual(landed.status, "landed", JSON.stringify(landed.refusal));
    for (const [path, text] of Object.entries(made))
      assert.strictEqual(readFileSync(join(root, path), "utf8"), text);
    assertClean(root, view.epic, ["refs/heads/main"]);
  });

  it("takes exactly the commit that the person saw, and only when all is merged", async () => {
    const root = await repository();
    const view = await runSwarm(client, root, [onlyA]);
    const before = await everything(root);
    const other = await client.swarm
      .land({ project: root, epic: view.epic, commit: view.base })
      .catch((error) => error);
    assert.strictEqual(other._tag, "NotNow");
    assert.deepStrictEqual(await everything(root), before);
    assert.strictEqual((await landNow(client, root, view)).status, "landed");
    const again = await landNow(client, root, view).catch((error) => error);
    assert.strictEqual(again._tag, "NotNow");

    const stuck = await runSwarm(client, root, [
      { files: ["src/a.txt"], agent: scriptAgent(box, 'write("src/a.txt", "broken");') },
    ]);
    assert.strictEqual(stuck.status, "blocked");
    const tooEarly = await client.swarm
      .land({ project: root, epic: stuck.epic, commit: stuck.base })
      .catch((error) => error);
    assert.strictEqual(tooEarly._tag, "NotNow");
    await client.swarm.discard({ project: root, epic: stuck.epic });
  });
});

describe("a target that moved meanwhile", () => {
  it("is merged in, judged and landed, when landing was approved in advance", async () => {
    const root = await repository();
    const go = join(box.folder, `go-${repositories}`);
    const agent = scriptAgent(
      box,
      `await waitFor(${JSON.stringify(go)}); write("src/a.txt", "a by the swarm\\n");`,
    );
    const { epic } = await startSwarm(client, root, [{ files: ["src/a.txt"], agent }], { land: true });
    await writeFiles(root, { "src/c.txt": "c by the person\n" });
    const theirs = commitAll(root, "Mine");
    writeFileSync(go, "");
    const view = await settled(client, root, epic);
    assert.strictEqual(view.status, "landed", `${view.problem} ${JSON.stringify(view.refusal)}`);
    assert.strictEqual(userGit(root, "show", "main:src/a.txt"), "a by the swarm\n");
    assert.strictEqual(userGit(root, "show", "main:src/c.txt"), "c by the person\n");
    assert.strictEqual(userGit(root, "rev-parse", "main^2").trim(), theirs);
    assert.strictEqual(userGit(root, "status", "--porcelain"), "");
    const merged = await client.events.list({ project: root, type: "target_merged" });
    assert.deepInclude((merged[0]!.data as { results: ReadonlyArray<object> }).results[0], { passed: true });
    assertClean(root, epic, ["refs/heads/main"]);
  });

  it("is merged in and judged, and the person is asked again, when one commit was approved", async () => {
    const root = await repository();
    const first = await runSwarm(client, root, [onlyA]);
    await writeFiles(root, { "src/c.txt": "c by the person\n" });
    commitAll(root, "Mine");
    const before = await everything(root);
    const asked = await landNow(client, root, first);
    assert.strictEqual(asked.status, "ready");
    assert.notStrictEqual(asked.head, first.head);
    assert.include(asked.refusal?.message, "moved");
    assert.deepStrictEqual(await everything(root), before);
    const stale = await landNow(client, root, first).catch((error) => error);
    assert.strictEqual(stale._tag, "NotNow");
    assert.strictEqual((await landNow(client, root, asked)).status, "landed");
    assert.strictEqual(userGit(root, "rev-parse", "main").trim(), asked.head);
    assert.strictEqual(userGit(root, "show", "main:src/c.txt"), "c by the person\n");
    assertClean(root, first.epic, ["refs/heads/main"]);
  });

  const conflicting = async (reconcile: string, land: boolean) => {
    const root = await repository();
    const go = join(box.folder, `go-${repositories}`);
    const agent = scriptAgent(
      box,
      `if (prompt.startsWith("# Reconcile")) { ${reconcile} } else { await waitFor(${JSON.stringify(go)}); write("src/a.txt", "a by the swarm\\n"); }`,
    );
    const { epic } = await startSwarm(client, root, [{ files: ["src/a.txt"], agent }], { land });
    await writeFiles(root, { "src/a.txt": "a by the person\n", "src/c.txt": "c by the person\n" });
    const theirs = commitAll(root, "Mine");
    writeFileSync(go, "");
    return { root, theirs, view: await settled(client, root, epic) };
  };
  const resolve = `
    const text = fs.readFileSync("src/a.txt", "utf8");
    if (!text.includes("<<<<<<<")) throw new Error("no conflict was shown");
    if (!prompt.includes("src/a.txt conflicts")) throw new Error("the conflict was not told");
    write("src/a.txt", text.split("\\n").filter((line) => !/^[<=>]{7}/.test(line)).join("\\n"));
  `;

  it("and conflicts becomes a subtask that reconciles, and lands", async () => {
    const { root, theirs, view } = await conflicting(resolve, true);
    assert.strictEqual(view.status, "landed", `${view.problem} ${JSON.stringify(view)}`);
    assert.deepStrictEqual(
      view.subtasks.map(({ title, status }) => [title, status]),
      [
        ["Task 0", "merged"],
        ["Reconcile with the target branch", "merged"],
      ],
    );
    assert.strictEqual(userGit(root, "show", "main:src/a.txt"), "a by the swarm\na by the person\n");
    assert.strictEqual(userGit(root, "show", "main:src/c.txt"), "c by the person\n");
    assert.strictEqual(userGit(root, "rev-parse", "main^2").trim(), theirs);
    assertClean(root, view.epic, ["refs/heads/main"]);
  });

  it("and conflicts asks again, with the conflict resolved, when one commit was approved", async () => {
    const { root, view: first } = await conflicting(resolve, false);
    assert.strictEqual(first.status, "ready");
    const before = await everything(root);
    const asked = await landNow(client, root, first);
    assert.strictEqual(asked.status, "ready", JSON.stringify(asked));
    assert.include(asked.refusal?.message, "moved");
    assert.deepStrictEqual(await everything(root), before);
    assert.strictEqual((await landNow(client, root, asked)).status, "landed");
    assert.strictEqual(userGit(root, "show", "main:src/a.txt"), "a by the swarm\na by the person\n");
  });

  it("and conflicts is never landed with conflict markers in it", async () => {
    const { root, theirs, view } = await conflicting("", true);
    assert.strictEqual(view.status, "blocked", JSON.stringify(view));
    const reconciling = view.subtasks[1];
    assert.strictEqual(reconciling?.attempts, 3);
    assert.deepInclude(reconciling?.findings[0], { kind: "merge-conflict", path: "src/a.txt" });
    assert.strictEqual(userGit(root, "rev-parse", "main").trim(), theirs);
    await client.swarm.discard({ project: root, epic: view.epic });
  });

  it("and fails the checks only together becomes a subtask too", async () => {
    const root = await repository();
    const go = join(box.folder, `go-${repositories}`);
    const agent = scriptAgent(
      box,
      `if (!prompt.startsWith("# Reconcile")) await waitFor(${JSON.stringify(go)});
       write("src/a.txt", prompt.startsWith("# Reconcile") ? "fitting\\n" : "clashing\\n");`,
    );
    const { epic } = await startSwarm(client, root, [{ files: ["src/a.txt"], agent }], { land: true });
    await writeFiles(root, { "src/b.txt": "clashing\n" });
    commitAll(root, "Mine");
    writeFileSync(go, "");
    const view = await settled(client, root, epic);
    assert.strictEqual(view.status, "landed", `${view.problem} ${JSON.stringify(view)}`);
    assert.strictEqual(userGit(root, "show", "main:src/a.txt"), "fitting\n");
    assert.strictEqual(userGit(root, "show", "main:src/b.txt"), "clashing\n");
  });
});

describe("ending without landing", () => {
  it("discard leaves nothing but the project's record", async () => {
    const root = await repository();
    await leaveThingsAbout(root);
    const before = await everything(root);
    const view = await runSwarm(client, root, [
      onlyA,
      { files: ["src/b.txt"], agent: writer("src/b.txt", "broken\n") },
    ]);
    assert.strictEqual(view.status, "blocked", JSON.stringify(view));
    assert.isNotEmpty(refsOf(workshopOf(box, root)));
    const discarded = await client.swarm.discard({ project: root, epic: view.epic });
    assert.strictEqual(discarded.status, "discarded");
    assert.deepStrictEqual(await everything(root), before);
    assert.deepStrictEqual(oursIn(root), { refs: ["refs/heads/main", "refs/stash"], vibe: ["project.json"] });
    assert.deepStrictEqual(refsOf(workshopOf(box, root)), []);
    assert.deepStrictEqual(await client.reservations.list({ project: root }), []);
    assert.isFalse(existsSync(join(workshopOf(box, root), "..", "work", view.epic)));
    const again = await landNow(client, root, view).catch((error) => error);
    assert.strictEqual(again._tag, "NotNow");
  });

  it("cancel ends the agents, frees the leases and leaves the repository as it was", async () => {
    const root = await repository();
    const started = join(box.folder, `started-${repositories}`);
    const before = await everything(root);
    const agent = scriptAgent(
      box,
      `fs.writeFileSync(${JSON.stringify(started)}, String(process.pid)); await waitFor("never");`,
    );
    const { epic } = await startSwarm(client, root, [{ files: ["src/a.txt"], agent }], { land: true });
    while (!existsSync(started)) await new Promise((go) => setTimeout(go, 10));
    const view = await client.swarm.cancel({ project: root, epic });
    assert.strictEqual(view.status, "cancelled");
    assert.isFalse(existsSync(`/proc/${readFileSync(started, "utf8")}`), "the agent is gone");
    assert.deepStrictEqual(await client.reservations.list({ project: root }), []);
    assert.deepStrictEqual(await everything(root), before);
    assert.strictEqual(
      (await client.swarm.discard({ project: root, epic }).catch((error) => error)).status,
      "discarded",
    );
    assert.deepStrictEqual(oursIn(root).refs, ["refs/heads/main"]);
  });
});

describe("work that nothing has checked", () => {
  it("lands only by an extra yes", async () => {
    const root = join(box.folder, `unchecked ${++repositories}`);
    await makeRepository(root, { "src/a.txt": "a\n" });
    const early = await startSwarm(client, root, [onlyA], { land: true }).catch((error) => error);
    assert.strictEqual(early._tag, "InvalidInput");
    const view = await runSwarm(client, root, [onlyA]);
    const before = await everything(root);
    const refused = await landNow(client, root, view).catch((error) => error);
    assert.strictEqual(refused._tag, "NotNow");
    assert.include(refused.message, "--land-unchecked");
    assert.deepStrictEqual(await everything(root), before);
    const landed = await client.swarm.land({
      project: root,
      epic: view.epic,
      commit: view.head ?? "",
      unchecked: true,
    });
    assert.strictEqual(landed.status, "landed");
    const all = await runSwarm(client, root, [{ files: ["b.txt"], agent: writer("b.txt", "b\n") }], {
      land: true,
      landUnchecked: true,
    });
    assert.strictEqual(all.status, "landed");
  });
});
