/** Start Swarm in a real VS Code, as a person: from the palette over planning and the plan document to a swarm. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, assert, beforeAll, describe, it } from "vitest";
import type * as vscode from "vscode";
import type { DaemonClient } from "../../shared/client/connect.ts";
import { Sandbox } from "../support/sandbox.ts";
import { pictureFailures } from "../support/vscode/pictureFailures.ts";
import { startVsCode, type VsCode } from "../support/vscode/startVsCode.ts";
import type { VsCodeWindow } from "../support/vscode/VsCodeWindow.ts";

const full = process.env.OCVIBE_TEST_TIER === "full";

describe("Start Swarm", () => {
  const box = new Sandbox();
  const project = box.repo;
  const go = join(box.folder, "go");
  const asked = join(box.folder, "asked");
  let code: VsCode;
  let window: VsCodeWindow;

  const client = (): Promise<DaemonClient> => box.client();
  const swarms = async () => (await client()).swarm.list({ project }).catch(() => []);
  const dialogue = () => window.page.locator(".monaco-dialog-box");
  const answerDialogue = (button: string) =>
    dialogue().locator(".monaco-button", { hasText: button }).first().click();
  /** The verdict on a plan as its document stands. */
  const verdict = async (plan: string) =>
    (await window.probe.ask("planVerdict", plan)) as { version: number; verdict: { kind: string } };
  const lenses = async (plan: string) => {
    const found = (await window.probe.execute(
      "vscode.executeCodeLensProvider",
      { $uri: plan },
      100,
    )) as ReadonlyArray<vscode.CodeLens>;
    return found.map(({ command }) => command?.title ?? "");
  };
  const planOf = (file: string) =>
    JSON.stringify({
      epic: { title: "By hand" },
      subtasks: [{ title: "One", files: [file], dependencies: [], estimated_complexity: 1 }],
    });
  const byHand = async (file: string) => {
    await window.palette("Vibe: New Plan by Hand");
    const plan = await window.editor("/plan.vibe-plan.json");
    await window.paste(planOf(file));
    return plan;
  };
  /** No editor is open. */
  const empty = () => window.page.locator(".editor-group-container.empty");
  const lens = (title: string) => window.page.locator(".codelens-decoration a", { hasText: title }).first();

  beforeAll(async () => {
    box.commit({ "src/a.js": "1\n", "src/b.js": "1\n" });
    const planner = box.agent(
      "planner",
      `import { existsSync, readFileSync, writeFileSync } from "node:fs";
       const task = readFileSync(0, "utf8");
       writeFileSync(${JSON.stringify(asked)}, task);
       while (!existsSync(${JSON.stringify(go)})) await new Promise((resolve) => setTimeout(resolve, 20));
       const file = /src\\/\\w+\\.js/.exec(task)?.[0];
       const plan = { epic: { title: "Plan of: " + task }, subtasks: [
         { title: "Change " + file, files: [file], dependencies: [], estimated_complexity: 1 } ] };
       console.log("\`\`\`json\\n" + JSON.stringify(plan) + "\\n\`\`\`");`,
    );
    const agent = box.agent("idle", "await new Promise((resolve) => setTimeout(resolve, 600_000));");
    code = await startVsCode(box, { settings: { "vibe.planner": planner, "vibe.agent": agent } });
    window = await code.open(project);
    await window.probe.execute("workbench.view.extension.vibe");
  }, 300_000);

  afterAll(async () => {
    await code?.end();
    assert.deepStrictEqual(await box.end(), []);
  });

  pictureFailures(() => code);

  it("takes a task, plans it in the view, and stops when told to", async () => {
    await window.palette("Vibe: Start Swarm");
    await window.page.locator(".quick-input-title", { hasText: "planner: command:node" }).waitFor();
    await window.answer("Change src/a.js");
    const node = window.rows("Hive").filter({ hasText: "Planning" });
    await node.waitFor();
    await node.hover();
    await node.locator(".action-label[aria-label*='Cancel Planning']").click();
    await node.waitFor({ state: "detached" });
    while (box.processes().some((line) => line.includes("planner.mjs"))) await window.probe.execute("noop");
    assert.deepStrictEqual(
      await window.probe.run((vscode) => vscode.window.tabGroups.all.flatMap((g) => g.tabs.length)),
      [0],
    );
  });

  it("offers the task again, and opens the plan that was made of it", async () => {
    writeFileSync(go, "");
    await window.palette("Vibe: Start Swarm");
    await window.pick("Change src/a.js");
    const plan = await window.editor(".vibe-plan.json");
    assert.match(plan, /^vibe-plan:\/[0-9a-f]{8}\/plan-of-change-src-a-js\.vibe-plan\.json$/);
    assert.strictEqual(readFileSync(asked, "utf8"), "Change src/a.js");
    assert.strictEqual((await verdict(plan)).verdict.kind, "good");
    const titles = await lenses(plan);
    assert.include(titles, "$(play) Approve and start");
    assert.include(titles, "files that match now: 1");
    assert.include(titles, "$(warning) no checks: nothing judges the work but you");
    const text = await window.probe.run((vscode) => vscode.window.activeTextEditor?.document.getText() ?? "");
    assert.strictEqual(JSON.parse(text).epic.title, "Plan of: Change src/a.js");
    assert.include(text, '\n    "title"', "it is laid out to be read");
    assert.strictEqual(box.git("status", "--porcelain"), "", "nothing lies in the working tree");
  });

  it("a click on the lens starts the swarm, and the plan is done with", async () => {
    await lens("Approve and start").click();
    await empty().waitFor();
    const [swarm, ...others] = await swarms();
    assert.deepStrictEqual([swarm?.title, others.length], ["Plan of: Change src/a.js", 0]);
    await window.rows("Hive").filter({ hasText: "Plan of: Change src/a.js" }).first().waitFor();
  });

  it.runIf(full)("a longer task is written in a document", async () => {
    await window.palette("Vibe: Start Swarm");
    await window.pick("Write longer");
    const task = await window.editor(".vibe-task.md");
    await window.paste("Change src/b.js\n\nand mind the details");
    assert.include(await lenses(task), "$(rocket) Make a plan of this");
    await lens("Make a plan of this").click();
    const plan = await window.editor(".vibe-plan.json");
    assert.strictEqual(readFileSync(asked, "utf8"), "Change src/b.js\n\nand mind the details");
    assert.strictEqual((await verdict(plan)).verdict.kind, "good");
    // The task's document is done with.
    await window.probe.until(
      (vscode) => vscode.window.tabGroups.all.flatMap(({ tabs }) => tabs).length === 1,
    );
    await window.palette("Vibe: Cancel Plan");
    await empty().waitFor();
  });

  it("an approval is of the version that was seen, and of no other", async () => {
    const plan = await byHand("src/b.js");
    const { version } = await verdict(plan);
    await window.paste(planOf("docs/new.md"));
    await verdict(plan);
    const before = (await swarms()).length;
    // A lens that was painted for the version before, and clicked after it.
    void window.probe.execute("vibe.approvePlan", { $uri: plan }, version);
    const notice = window.notifications().filter({ hasText: "is not what you saw" });
    await notice.waitFor();
    assert.lengthOf(await swarms(), before);
    await notice.locator(".monaco-button", { hasText: "Approve This" }).click();
    await empty().waitFor();
    const [swarm] = await swarms();
    assert.deepStrictEqual(
      swarm?.subtasks.map(({ files }) => files),
      [["docs/new.md"]],
    );
  });

  it("commands of the repository run only after their exact text was allowed", async () => {
    const script = 'node -e "process.exit(0)"';
    box.commit({ "package.json": JSON.stringify({ scripts: { test: script } }) });
    const plan = await byHand("src/b.js");
    assert.strictEqual((await verdict(plan)).verdict.kind, "good");
    assert.include(await lenses(plan), "checked by test");
    const before = (await swarms()).length;
    await window.palette("Vibe: Approve and Start");
    await dialogue().filter({ hasText: script }).waitFor();
    await answerDialogue("Cancel");
    assert.lengthOf(await swarms(), before);
    await lens("Approve and start").click();
    await answerDialogue("Allow Exactly These");
    await empty().waitFor();
    assert.deepStrictEqual((await swarms())[0]?.checks, ["test"]);
  });

  it.runIf(full)("a red base is started on after a yes only, and uncommitted changes are said", async () => {
    for (const { epic } of await swarms()) await (await client()).swarm.cancel({ project, epic });
    box.commit({
      "package.json": JSON.stringify({ scripts: { test: 'node -e "console.log(6 * 7); process.exit(3)"' } }),
    });
    box.write({ "src/b.js": "mine\n" });
    const plan = await byHand("src/a.js");
    assert.strictEqual((await verdict(plan)).verdict.kind, "good");
    assert.include(await lenses(plan), "$(warning) agents will not see 1 uncommitted change");
    await window.palette("Vibe: Approve and Start");
    await dialogue().filter({ hasText: "process.exit(3)" }).filter({ hasText: "src/b.js" }).waitFor();
    await answerDialogue("Allow Exactly These");
    await dialogue()
      .filter({ hasText: 'The check "test" fails already' })
      .filter({ hasText: "42" })
      .waitFor();
    const before = (await swarms()).length;
    await answerDialogue("Cancel");
    await dialogue().waitFor({ state: "detached" });
    assert.lengthOf(await swarms(), before);
    await window.palette("Vibe: Approve and Start");
    await answerDialogue("Start Anyway");
    await empty().waitFor();
    assert.lengthOf(await swarms(), before + 1);
    assert.strictEqual(readFileSync(join(project, "src/b.js"), "utf8"), "mine\n");
    assert.isFalse(
      await window.probe.run(
        (vscode, of) =>
          vscode.workspace.fs.stat(vscode.Uri.parse(of)).then(
            () => true,
            () => false,
          ),
        plan,
      ),
    );
  });
});
