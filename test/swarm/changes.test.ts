/** What a swarm changed, as the person looks at it: complete, of that swarm only, and without leaving anything behind. */
import { existsSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, assert, beforeAll, describe, it } from "vitest";
import type { DaemonClient } from "../../shared/client/connect.ts";
import { makeRepository, userGit, writeFiles } from "../support/gitFixture.ts";
import { Sandbox } from "../support/sandbox.ts";
import { landNow, runSwarm, scriptAgent, settled, startSwarm, workshopOf } from "../support/swarms.ts";
import { until } from "../support/until.ts";

const box = new Sandbox();
let client: DaemonClient;
beforeAll(async () => {
  await box.startDaemon();
  client = await box.client();
});
afterAll(async () => {
  assert.deepStrictEqual(await box.end(), [], "processes were left behind");
});

let repositories = 0;
const repository = async () => {
  const root = join(box.folder, `repository ${++repositories}`);
  await makeRepository(root, {
    ".hive/config.json": JSON.stringify({ checks: ["node --version"] }),
    "src/a.txt": "a\n",
    "src/old näme.txt": "moved along\n".repeat(20),
    "src/gone.txt": "gone\n",
    "src/run.sh": "#!/bin/sh\n",
    "src/[x] *.txt": "odd\n",
    "src/picture.bin": Buffer.from([1, 0, 2, 0, 3]),
    "secret.txt": "of the user's\n",
  });
  return root;
};
const refusal = (promise: Promise<unknown>) =>
  promise.then(
    () => assert.fail("it was not refused"),
    (error: { _tag: string; message: string }) => error,
  );

const everyKind = `
  write("src/a.txt", "a\\nby the swarm\\n");
  write("src/new/ä\\ttab.txt", "new\\n");
  fs.renameSync("src/old näme.txt", "src/new name.txt");
  fs.rmSync("src/gone.txt");
  fs.chmodSync("src/run.sh", 0o755);
  fs.writeFileSync("src/picture.bin", Buffer.from([9, 0, 9, 0, 9]));
  fs.symlinkSync("a.txt", "src/link");
  write("src/[x] *.txt", "odd, and changed\\n");
  fs.writeFileSync("src/large.txt", "x".repeat(6 * 1024 * 1024));
  fs.writeFileSync("src/large.bin", Buffer.alloc(6 * 1024 * 1024));
`;

