/** What landed can be taken back, exactly that, by one commit on top of what is there now, or it is refused. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, assert, beforeAll, describe, it } from "vitest";
import type { DaemonClient } from "../../shared/client/connect.ts";
import type { SwarmView } from "../../shared/contract/swarmRoutes.ts";
import { commitAll, makeRepository, userGit, writeFiles } from "../support/gitFixture.ts";
import { Sandbox } from "../support/sandbox.ts";
import { landNow, oursIn, refsOf, runSwarm, scriptAgent, workshopOf } from "../support/swarms.ts";

const box = new Sandbox();
let client: DaemonClient;
beforeAll(async () => {
  await box.startDaemon();
  client = await box.client();
});
afterAll(async () => {
  assert.deepStrictEqual(await box.end(), [], "processes were left behind");
});

const lines = (...changed: ReadonlyArray<[number, string]>) =>
  Array.from({ length: 30 }, (_, n) => `${changed.find(([at]) => at === n)?.[1] ?? `line ${n}`}\n`).join("");
const files = {
  ".hive/config.json": JSON.stringify({ checks: ["node --version"] }),
  "src/a.txt": lines(),
  "src/old name.txt": "moved along\n".repeat(20),
  "src/gone.txt": "gone\n",
  "src/run.sh": "#!/bin/sh\n",
  "notes.txt": "as committed\n",
};

let repositories = 0;
/** A repository in which a swarm changed, added, moved and removed files, and landed. */
const landed = async (options: { readonly detached?: boolean } = {}) => {
  const root = join(box.folder, `repository ${++repositories}`);
  await makeRepository(root, files);
  if (options.detached === true) userGit(root, "switch", "--quiet", "--detach");
  const agent = scriptAgent(
    box,
    `write("src/a.txt", fs.readFileSync("src/a.txt", "utf8").replace("line 10", "by the swarm"));
     write("src/new/ä.txt", "new\\n");
     fs.renameSync("src/old name.txt", "src/new name.txt");
     fs.rmSync("src/gone.txt");
     fs.chmodSync("src/run.sh", 0o755);`,
  );
  const ready = await runSwarm(client, root, [{ files: ["src/"], agent }]);
  assert.strictEqual(ready.status, "ready", JSON.stringify(ready));
  const view = await landNow(client, root, ready);
  assert.strictEqual(view.status, "landed", JSON.stringify(view.refusal));
  return { root, view };
};

const revert = (root: string, { epic, head }: SwarmView) =>
  client.swarm.revert({ project: root, epic, commit: head! });
const treeOf = (root: string, commit: string) => userGit(root, "rev-parse", `${commit}^{tree}`).trim();
const head = (root: string) => userGit(root, "rev-parse", "HEAD").trim();

const assertNothingLeft = async (root: string, epic: string) => {
  const { refs, vibe } = oursIn(root);
  assert.deepStrictEqual(
    refs.filter((ref) => ref.startsWith("refs/vibe/")),
    [],
  );
  assert.deepStrictEqual(vibe, ["project.json"]);
  assert.deepStrictEqual(
    refsOf(workshopOf(box, root)).filter((ref) => ref.includes("revert")),
    [],
  );
  const leases = await client.reservations.list({ project: root });
  assert.deepStrictEqual(
    leases.filter((lease) => lease.holder === epic),
    [],
  );
};

