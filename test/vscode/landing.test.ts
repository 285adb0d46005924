/**
 * Review and landing in a real VS Code: the diff on pinned commits, a remark on a line that goes back with the work,
 * a question of the gate, landing, reverting and discarding; and what is said to who comes too late.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, assert, beforeAll, describe, it } from "vitest";
import type { ReviewComment } from "../../extension/diff/reviewComments.ts";
import type { Row } from "../../extension/views/Row.ts";
import type { DaemonClient } from "../../shared/client/connect.ts";
import type { SwarmView } from "../../shared/contract/swarmRoutes.ts";
import { Sandbox } from "../support/sandbox.ts";
import { runSwarm, scriptAgent, settled, startSwarm } from "../support/swarms.ts";
import type { OpenProject } from "../support/vscode/Probe.ts";
import { pictureFailures } from "../support/vscode/pictureFailures.ts";
import { startVsCode, type VsCode } from "../support/vscode/startVsCode.ts";
import type { VsCodeWindow } from "../support/vscode/VsCodeWindow.ts";

describe("review and landing", () => {
  const box = new Sandbox();
  const project = box.repo;
  const commonDir = join(project, ".git");
  let code: VsCode;
  let window: VsCodeWindow;
  let client: DaemonClient;

  const shown = async () => {
    const events = await client.events.list({ project });
    await window.probe.idle(events.at(-1)?.seq ?? 0);
  };
  const landing = async () => {
    await shown();
    return (await window.probe.ask("landing")) as ReadonlyArray<Row>;
  };
  const epicRow = async (epic: string) =>
    (await landing()).find((row) => row.ref.kind === "epic" && row.ref.epic === epic);
  const words = async (epic: string) => (await epicRow(epic))?.words?.split(" ") ?? [];
  const status = async (epic: string) => (await client.swarm.status({ project, epic })).status;
  const row = (text: string) => window.rows("Landing").filter({ hasText: text });
  /** Waits until the window shows the swarm like this. */
  const become = async (epic: string, wanted: SwarmView["status"]) => {
    await window.probe.becomes<ReadonlyArray<OpenProject>>(
      "model",
      ([open]) => open?.model.swarms.get(epic)?.status === wanted,
    );
  };

  /** Adds a line with each attempt; told to, it says what it was told. */
  const writer = (file: string) =>
    scriptAgent(
      box,
      `const findings = retry ? JSON.parse(fs.readFileSync(process.env.OCVIBE_FINDINGS, "utf8")) : [];
       const said = findings.filter((one) => one.kind === "sent-back");
       const lines = said.map((one) => "// " + (one.line ?? "") + " " + one.message + "\\n");
       fs.appendFileSync("${file}", lines.length === 0 ? "export const more = 2;\\n" : lines.join(""));`,
    );

  beforeAll(async () => {
    box.commit({
      ".hive/config.json": JSON.stringify({ checks: ["node check.mjs"] }),
      "check.mjs": 'console.log("src/a.ts:1:1 looked at");\n',
      "src/a.ts": "export const a = 1;\n",
      "src/b.ts": "export const b = 1;\n",
      "src/a.test.js": "import 'node:test';\n",
    });
    await box.startDaemon();
    client = await box.client();
    const agent = writer("src/a.ts");
    await runSwarm(client, project, [{ title: "Extend A", files: ["src/a.ts", "src/new.ts"], agent }]);
    code = await startVsCode(box);
    window = await code.open(project);
    await window.probe.execute("workbench.view.extension.vibe");
    await window.probe.execute("vibe.landing.focus");
  }, 300_000);

  afterAll(async () => {
    await code?.end();
    assert.deepStrictEqual(await box.end(), []);
  });

  pictureFailures(() => code);

  const firstEpic = async () => (await client.swarm.list({ project })).at(-1)!.epic;

  it("shows what can be landed, with the gate's verdict, down to the files", async () => {
    const epic = await firstEpic();
    await window.probe.becomes<ReadonlyArray<Row>>("landing", (rows) =>
      rows.some((one) => one.ref.epic === epic),
    );
    assert.include((await epicRow(epic))?.description, "checks passed");
    assert.includeMembers(await words(epic), ["land", "sendBack", "discard"]);
    await row("Extend A").first().waitFor();
    await row("Extend A").first().click();
    await row("a.ts").first().waitFor();
    const files = (await landing()).filter((one) => one.ref.kind === "file");
    assert.deepStrictEqual(
      files.map(({ ref, description }) => [ref.path, description]),
      [["src/a.ts", "src · M"]],
    );
  });

  it("opens all changes on pinned commits in the diff of several files", async () => {
    const epic = await firstEpic();
    await window.probe.execute("vibe.openDiff", { project: commonDir, cell: epic });
    await window.page
      .locator(".multiDiffEntry, .multi-diff-root-floating-menu, .multiDiffEditor")
      .first()
      .waitFor();
    const text = await window.probe.until(
      (vscode) =>
        vscode.workspace.textDocuments
          .find(({ uri }) => uri.scheme === "vibe-commit" && uri.query.includes('"side":"after"'))
          ?.getText() ?? undefined,
    );
    assert.strictEqual(text, "export const a = 1;\nexport const more = 2;\n");
  });

  it("takes a remark on a line, and sends it back with the work", async () => {
    const epic = await firstEpic();
    await window.probe.execute("workbench.action.closeAllEditors");
    await window.probe.execute("vibe.openDiff", {
      project: commonDir,
      epic,
      cell: `${epic}.1`,
      path: "src/a.ts",
    });
    await window.probe.until((vscode) =>
      vscode.window.activeTextEditor?.document.uri.query.includes('"side":"after"'),
    );
    await window.probe.run((vscode) => {
      const editor = vscode.window.activeTextEditor!;
      editor.selection = new vscode.Selection(1, 0, 1, 0);
    });
    await window.probe.execute("workbench.action.focusActiveEditorGroup");
    await window.probe.execute("workbench.action.addComment");
    await window.page.locator(".review-widget").first().waitFor();
    await window.page.keyboard.type("Call it extra, please");
    await window.page.locator(".review-widget .monaco-button", { hasText: "Add Comment" }).first().click();
    const [remark] = await window.probe.becomes<ReadonlyArray<ReviewComment>>(
      "review",
      (all) => all.length === 1,
    );
    assert.deepInclude(remark, { line: 2, text: "Call it extra, please" });
    await window.palette("Vibe: Send Back…");
    await window.pick("A proof");
    await window.answer("And say why.");
    await window.probe.becomes<ReadonlyArray<ReviewComment>>("review", (all) => all.length === 0);
    await settled(client, project, epic);
    const { head, subtasks } = await client.swarm.status({ project, epic });
    const again = await client.swarm.file({ project, epic, commit: head!, path: "src/a.ts" });
    assert.deepStrictEqual(again.kind === "text" && again.text.split("\n").slice(2, 4), [
      "//  And say why.",
      "// 2 Call it extra, please",
    ]);
    assert.lengthOf(subtasks, 2);
    assert.include(await words(epic), "land");
  });

  it("lands exactly what was shown, after one yes", async () => {
    const epic = await firstEpic();
    const { head } = await client.swarm.status({ project, epic });
    await window.palette("Vibe: Land…");
    await window.pick("A proof");
    const said = await window.confirm("Land");
    assert.include(said, "on main");
    assert.include(said, head!.slice(0, 10));
    assert.include(said, "Passed on the merged work");
    await become(epic, "landed");
    assert.strictEqual(box.git("rev-parse", "HEAD"), head);
    assert.include(readFileSync(join(project, "src/a.ts"), "utf8"), "export const more");
    assert.include(await words(epic), "revert");
    assert.notInclude(await words(epic), "land");
  });

  it("reverts what landed", async () => {
    const epic = await firstEpic();
    await window.palette("Vibe: Revert Epic…");
    await window.pick("A proof");
    await window.confirm("Revert");
    await become(epic, "reverted");
    assert.strictEqual(readFileSync(join(project, "src/a.ts"), "utf8"), "export const a = 1;\n");
    assert.notInclude(await words(epic), "revert");
  });

  it("asks in one toast what the gate asks, takes the answer, and tells who comes late who was first", async () => {
    const agent = scriptAgent(box, 'fs.rmSync("src/a.test.js"); fs.appendFileSync("src/b.ts", "// b\\n");');
    const { epic } = await startSwarm(client, project, [
      { title: "Drop the test", files: ["src/a.test.js", "src/b.ts"], agent },
    ]);
    const cell = `${epic}.1`;
    const held = async () =>
      (await client.swarm.status({ project, epic })).subtasks[0]?.status === "needs-you";
    for await (const _ of client.swarm.watch({ project, epic })) if (await held()) break;
    await window.probe.execute("vibe.openDiff", { project: commonDir, cell });
    // What the gate found stands in the diff, at its file.
    const problem = await window.probe.until((vscode) => {
      const found = vscode.languages.getDiagnostics().filter(([uri]) => uri.scheme === "vibe-commit");
      return found.flatMap(([uri, all]) => all.map(({ message }) => `${uri.path}: ${message}`))[0];
    });
    assert.match(problem, /^\/src\/a\.test\.js: /);
    const toast = window.notifications().filter({ hasText: "Accept or reject" });
    await toast.waitFor();
    assert.strictEqual(await toast.count(), 1);
    await toast.locator(".monaco-button", { hasText: "Answer" }).click();
    await window.pick("Drop the test");
    await window.quickPick("Accept").waitFor();
    // Meanwhile another window, or the command line, is faster.
    await client.swarm.answer({ project, cell, accept: true });
    await window.pick("Accept");
    await window.notifications().filter({ hasText: "It was accepted at" }).waitFor();
    await settled(client, project, epic);
    assert.strictEqual(await status(epic), "ready");
  });

  it("warns where landing meets the person's own changes, and says why it was refused", async () => {
    const epic = (await client.swarm.list({ project })).find((one) => one.status === "ready")!.epic;
    writeFileSync(join(project, "src/b.ts"), "mine\n");
    // The person saves a file: what is changed is looked at again.
    await window.probe.run(
      async (vscode, file) => {
        const editor = await vscode.window.showTextDocument(vscode.Uri.file(file));
        await editor.edit((edit) => edit.insert(new vscode.Position(0, 0), "all "));
        await editor.document.save();
      },
      join(project, "src/b.ts"),
    );
    await window.probe.becomes<ReadonlyArray<Row>>("landing", (rows) =>
      rows.some((one) => one.ref.kind === "dirty" && one.description === "src/b.ts"),
    );
    await window.palette("Vibe: Land…");
    await window.pick("A proof");
    await window.confirm("Land");
    await window.probe.becomes<ReadonlyArray<Row>>("landing", (rows) =>
      rows.some((one) => one.ref.kind === "refusal"),
    );
    assert.strictEqual(readFileSync(join(project, "src/b.ts"), "utf8"), "all mine\n");
    assert.strictEqual(await status(epic), "ready");
    box.git("checkout", "--", "src/b.ts");
  });

  it("discards after a yes, and not without", async () => {
    const epic = (await client.swarm.list({ project })).find((one) => one.status === "ready")!.epic;
    const discard = async (button: string) => {
      await window.palette("Vibe: Discard…");
      await window.pick("A proof");
      return window.confirm(button);
    };
    assert.include(await discard("Cancel"), "can't be undone");
    assert.strictEqual(await status(epic), "ready");
    await discard("Discard");
    await become(epic, "discarded");
    assert.isUndefined(await epicRow(epic));
    assert.isTrue(existsSync(join(project, "src/a.test.js")));
  });
});
