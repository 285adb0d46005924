/**
 * Plan documents in a real VS Code: what is said while one types, what an approval is bound to, and what survives. In
 * the full tier: `start.test.ts` has the way that everybody goes.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, assert, beforeAll, describe, it } from "vitest";
import type * as vscode from "vscode";
import { Sandbox } from "../support/sandbox.ts";
import { pictureFailures } from "../support/vscode/pictureFailures.ts";
import { startVsCode, type VsCode } from "../support/vscode/startVsCode.ts";
import type { VsCodeWindow } from "../support/vscode/VsCodeWindow.ts";

interface Problem {
  readonly source: string;
  readonly message: string;
  readonly at: string;
  readonly related: ReadonlyArray<string>;
}

describe.runIf(process.env.OCVIBE_TEST_TIER === "full")("plan documents", () => {
  const box = new Sandbox();
  const project = box.repo;
  let code: VsCode;
  let window: VsCodeWindow;

  const swarms = async () => (await box.client()).swarm.list({ project }).catch(() => []);
  const dialogue = () => window.page.locator(".monaco-dialog-box");
  const answerDialogue = (button: string) =>
    dialogue().locator(".monaco-button", { hasText: button }).first().click();
  const verdict = async (plan: string) =>
    (await window.probe.ask("planVerdict", plan)) as { version: number; verdict: { kind: string } };
  /** What Problems has of a document, with the text that each is at. */
  const problems = (plan: string, source: string) =>
    window.probe.run(
      async (api, [uri, from]) => {
        const document = await api.workspace.openTextDocument(api.Uri.parse(uri));
        return api.languages
          .getDiagnostics(document.uri)
          .filter((one) => one.source === from)
          .map((one) => ({
            source: one.source,
            message: one.message,
            at: document.getText(one.range),
            related: (one.relatedInformation ?? []).map(({ location }) => document.getText(location.range)),
          }));
      },
      [plan, source] as const,
    ) as Promise<ReadonlyArray<Problem>>;
  const text = (plan: string) =>
    window.probe.run(
      async (api, uri) => (await api.workspace.openTextDocument(api.Uri.parse(uri))).getText(),
      plan,
    );
  const newPlan = async () => {
    const before = await window.probe.run(
      (api) => api.window.activeTextEditor?.document.uri.toString() ?? "",
    );
    await window.palette("Vibe: New Plan by Hand");
    return (await window.probe.until((api, other) => {
      const uri = api.window.activeTextEditor?.document.uri.toString() ?? "";
      return uri !== other && uri.endsWith(".vibe-plan.json") && uri;
    }, before)) as string;
  };
  const draftPicker = () => window.page.locator(".quick-input-widget input[placeholder='Which draft?']");
  const draftRows = () => window.page.locator(".quick-input-list .monaco-list-row");
  const openDraft = async () => {
    await window.palette("Vibe: Open Plan Draft");
    await draftPicker().waitFor();
  };
  const planOf = (...files: ReadonlyArray<string>) =>
    JSON.stringify(
      {
        epic: { title: "By hand" },
        subtasks: files.map((file) => ({
          title: `Change ${file}`,
          files: [file],
          dependencies: [],
          estimated_complexity: 1,
        })),
      },
      null,
      2,
    );

  beforeAll(async () => {
    box.commit({ "src/a.js": "1\n", "src/deep/b.js": "1\n", "README.md": "# A\n" });
    const agent = box.agent("idle", "await new Promise((resolve) => setTimeout(resolve, 600_000));");
    code = await startVsCode(box, { settings: { "vibe.agent": agent } });
    window = await code.open(project);
  }, 300_000);

  afterAll(async () => {
    await code?.end();
    assert.deepStrictEqual(await box.end(), []);
  });

  pictureFailures(() => code);

  let plan: string;

  it("a plan by hand says at once what it lacks", async () => {
    plan = await newPlan();
    assert.strictEqual((await verdict(plan)).verdict.kind, "faulty");
    const found = await problems(plan, "Vibe");
    assert.deepInclude(
      found.map(({ at }) => at),
      '""',
      "the empty title",
    );
    assert.isFalse(existsSync(join(project, "plan.vibe-plan.json")));
  });

  it("two subtasks that may change the same files are both named, each at its pattern", async () => {
    await window.paste(planOf("src/**", "src/deep/b.js"));
    assert.strictEqual((await verdict(plan)).verdict.kind, "faulty");
    const [overlap, ...others] = await problems(plan, "Vibe");
    assert.deepStrictEqual(others, []);
    assert.include(overlap?.message, 'subtasks[0] "Change src/**" and subtasks[1] "Change src/deep/b.js"');
    assert.deepStrictEqual([overlap?.at, overlap?.related], ['"src/**"', ['"src/deep/b.js"']]);
  });

  it("a field that is none is said by the schema, and by the daemon", async () => {
    await window.paste(planOf("src/a.js").replace('"files"', '"file"'));
    await verdict(plan);
    assert.include(
      (await problems(plan, "Vibe")).map(({ message }) => message).join("\n"),
      'unknown field "file"',
    );
    await window.probe.until(
      (api, uri) =>
        api.languages
          .getDiagnostics(api.Uri.parse(uri))
          .some(({ message }) => /Property file is not allowed/.test(message)),
      plan,
    );
  });

  it("what is no JSON is said too", async () => {
    await window.paste('{"epic": ');
    assert.strictEqual((await verdict(plan)).verdict.kind, "faulty");
    const [fault] = await problems(plan, "Vibe");
    assert.include(fault?.message, "it is not JSON");
  });

  it("paths are completed, a folder at a time", async () => {
    const typed = planOf("src/");
    await window.paste(typed);
    const offset = typed.indexOf('"src/"') + '"src/'.length;
    const items = await window.probe.run(
      async (api, [uri, at]) => {
        const document = await api.workspace.openTextDocument(api.Uri.parse(uri));
        const list = await api.commands.executeCommand<vscode.CompletionList>(
          "vscode.executeCompletionItemProvider",
          document.uri,
          document.positionAt(at),
          "/",
        );
        return list.items.map(({ label }) => (typeof label === "string" ? label : label.label));
      },
      [plan, offset] as const,
    );
    assert.includeMembers([...items], ["src/a.js", "src/deep/", "src/deep/**"]);
  });

  it("the problems of a plan go with its editor", async () => {
    await window.paste('{"epic": ');
    assert.strictEqual((await verdict(plan)).verdict.kind, "faulty");
    await window.probe.execute("workbench.action.files.save");
    await window.probe.execute("workbench.action.closeActiveEditor");
    // Whether VS Code keeps the document itself for longer or not.
    await window.probe.until(
      (api, uri) => api.languages.getDiagnostics(api.Uri.parse(uri)).every(({ source }) => source !== "Vibe"),
      plan,
    );
    await openDraft();
    await draftRows().first().click();
    await window.editor("/plan.vibe-plan.json");
    await window.palette("Vibe: Cancel Plan");
    await answerDialogue("Throw Away");
    await window.page.locator(".editor-group-container.empty").waitFor();
  });

  it("an edit while a question is open starts nothing", async () => {
    box.commit({ "package.json": JSON.stringify({ scripts: { test: 'node -e ""' } }) });
    plan = await newPlan();
    await window.paste(planOf("README.md"));
    assert.strictEqual((await verdict(plan)).verdict.kind, "good");
    await window.palette("Vibe: Approve and Start");
    await dialogue().filter({ hasText: "would run on this machine" }).waitFor();
    await window.probe.run(async (api, uri) => {
      const edit = new api.WorkspaceEdit();
      edit.insert(api.Uri.parse(uri), new api.Position(0, 0), "\n");
      await api.workspace.applyEdit(edit);
    }, plan);
    await answerDialogue("Allow Exactly These");
    const notice = window.notifications().filter({ hasText: "is not what you saw" });
    await notice.waitFor();
    await notice.hover();
    await notice.locator(".codicon-notifications-clear").click();
    assert.deepStrictEqual(await swarms(), []);
  });

  it("drafts survive a reload of the window, and several stand side by side", async () => {
    await window.paste(planOf("README.md", "src/deep/"));
    await window.probe.execute("workbench.action.files.save");
    const other = await newPlan();
    await window.paste(planOf("src/deep/b.js"));
    const written = await text(other);
    await window.probe.execute("workbench.action.files.save");
    await window.reload();
    // Which of them is in front is VS Code's own affair.
    await window.probe.execute("vscode.open", { $uri: other });
    await window.probe.until(
      (api, uri) => api.window.activeTextEditor?.document.uri.toString() === uri,
      other,
    );
    assert.strictEqual(await text(other), written);
    assert.strictEqual(await text(plan), planOf("README.md", "src/deep/"));
    assert.strictEqual((await verdict(other)).verdict.kind, "good");
    await openDraft();
    await draftRows().nth(1).waitFor();
    await window.page.keyboard.press("Escape");
    await draftPicker().waitFor({ state: "hidden" });
  });

  it("a plan is saved to the workspace only when told to, and can be started from there", async () => {
    await window.palette("Vibe: Save Plan to Workspace");
    const file = join(project, "plans.vibe-plan.json");
    const path = window.page.locator(".quick-input-widget input[type=text]");
    while (!(await path.inputValue()).endsWith("/plan.vibe-plan.json")) await window.probe.run(() => true);
    await window.answer(file);
    const saved = await window.editor("plans.vibe-plan.json");
    assert.strictEqual(saved, `file://${file}`);
    assert.strictEqual(readFileSync(file, "utf8"), planOf("src/deep/b.js"));
    assert.strictEqual((await verdict(saved)).verdict.kind, "good");
    const lenses = (await window.probe.execute(
      "vscode.executeCodeLensProvider",
      { $uri: saved },
      100,
    )) as ReadonlyArray<vscode.CodeLens>;
    const titles = lenses.map(({ command }) => command?.title);
    assert.include(titles, "$(play) Approve and start");
    assert.notInclude(titles, "Cancel");
  });

  it("what a person wrote is thrown away after a question, what nobody touched without one", async () => {
    await openDraft();
    await draftRows().first().click();
    await window.editor("/plan.vibe-plan.json");
    await window.palette("Vibe: Cancel Plan");
    await dialogue().filter({ hasText: "What you wrote in it would be gone" }).waitFor();
    await answerDialogue("Throw Away");
    await window.editor("plans.vibe-plan.json");
    const untouched = await newPlan();
    await window.palette("Vibe: Cancel Plan");
    await window.probe.until((api) =>
      api.window.tabGroups.all.every(({ tabs }) =>
        tabs.every(({ label }) => label !== "plan.vibe-plan.json"),
      ),
    );
    await window.palette("Vibe: Open Plan Draft");
    await window.notifications().filter({ hasText: "There are no drafts of plans" }).waitFor();
    assert.match(untouched, /^vibe-plan:/);
  });
});
