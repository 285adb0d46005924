/**
 * The VSIX that ships, in a real VS Code: it installs, activates and is there for the person. Several windows, folders
 * and worktrees of one repository share one project and one daemon, also after a kill.
 */
import { join } from "node:path";
import { afterAll, assert, beforeAll, describe, it } from "vitest";
import { userGit } from "../support/gitFixture.ts";
import { Sandbox } from "../support/sandbox.ts";
import type { OpenProject } from "../support/vscode/Probe.ts";
import { pictureFailures } from "../support/vscode/pictureFailures.ts";
import { layOutSample, type Sample } from "../support/vscode/sample.ts";
import { startVsCode, type VsCode } from "../support/vscode/startVsCode.ts";
import type { VsCodeWindow } from "../support/vscode/VsCodeWindow.ts";

type Models = ReadonlyArray<OpenProject>;

import { smokeChecks } from "./smokeChecks.ts";

describe("the extension, its windows and folders", () => {
  const box = new Sandbox();
  const worktree = join(box.folder, "worktree");
  const other = join(box.folder, "other");
  let sample: Sample;
  let code: VsCode;
  let window: VsCodeWindow;

  beforeAll(async () => {
    sample = layOutSample(box);
    code = await startVsCode(box, { settings: sample.settings });
    window = await code.open(box.repo);
  }, 300_000);

  afterAll(async () => {
    await code?.end();
    assert.deepStrictEqual(await box.end(), []);
  });

  pictureFailures(() => code);

  const live = (of: VsCodeWindow) =>
    of.probe.becomes<Models>("model", (all) => all.length > 0 && all.every(({ state }) => state === "live"));
  const statusOf = (of: VsCodeWindow, kind: string) =>
    of.probe.becomes<{ kind: string }>("status", (now) => now.kind === kind);
  const statuses = (all: Models) => [...(all[0]?.model.swarms.values() ?? [])].map(({ status }) => status);

  it("activates, and starts no daemon in a repository that was never used with us", async () => {
    const [project] = await window.probe.model();
    assert.strictEqual(project?.root, box.repo);
    assert.strictEqual(project?.state, "new");
    assert.isUndefined(box.daemonPid());
  });

  it("has its commands in the palette, and its views side by side", async () => {
    const { page } = window;
    await page.keyboard.press("F1");
    await page.locator(".quick-input-widget input[type=text]").fill(">Vibe: Start Swarm");
    await window.quickPick("Vibe: Start Swarm").waitFor();
    await page.keyboard.press("Escape");
    await window.probe.execute("workbench.view.extension.vibe");
    for (const view of ["Hive", "Agents & Leases", "Landing"]) {
      await page.locator(".pane-header", { hasText: view }).first().waitFor();
    }
  }, 120_000);

  it("a swarm that another client starts appears in a window that was open before", async () => {
    await box.startDaemon();
    await sample.start(await box.client());
    await window.probe.becomes<Models>("model", (all) => statuses(all).includes("running"));
  }, 120_000);

  it("two windows show the same, and an answer in one is the answer in both", async () => {
    const second = await code.open(join(box.repo, "src"));
    const [one] = await live(second);
    assert.strictEqual(one?.root, box.repo);
    assert.strictEqual(box.daemonPid(), (await (await box.client()).daemon.status({})).pid);
    const held = `file://${box.repo}/src/greetings.js`;
    for (const each of [window, second])
      await each.probe.becomes("decorationFor", (mark) => mark !== undefined, held);

    sample.let(2);
    await statusOf(window, "needs-you");
    await statusOf(second, "needs-you");
    await second.palette("Vibe: Answer…");
    await second.pick("Test the greetings");
    await second.pick("Accept");
    await statusOf(window, "running");
    await statusOf(second, "running");
    await second.page.close();
  }, 180_000);

  it("follows the daemon over a kill, and the swarm goes on", async () => {
    const before = (await live(window))[0]?.model.seq ?? 0;
    const pid = box.daemonPid();
    await box.killDaemon();
    sample.let(1, 3);
    await statusOf(window, "ready");
    const [after] = await live(window);
    assert.isAbove(after?.model.seq ?? 0, before);
    assert.notStrictEqual(box.daemonPid(), pid);
  }, 180_000);

  it.each(Object.entries(smokeChecks))(
    "%s",
    async (_, check) => {
      await window.probe.run(check);
    },
    120_000,
  );

  it("a reload of the window shows what was there", async () => {
    const [before] = await live(window);
    await window.reload();
    await live(window);
    await window.probe.idle(before?.model.seq ?? 0);
    const [after] = await window.probe.model();
    // In the order of what happened before, by age after it.
    const cells = (of: typeof after) => [...(of?.model.cells.keys() ?? [])].toSorted();
    assert.deepStrictEqual(cells(after), cells(before));
  }, 120_000);

  it("roots of one repository, a worktree of it and others are as many projects as repositories", async () => {
    box.git("worktree", "add", "--quiet", worktree, "-b", "side");
    box.write({ "README.md": "# Other\n" }, other);
    userGit(other, "init", "--quiet", "--initial-branch=main");
    userGit(other, "add", "--all");
    userGit(other, "-c", "user.name=T", "-c", "user.email=t@example.com", "commit", "--quiet", "-m", "work");
    const plain = join(box.folder, "plain");
    box.write({ "notes.txt": "no repository\n" }, plain);
    const folders = [box.repo, join(box.repo, "src"), worktree, other, plain].map((path) => ({ path }));
    box.write({ "all.code-workspace": JSON.stringify({ folders }) }, box.folder);
    const many = await code.open(join(box.folder, "all.code-workspace"));
    const models = await many.probe.becomes<Models>(
      "model",
      (all) => all.length === 2 && all.some(({ state }) => state === "live"),
    );
    assert.sameMembers(
      models.map(({ root }) => root),
      [box.repo, other],
    );
    assert.deepStrictEqual(
      models.map(({ state }) => state),
      ["live", "new"],
    );
    // A lease is on a path in the repository, so the file is held in the worktree as well.
    await many.probe.becomes(
      "decorationFor",
      (mark) => mark !== undefined,
      `file://${worktree}/src/greetings.js`,
    );
    assert.isUndefined(await many.probe.ask("decorationFor", `file://${other}/README.md`));
    await many.page.close();
  }, 180_000);

  it("says what is when there is no folder, and no repository", async () => {
    const empty = await code.open();
    assert.deepStrictEqual(await empty.probe.model(), []);
    await empty.page.close();
    const plain = await code.open(join(box.folder, "plain"));
    assert.deepStrictEqual(await plain.probe.model(), []);
    await plain.probe.execute("vibe.hive.focus");
    await plain.page.locator(".welcome-view-content", { hasText: /git/i }).first().waitFor();
    await plain.page.close();
  }, 180_000);
});