describe("the changes of a swarm", () => {
  it("name every kind of change, and each file can be read on both sides", async () => {
    const project = await repository();
    const ready = await runSwarm(client, project, [{ files: ["src/"], agent: scriptAgent(box, everyKind) }]);
    const { epic } = ready;
    const whole = await client.swarm.changes({ project, epic });
    assert.strictEqual(whole.base, ready.base);
    assert.strictEqual(whole.head, ready.head);
    assert.deepStrictEqual(
      [...whole.files].sort((one, other) => (one.path < other.path ? -1 : 1)),
      [
        { path: "src/[x] *.txt", status: "modified", binary: false },
        { path: "src/a.txt", status: "modified", binary: false },
        { path: "src/gone.txt", status: "deleted", binary: false },
        { path: "src/large.bin", status: "added", binary: true },
        { path: "src/large.txt", status: "added", binary: false },
        { path: "src/link", status: "added", binary: false },
        { path: "src/new name.txt", oldPath: "src/old näme.txt", status: "renamed", binary: false },
        { path: "src/new/ä\ttab.txt", status: "added", binary: false },
        { path: "src/picture.bin", status: "modified", binary: true },
        { path: "src/run.sh", status: "mode", binary: false },
      ],
    );
    const ofCell = await client.swarm.changes({ project, epic, cell: `${epic}.1` });
    assert.deepStrictEqual(ofCell.files, whole.files);

    const file = (commit: string, path: string) => client.swarm.file({ project, epic, commit, path });
    const [base, head] = [whole.base, whole.head];
    assert.deepStrictEqual(await file(base, "src/a.txt"), { kind: "text", text: "a\n" });
    assert.deepStrictEqual(await file(head, "src/a.txt"), { kind: "text", text: "a\nby the swarm\n" });
    assert.deepStrictEqual(await file(head, "src/[x] *.txt"), { kind: "text", text: "odd, and changed\n" });
    assert.deepStrictEqual(await file(head, "src/new/ä\ttab.txt"), { kind: "text", text: "new\n" });
    assert.deepStrictEqual(await file(head, "src/link"), { kind: "text", text: "a.txt" });
    assert.deepStrictEqual(await file(base, "src/picture.bin"), { kind: "binary", bytes: 5 });
    assert.deepStrictEqual(await file(head, "src/large.bin"), { kind: "binary", bytes: 6 * 1024 * 1024 });
    assert.deepStrictEqual(await file(head, "src/gone.txt"), { kind: "absent" });
    for (const path of ["src", "src/", "nothing", "../secret.txt", "/etc/passwd", "src/link/x", "src/*"]) {
      assert.deepStrictEqual(await file(head, path), { kind: "absent" }, path);
    }
    const large = await refusal(file(head, "src/large.txt"));
    assert.strictEqual(large._tag, "InvalidInput");
    assert.match(large.message, /src\/large\.txt has 6\.0 MB, too much to be shown here/);
  });

  it("are those of this swarm only", async () => {
    const project = await repository();
    const one = await runSwarm(client, project, [
      { files: ["src/a.txt"], agent: scriptAgent(box, `write("src/a.txt", "one\\n");`) },
    ]);
    // A commit of the person's that no swarm began from.
    await writeFiles(project, { "secret.txt": "another secret\n" });
    userGit(project, "commit", "--quiet", "--all", "-m", "Secret");
    const secret = userGit(project, "rev-parse", "HEAD").trim();
    const other = await runSwarm(client, project, [
      { files: ["src/b.txt"], agent: scriptAgent(box, `write("src/b.txt", "b\\n");`) },
    ]);
    const file = (commit: string) =>
      client.swarm.file({ project, epic: one.epic, commit, path: "secret.txt" });
    for (const commit of [
      secret,
      other.head!,
      userGit(project, "rev-parse", `${secret}^{tree}`).trim(),
      userGit(project, "rev-parse", `${secret}:secret.txt`).trim(),
      one.head!.slice(0, 12),
      "HEAD",
      "main",
      `${one.head}^`,
      "--help",
      "../../../../etc/passwd",
      "",
    ]) {
      assert.strictEqual((await refusal(file(commit)))._tag, "NotFound", commit);
    }
    const cell = `${other.epic}.1`;
    const unknown = await refusal(client.swarm.changes({ project, epic: one.epic, cell }));
    assert.strictEqual(unknown._tag, "NotFound");
  });

  it("stay what landed, and leave out what the target got meanwhile", async () => {
    const project = await repository();
    const ready = await runSwarm(client, project, [
      { files: ["src/a.txt"], agent: scriptAgent(box, `write("src/a.txt", "one\\n");`) },
    ]);
    const { epic } = ready;
    await writeFiles(project, { "secret.txt": "changed\n" });
    userGit(project, "commit", "--quiet", "--all", "-m", "Meanwhile");
    const target = userGit(project, "rev-parse", "HEAD").trim();
    const merged = await landNow(client, project, ready);
    assert.strictEqual(merged.status, "ready", "the target moved, so it is asked for again");
    const files = [{ path: "src/a.txt", status: "modified" as const, binary: false }];
    const before = await client.swarm.changes({ project, epic });
    assert.deepStrictEqual(before, { base: target, head: merged.head!, files });
    await landNow(client, project, merged);
    await writeFiles(project, { "src/a.txt": "later\n" });
    userGit(project, "commit", "--quiet", "--all", "-m", "Later");
    assert.deepStrictEqual(await client.swarm.changes({ project, epic }), before);
  });

  it("of a blocked subtask are those of its last attempt; of one that was never tried, none", async () => {
    const project = await repository();
    const ready = await runSwarm(client, project, [
      { files: ["src/a.txt"], agent: scriptAgent(box, `write("secret.txt", "outside\\n");`) },
      { files: ["src/b.txt"], agent: scriptAgent(box, ""), after: [0] },
    ]);
    const { epic } = ready;
    assert.strictEqual(ready.status, "blocked");
    const last = await client.swarm.changes({ project, epic, cell: `${epic}.1` });
    assert.deepStrictEqual(last.files, [{ path: "secret.txt", status: "modified", binary: false }]);
    const file = await client.swarm.file({ project, epic, commit: last.head, path: "secret.txt" });
    assert.deepStrictEqual(file, { kind: "text", text: "outside\n" });
    assert.deepStrictEqual((await client.swarm.changes({ project, epic, cell: `${epic}.2` })).files, []);
    assert.deepStrictEqual((await client.swarm.changes({ project, epic })).files, []);
  });
});