describe("taking back what landed", () => {
  it("restores everything by one commit, files of the person's left as they are", async () => {
    const { root, view } = await landed();
    await writeFiles(root, { "notes.txt": "mine\n", "untracked.txt": "mine too\n" });
    const before = head(root);
    const after = await revert(root, view);
    assert.strictEqual(after.status, "reverted", JSON.stringify(after.refusal));
    assert.strictEqual(treeOf(root, "HEAD"), treeOf(root, view.base));
    assert.strictEqual(userGit(root, "rev-parse", "HEAD^").trim(), before);
    assert.match(userGit(root, "log", "-1", "--format=%B"), new RegExp(`Vibe-Reverts: ${view.epic}`));
    assert.strictEqual(userGit(root, "status", "--porcelain"), " M notes.txt\n?? untracked.txt\n");
    assert.strictEqual(statSync(join(root, "src/run.sh")).mode & 0o111, 0);
    assert.isFalse(existsSync(join(root, "src/new/ä.txt")));
    await assertNothingLeft(root, view.epic);
    const cells = await client.hive.show({ project: root, id: view.epic });
    assert.strictEqual(cells.fields.close_reason, "reverted");
  });

  it("is done once, and only for the commit that was seen", async () => {
    const { root, view } = await landed();
    const other = await client.swarm
      .revert({ project: root, epic: view.epic, commit: view.base })
      .catch((error) => error);
    assert.strictEqual(other._tag, "NotNow");
    assert.match(other.message, /Look at it, and revert that/);
    assert.strictEqual(head(root), view.head);
    await revert(root, view);
    const once = head(root);
    const again = await revert(root, view).catch((error) => error);
    assert.strictEqual(again._tag, "NotNow");
    assert.match(again.message, /was taken back already/);
    assert.strictEqual(head(root), once);
  });

  it("keeps what came later", async () => {
    const { root, view } = await landed();
    await writeFiles(root, {
      "src/a.txt": lines([10, "by the swarm"], [25, "by hand"]),
      "later.txt": "later\n",
    });
    commitAll(root, "Later");
    const after = await revert(root, view);
    assert.strictEqual(after.status, "reverted", JSON.stringify(after.refusal));
    assert.strictEqual(readFileSync(join(root, "src/a.txt"), "utf8"), lines([25, "by hand"]));
    assert.strictEqual(readFileSync(join(root, "later.txt"), "utf8"), "later\n");
  });

  it("is refused, with the paths, when the same place was changed since; it can be tried again", async () => {
    const { root, view } = await landed();
    await writeFiles(root, { "src/a.txt": lines([10, "by hand"]) });
    const later = commitAll(root, "Later");
    const refused = await revert(root, view);
    assert.strictEqual(refused.status, "landed");
    assert.deepStrictEqual(refused.refusal?.paths, ["src/a.txt"]);
    assert.match(refused.refusal?.message ?? "", /has changed the same places since, in src\/a\.txt/);
    assert.strictEqual(head(root), later);
    assert.strictEqual(userGit(root, "status", "--porcelain"), "");
    await assertNothingLeft(root, view.epic);
    userGit(root, "revert", "--no-edit", "HEAD");
    assert.strictEqual((await revert(root, view)).status, "reverted");
  });

  it("is refused when it would overwrite what the person has not committed", async () => {
    const { root, view } = await landed();
    await writeFiles(root, { "src/a.txt": "not committed\n", "src/gone.txt": "untracked, in the way\n" });
    const refused = await revert(root, view);
    assert.strictEqual(refused.status, "landed");
    assert.deepStrictEqual([...(refused.refusal?.paths ?? [])].sort(), ["src/a.txt", "src/gone.txt"]);
    assert.match(refused.refusal?.message ?? "", /^Reverting would overwrite changes of yours/);
    assert.strictEqual(readFileSync(join(root, "src/a.txt"), "utf8"), "not committed\n");
    assert.strictEqual(head(root), view.head);
    await assertNothingLeft(root, view.epic);
  });

  it("is refused while somebody else holds one of the files", async () => {
    const { root, view } = await landed();
    const { token } = await client.agents.register({ project: root });
    const env = { OCVIBE_AGENT_TOKEN: token };
    // Beside them others may work.
    assert.strictEqual((await box.cli(["reserve", "src/elsewhere.txt"], { env, cwd: root })).code, 0);
    assert.strictEqual((await box.cli(["reserve", "src/a.txt"], { env, cwd: root })).code, 0);
    const refused = await revert(root, view);
    assert.strictEqual(refused.status, "landed");
    assert.match(refused.refusal?.message ?? "", /^It can't be taken back now: .*src\/a\.txt/);
    assert.strictEqual(head(root), view.head);
    await box.cli(["release", "src/a.txt"], { env, cwd: root });
    assert.strictEqual((await revert(root, view)).status, "reverted");
  });

  it("is refused when what landed is not there any more, or nothing of it is left", async () => {
    const rewritten = await landed();
    userGit(rewritten.root, "reset", "--quiet", "--hard", rewritten.view.base);
    const gone = await revert(rewritten.root, rewritten.view);
    assert.match(gone.refusal?.message ?? "", /its history was rewritten/);
    const byHand = await landed();
    userGit(byHand.root, "revert", "--no-edit", byHand.view.head!);
    const nothing = await revert(byHand.root, byHand.view);
    assert.match(nothing.refusal?.message ?? "", /Nothing of .* is left on main/);
  });

  it("moves a branch that is checked out nowhere, and the one that was made of a detached HEAD", async () => {
    const elsewhere = await landed();
    userGit(elsewhere.root, "switch", "--quiet", "--create", "elsewhere");
    assert.strictEqual((await revert(elsewhere.root, elsewhere.view)).status, "reverted");
    assert.strictEqual(treeOf(elsewhere.root, "main"), treeOf(elsewhere.root, elsewhere.view.base));
    assert.strictEqual(head(elsewhere.root), elsewhere.view.head);
    const { root, view } = await landed({ detached: true });
    const branch = `swarm/${view.epic}`;
    assert.strictEqual((await revert(root, view)).status, "reverted");
    assert.strictEqual(treeOf(root, branch), treeOf(root, view.base));
    assert.strictEqual(userGit(root, "rev-parse", `${branch}^`).trim(), view.head);
  });

  it("is not for what did not land, and what was taken back can't be discarded or cancelled", async () => {
    const { root, view } = await landed();
    await revert(root, view);
    for (const decide of [client.swarm.cancel, client.swarm.discard, client.swarm.resume]) {
      const error = await decide({ project: root, epic: view.epic }).catch((cause) => cause);
      assert.strictEqual(error._tag, "NotNow");
      assert.match(error.message, /it is reverted already/);
    }
    const agent = scriptAgent(box, `write("src/b.txt", "b\\n");`);
    const ready = await runSwarm(client, root, [{ files: ["src/b.txt"], agent }]);
    const error = await revert(root, ready).catch((cause) => cause);
    assert.match(error.message, /has not landed/);
  });
});

describe("`ocvibe revert`", () => {
  it("asks, and with --yes takes it back, or says why not", async () => {
    const { root, view } = await landed();
    const unasked = await box.cli(["revert", view.epic], { cwd: root });
    assert.strictEqual(unasked.code, 2, unasked.stderr);
    assert.match(unasked.stderr, /needs your yes.*add --yes/);
    await writeFiles(root, { "src/a.txt": "not committed\n" });
    const refused = await box.cli(["revert", view.epic, "--yes", "--json"], { cwd: root });
    assert.strictEqual(refused.code, 1, refused.stderr);
    assert.strictEqual(JSON.parse(refused.stderr.trim().split("\n").at(-1)!).error.tag, "LandingRefused");
    const told = await box.cli(["status", view.epic], { cwd: root });
    assert.match(told.stdout, /Not taken back: Reverting would overwrite/);
    userGit(root, "checkout", "--quiet", "--", "src/a.txt");
    const done = await box.cli(["revert", view.epic, "--yes"], { cwd: root });
    assert.strictEqual(done.code, 0, done.stderr);
    assert.match(done.stdout, /is taken back: main has one more commit, which undoes it/);
    assert.strictEqual(treeOf(root, "HEAD"), treeOf(root, view.base));
    const again = await box.cli(["revert", view.epic, "--yes"], { cwd: root });
    assert.strictEqual(again.code, 1);
    assert.match(again.stderr, /can't be taken back: it is landed and taken back/);
    const listed = await box.cli(["events", "--type", "reverted"], { cwd: root });
    assert.match(listed.stdout, /taken back from main by/);
  });
});
