/**
 * `npm run screenshots`: pictures of the extension in a real VS Code for `docs/images/`: a swarm in each of its states,
 * each in a dark, a light and a high-contrast theme. One VS Code for each theme goes through all states.
 */

import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { Sandbox } from "../test/support/sandbox.ts";
import { layOutSample, task } from "../test/support/vscode/sample.ts";
import type { Theme } from "../test/support/vscode/settings.ts";
import { startVsCode } from "../test/support/vscode/startVsCode.ts";

const root = dirname(import.meta.dirname);
const images = join(root, "docs", "images");

const pictureAll = async (theme: Theme): Promise<void> => {
  const box = new Sandbox();
  const sample = layOutSample(box);
  const code = await startVsCode(box, {
    theme,
    settings: { ...sample.settings, "breadcrumbs.enabled": false, "remote.autoForwardPorts": false },
    viewport: { width: 1120, height: 700 },
  });
  try {
    const window = await code.open(box.repo);
    const { probe, page } = window;
    const take = async (state: string) => {
      await probe.idle(0);
      // Where it hovers over nothing.
      await page.mouse.move(720, 560);
      // Toasts and trees are painted a frame or two after the editor knows of them.
      await page.waitForTimeout(700);
      await window.picture(`${state}-${theme}`, images);
      console.log(`${state}-${theme}.png`);
    };
    const status = (kind: string) =>
      probe.becomes<{ readonly kind: string }>("status", (now) => now.kind === kind);

    await probe.run(
      (vscode, path) => vscode.window.showTextDocument(vscode.Uri.file(path)),
      `${box.repo}/src/greetings.js`,
    );
    await probe.execute("workbench.view.extension.vibe");
    // Wide enough for what stands behind the names: the side bar's edge is pulled.
    const edge = await page.locator(".part.sidebar").boundingBox();
    const x = (edge?.x ?? 0) + (edge?.width ?? 0) + 1;
    await page.mouse.move(x, 350);
    await page.mouse.down();
    await page.mouse.move(x + 110, 350, { steps: 5 });
    await page.mouse.up();
    await take("empty");

    sample.holdPlanner(true);
    await window.palette("Vibe: Start Swarm");
    await window.answer(task);
    await status("planning");
    await take("planning");
    sample.holdPlanner(false);
    await probe.ask("planVerdict", await window.editor(".vibe-plan.json"));
    await page.locator(".codelens-decoration", { hasText: "Approve and start" }).waitFor();
    await take("plan");

    await window.palette("Vibe: Approve and Start");
    await window.confirm("Allow Exactly These");
    await status("running");
    await probe.becomes<ReadonlyArray<unknown>>("agents", (rows) => rows.length >= 2);
    await page.locator(".editor-instance .view-lines").first().click();
    await page.keyboard.press("Control+End");
    await page.keyboard.type("// What about Spanish?");
    await take("busy");

    await probe.execute("workbench.action.files.revert");
    sample.let(2);
    await status("needs-you");
    await take("needs-you");

    await window.palette("Vibe: Answer…");
    await window.pick("Test the greetings");
    await window.pick("Accept");
    await probe.execute("notifications.clearAll");
    sample.fail(1, true);
    sample.let(1, 3);
    await status("failed");
    await take("failed");

    sample.fail(1, false);
    const client = await box.client();
    const [swarm] = await client.swarm.list({ project: box.repo });
    const epic = swarm?.epic ?? "";
    await client.swarm.retry({ project: box.repo, cell: swarm?.subtasks[0]?.id ?? "" });
    await status("ready");
    const { head } = await client.swarm.status({ project: box.repo, epic });
    await client.swarm.land({ project: box.repo, epic, commit: head ?? "" });
    await status("landed");
    await probe.execute("notifications.clearAll");
    await take("landed");
  } finally {
    await code.end();
    await box.end();
  }
};

const { status } = spawnSync(process.execPath, ["scripts/build.ts", "--quiet"], {
  cwd: root,
  stdio: "inherit",
});
if (status !== 0) process.exit(status ?? 1);
const asked = process.argv[2];
const all: ReadonlyArray<Theme> = ["dark", "light", "contrast"];
for (const theme of all.filter((one) => asked === undefined || one === asked)) await pictureAll(theme);