describe("the checkout of an agent at work", () => {
  it("is shown as it stands, and looking leaves nothing behind", async () => {
    const project = await repository();
    const [go, began] = [join(box.folder, `go ${repositories}`), join(box.folder, `began ${repositories}`)];
    const agent = scriptAgent(
      box,
      `write("src/a.txt", "half done\\n"); write("src/new.txt", "new\\n"); fs.rmSync(".git", { recursive: true });
       write(${JSON.stringify(began)}, "");
       await waitFor(${JSON.stringify(go)});
       write("src/a.txt", "done\\n");`,
    );
    const { epic } = await startSwarm(client, project, [{ files: ["src/"], agent }]);
    const cell = `${epic}.1`;
    const now = () => client.swarm.changes({ project, epic, cell, now: true });
    await until(() => existsSync(began));
    const objects = join(workshopOf(box, project), "objects");
    const kept = readdirSync(objects, { recursive: true }).sort();
    const first = await now();
    assert.deepStrictEqual(first.files, [
      { path: "src/a.txt", status: "modified", binary: false },
      { path: "src/new.txt", status: "added", binary: false },
    ]);
    const { folder } = (await client.swarm.status({ project, epic })).subtasks[0]!;
    assert.isTrue(existsSync(join(folder!, "src/new.txt")));
    const file = (commit: string, path: string) => client.swarm.file({ project, epic, commit, path });
    assert.deepStrictEqual(await file(first.head, "src/a.txt"), { kind: "text", text: "half done\n" });
    // The person may look into it as well as the agent.
    await writeFiles(folder!, { "src/a.txt": "further\n" });
    rmSync(join(folder!, "src/new.txt"));
    symlinkSync("/etc/passwd", join(folder!, "src/new.txt"));
    const second = await now();
    assert.notStrictEqual(second.head, first.head);
    assert.deepStrictEqual(await file(second.head, "src/new.txt"), { kind: "text", text: "/etc/passwd" });
    assert.deepStrictEqual(await file(first.head, "src/a.txt"), { kind: "text", text: "half done\n" });
    assert.strictEqual((await now()).head, second.head);
    assert.deepStrictEqual(
      readdirSync(objects, { recursive: true }).sort(),
      kept,
      "the workshop is as it was",
    );
    rmSync(join(folder!, "src/new.txt"));
    // Many look at once.
    const all = await Promise.all(Array.from({ length: 5 }, now));
    assert.lengthOf(new Set(all.map(({ head }) => head)), 1);
    await writeFiles(box.folder, { [`go ${repositories}`]: "" });
    const ready = await settled(client, project, epic);
    assert.strictEqual(ready.status, "ready", JSON.stringify(ready));
    assert.isNull(ready.subtasks[0]!.folder);
    const later = await refusal(now());
    assert.strictEqual(later._tag, "NotNow");
    assert.match(later.message, /No agent works on/);
    assert.strictEqual((await refusal(file(second.head, "src/a.txt")))._tag, "NotFound");
    const work = join(workshopOf(box, project), "..", "work");
    assert.deepStrictEqual(existsSync(work) ? readdirSync(work, { recursive: true }) : [], []);
    const done = await client.swarm.changes({ project, epic, cell });
    assert.deepStrictEqual(await file(done.head, "src/a.txt"), { kind: "text", text: "done\n" });
    assert.strictEqual(
      (await refusal(client.swarm.changes({ project, epic, now: true })))._tag,
      "InvalidInput",
    );
  });
});
