/**
 * The whole way as a person goes it, in a real VS Code with the VSIX that ships: from the palette to a plan, agents at
 * work, a warning while typing, a question, a diff with a remark that goes back, landing, and its undoing.
 */
import { afterAll, assert, beforeAll, describe, it } from "vitest";
import type { HiveLine } from "../../extension/views/hive/hiveSnapshot.ts";
import type { SwarmView } from "../../shared/contract/swarmRoutes.ts";
import { Sandbox } from "../support/sandbox.ts";
import type { OpenProject } from "../support/vscode/Probe.ts";
import { uri } from "../support/vscode/Probe.ts";
import { pictureFailures } from "../support/vscode/pictureFailures.ts";
import { layOutSample, type Sample, task } from "../support/vscode/sample.ts";
import { startVsCode, type VsCode } from "../support/vscode/startVsCode.ts";
import type { VsCodeWindow } from "../support/vscode/VsCodeWindow.ts";

interface Status {
  readonly kind: string;
  readonly text: string;
}
interface Lens {
  readonly command?: { readonly title: string; readonly command: string };
}

describe("a swarm, from the palette to its undoing", () => {
  const box = new Sandbox();
  let sample: Sample;
  let code: VsCode;
  let window: VsCodeWindow;
  const held = `${box.repo}/src/greetings.js`;

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

  const swarm = async (): Promise<SwarmView | undefined> =>
    [...((await window.probe.model())[0]?.model.swarms.values() ?? [])][0];
  const swarmBecomes = (wanted: (view: SwarmView) => boolean) =>
    window.probe.becomes<ReadonlyArray<OpenProject>>("model", (all) =>
      [...(all[0]?.model.swarms.values() ?? [])].some(wanted),
    );
  const status = (kind: string) => window.probe.becomes<Status>("status", (now) => now.kind === kind);
  const lenses = async (of: string) =>
    (
      (await window.probe.execute("vscode.executeCodeLensProvider", { $uri: of })) as ReadonlyArray<Lens>
    ).flatMap(({ command }) => (command === undefined ? [] : [command.title]));

  it("makes a plan of what is typed, and opens it to be approved", async () => {
    await window.palette("Vibe: Start Swarm");
    await window.answer(task);
    const plan = await window.editor(".vibe-plan.json");
    const { verdict } = (await window.probe.ask("planVerdict", plan)) as { verdict: { kind: string } };
    assert.strictEqual(verdict.kind, "good");
    const titles = await lenses(plan);
    assert.isTrue(
      titles.some((title) => title.includes("Approve and start")),
      titles.join(),
    );
    assert.strictEqual(titles.filter((title) => title === "files that match now: 1").length, 3);
  }, 120_000);

  it("starts nothing before the plan and the repository's own commands are approved", async () => {
    assert.isUndefined(await swarm());
    await window.palette("Vibe: Approve and Start");
    assert.include(await window.confirm("Allow Exactly These"), "node check.js");
    await swarmBecomes((view) => view.subtasks.filter(({ status }) => status === "running").length === 2);
  }, 120_000);

  it("counts in the status bar, and shows the cells in the tree", async () => {
    assert.include((await status("running")).text, "0/3");
    await window.statusBar().filter({ hasText: "0/3" }).waitFor();
    const [epic] = await window.probe.becomes<ReadonlyArray<HiveLine>>(
      "hive",
      ([first]) => first?.children.length === 3,
    );
    assert.strictEqual(epic?.label, task);
    await window.probe.execute("vibe.hive.focus");
    await window.rows("Hive").filter({ hasText: "Greet by language" }).waitFor();
  }, 120_000);

  it("marks the files that agents hold, and leaves the others alone", async () => {
    const mark = await window.probe.becomes<{ badge: string; tooltip: string } | undefined>(
      "decorationFor",
      (one) => one !== undefined,
      `file://${held}`,
    );
    assert.include(mark?.tooltip, "Write the greetings");
    assert.isUndefined(await window.probe.ask("decorationFor", `file://${box.repo}/src/names.js`));
    await window.probe.run((vscode, path) => vscode.window.showTextDocument(vscode.Uri.file(path)), held);
    await window.probe.execute("workbench.view.explorer");
    await window.page
      .locator(".explorer-folders-view .monaco-list-row", { hasText: "greetings.js" })
      .locator(`[class*="decoration"]`)
      .first()
      .waitFor();
  }, 120_000);

  it("warns while typing in a held file, and takes the warning back with the change", async () => {
    assert.isUndefined(await window.probe.ask("warningFor", `file://${held}`));
    await window.page.locator(".editor-instance .view-lines").first().click();
    await window.page.keyboard.type("// mine ");
    await window.probe.becomes("warningFor", (one) => one !== undefined, `file://${held}`);
    assert.isTrue((await lenses(uri(held).$uri)).some((title) => title.startsWith("Held by")));
    await window.probe.execute("workbench.action.files.revert");
    await window.probe.becomes("warningFor", (one) => one === undefined, `file://${held}`);
  }, 120_000);

  it("asks the person what the gate may not decide, and takes the answer", async () => {
    sample.let(2);
    await status("needs-you");
    await window.palette("Vibe: Answer…");
    await window.pick("Test the greetings");
    await window.pick("Accept");
    await swarmBecomes((view) => view.subtasks[1]?.status === "merged");
  }, 120_000);

  it("shows what is ready as one diff of pinned commits", async () => {
    sample.let(1, 3);
    await status("ready");
    await window.statusBar().filter({ hasText: "Ready to land" }).waitFor();
    await window.palette("Vibe: Open Changes");
    await window.pick(task);
    const texts = await window.probe.until((vscode) => {
      const [tab] = vscode.window.tabGroups.all
        .flatMap(({ tabs }) => tabs)
        .filter(({ isActive }) => isActive);
      const shown = vscode.workspace.textDocuments.filter(({ uri }) => uri.scheme === "vibe-commit");
      return tab?.label.includes("3 files") && shown.length === 6 && shown.map((one) => one.getText());
    });
    assert.isTrue((texts as ReadonlyArray<string>).some((text) => text.includes("Bonjour")));
  }, 120_000);

  it("sends it back with a remark on a line, which the agent is given", async () => {
    const after = window.page.locator(".editor.modified .view-line", { hasText: "Bonjour" }).first();
    await after.click();
    await window.probe.execute("workbench.action.addComment");
    await window.page
      .locator(".review-widget .native-edit-context, .review-widget textarea")
      .first()
      .waitFor();
    await window.page.keyboard.type("Add Spanish");
    await window.page.locator(".review-widget .monaco-button", { hasText: "Add Comment" }).click();
    await window.probe.becomes<ReadonlyArray<unknown>>("review", (remarks) => remarks.length === 1);
    sample.let(4);
    await window.palette("Vibe: Send Back…");
    await window.pick(task);
    await window.page.locator(".quick-input-title", { hasText: "back" }).waitFor();
    await window.page.keyboard.press("Enter");
    await swarmBecomes((view) => view.status === "ready" && view.subtasks.length === 4);
    assert.deepStrictEqual(await window.probe.ask("review"), []);
  }, 120_000);

  it("lands exactly what was shown", async () => {
    const head = (await swarm())?.head ?? "";
    assert.notInclude(box.git("show", "HEAD:src/greetings.js"), "Bonjour");
    await window.palette("Vibe: Land…");
    await window.pick(task);
    assert.include(await window.confirm("Land"), head.slice(0, 10));
    await status("landed");
    assert.strictEqual(box.git("rev-parse", "main"), head);
    assert.include(box.git("show", "HEAD:src/greetings.js"), "// ");
    assert.include(box.git("show", "HEAD:src/greetings.js"), "Add Spanish");
    await window.statusBar().filter({ hasText: "Landed" }).waitFor();
  }, 120_000);

  it("undoes what was landed", async () => {
    await window.palette("Vibe: Revert Epic…");
    await window.pick(task);
    await window.confirm("Revert");
    await swarmBecomes((view) => view.status === "reverted");
    assert.notInclude(box.git("show", "HEAD:src/greetings.js"), "Bonjour");
    assert.strictEqual(box.git("status", "--short"), "");
  }, 120_000);
});
