/** Restricted Mode: nothing of the folder is run or read, and nothing is started, until the person trusts it. */
import { afterAll, assert, beforeAll, describe, it } from "vitest";
import { Sandbox } from "../support/sandbox.ts";
import { pictureFailures } from "../support/vscode/pictureFailures.ts";
import { layOutSample, type Sample } from "../support/vscode/sample.ts";
import { startVsCode, type VsCode } from "../support/vscode/startVsCode.ts";
import type { VsCodeWindow } from "../support/vscode/VsCodeWindow.ts";

describe("Restricted Mode", () => {
  const box = new Sandbox();
  let sample: Sample;
  let code: VsCode;
  let window: VsCodeWindow;

  beforeAll(async () => {
    sample = layOutSample(box);
    // A folder's own settings would name what is run.
    box.write({ ".vscode/settings.json": JSON.stringify({ "vibe.planner": "command:node evil.mjs" }) });
    await box.startDaemon();
    await sample.start(await box.client());
    code = await startVsCode(box, { trusted: false });
    window = await code.open(box.repo);
  }, 300_000);

  afterAll(async () => {
    await code?.end();
    assert.deepStrictEqual(await box.end(), []);
  });

  pictureFailures(() => code);

  const held = () => `file://${box.repo}/src/greetings.js`;

  it("says so in the status bar and the view, and looks at nothing", async () => {
    assert.isFalse(await window.probe.run((vscode) => vscode.workspace.isTrusted));
    assert.strictEqual(((await window.probe.ask("status")) as { kind: string }).kind, "restricted");
    assert.deepStrictEqual(await window.probe.model(), []);
    assert.isUndefined(await window.probe.ask("decorationFor", held()));
    await window.probe.execute("vibe.hive.focus");
    await window.page.locator(".welcome-view-content", { hasText: /trust/i }).first().waitFor();
  }, 120_000);

  it("takes no program from the folder's settings", async () => {
    const planner = await window.probe.run((vscode) =>
      vscode.workspace.getConfiguration("vibe").get("planner"),
    );
    assert.strictEqual(planner, "");
  }, 120_000);

  it("starts nothing on Start Swarm", async () => {
    await window.palette("Vibe: Start Swarm");
    // What is said instead comes after the command was run: nothing was started before it either.
    await window.notifications().or(window.page.locator(".monaco-dialog-box")).first().waitFor();
    assert.isFalse(await window.page.locator(".quick-input-list").isVisible());
    assert.deepStrictEqual(await window.probe.model(), []);
  }, 120_000);

  it("shows everything as soon as the folder is trusted", async () => {
    await window.page.keyboard.press("Escape");
    await window.probe.execute("workbench.trust.manage");
    await window.page
      .locator(".workspace-trust-editor .monaco-button", { hasText: /^Trust/ })
      .first()
      .click();
    await window.probe.becomes("decorationFor", (mark) => mark !== undefined, held());
    assert.isTrue(await window.probe.run((vscode) => vscode.workspace.isTrusted));
  }, 120_000);
});
