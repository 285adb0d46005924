/** The VSIX that ships, in a real VS Code: it installs, activates, is there for the person, and follows its daemon. */
import { afterAll, assert, beforeAll, describe, it } from "vitest";
import { Sandbox } from "../support/sandbox.ts";
import { pictureFailures } from "../support/vscode/pictureFailures.ts";
import { startVsCode, type VsCode } from "../support/vscode/startVsCode.ts";
import type { VsCodeWindow } from "../support/vscode/VsCodeWindow.ts";
import { smokeChecks } from "./smokeChecks.ts";

describe("the extension in a real VS Code", () => {
  const box = new Sandbox();
  let code: VsCode;
  let window: VsCodeWindow;

  beforeAll(async () => {
    box.commit({ "src/a.ts": "export const a = 1;\n", "README.md": "# A\n" });
    code = await startVsCode(box);
    window = await code.open(box.repo);
  }, 300_000);

  afterAll(async () => {
    await code?.end();
    assert.deepStrictEqual(await box.end(), []);
  });

  pictureFailures(() => code);

  it("activates, and knows the repository that is open", async () => {
    const [project] = await window.probe.model();
    assert.strictEqual(project?.root, box.repo);
    assert.strictEqual(await window.probe.run((vscode) => vscode.workspace.isTrusted), true);
  });

  it("starts no daemon in a repository that was never used with us", async () => {
    assert.strictEqual((await window.probe.model())[0]?.state, "new");
    assert.isUndefined(box.daemonPid());
  });

  it("has its commands in the palette", async () => {
    const { page } = window;
    await page.keyboard.press("F1");
    await page.locator(".quick-input-widget input").fill(">Vibe: Start Swarm");
    await window.quickPick("Vibe: Start Swarm").waitFor();
    await page.keyboard.press("Escape");
  });

  it.each(Object.entries(smokeChecks))("%s", async (_, check) => {
    await window.probe.run(check);
  });

  it("has its views", async () => {
    await window.probe.execute("workbench.view.extension.vibe");
    for (const view of ["Hive", "Agents", "Landing"]) {
      await window.page.locator(".pane-header", { hasText: view }).first().waitFor();
    }
  });
});
