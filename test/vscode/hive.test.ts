/** The Hive view and the status bar in a real VS Code: what a person sees of cells and swarms, and does there. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, assert, beforeAll, describe, it } from "vitest";
import type { SwarmStatus } from "../../extension/statusBar/swarmStatus.ts";
import type { HiveLine } from "../../extension/views/hive/hiveSnapshot.ts";
import type { DaemonClient } from "../../shared/client/connect.ts";
import { Sandbox } from "../support/sandbox.ts";
import { scriptAgent, startSwarm } from "../support/swarms.ts";
import { pictureFailures } from "../support/vscode/pictureFailures.ts";
import { startVsCode, type VsCode } from "../support/vscode/startVsCode.ts";
import type { VsCodeWindow } from "../support/vscode/VsCodeWindow.ts";

describe("the Hive view", () => {
  const box = new Sandbox();
  const project = box.repo;
  let code: VsCode;
  let window: VsCodeWindow;
  let client: DaemonClient;
  let commonDir: string;

  /** The window shows everything that has happened so far. */
  const shown = async (after = 0) => {
    const events = await client.events.list({ project, after });
    await window.probe.idle(events.at(-1)?.seq ?? 0);
  };
  const hive = async () => {
    await shown();
    return (await window.probe.ask("hive")) as ReadonlyArray<HiveLine>;
  };
  const status = async () => (await window.probe.ask("status")) as SwarmStatus;
  const selected = async () => {
    const ids = (await window.probe.ask("hiveSelection")) as ReadonlyArray<string>;
    return ids.map((id) => id.split("/").at(-1));
  };
  /** Waits until the swarm stands like this; the daemon tells every change of it. */
  const until = async (epic: string, is: (status: string, subtasks: ReadonlyArray<string>) => boolean) => {
    for await (const { data } of client.swarm.watch({ project, epic })) {
      if (data.kind !== "state") continue;
      if (
        is(
          data.swarm.status,
          data.swarm.subtasks.map((subtask) => subtask.status),
        )
      )
        return;
    }
  };
  const row = (title: string) => window.rows("Hive").filter({ hasText: title });

  beforeAll(async () => {
    box.commit({ "src/a.ts": "export const a = 1;\n", "src/b.ts": "export const b = 1;\n" });
    await box.startDaemon();
    client = await box.client();
    code = await startVsCode(box);
    window = await code.open(project);
    await window.probe.execute("workbench.view.extension.vibe");
    commonDir = join(project, ".git");
  }, 300_000);

  afterAll(async () => {
    await code?.end();
    assert.deepStrictEqual(await box.end(), []);
  });

  pictureFailures(() => code);

  it("offers to start when there is nothing yet", async () => {
    await window.page.locator(".welcome-view-content", { hasText: "Run a swarm of coding agents" }).waitFor();
    await window.page.locator(".welcome-view-content .monaco-button", { hasText: "Start Swarm" }).waitFor();
    assert.strictEqual((await status()).kind, "idle");
    await window.statusBar().filter({ hasText: "Vibe" }).first().waitFor();
  });

  it("shows the cells of an epic, and why one is not ready", async () => {
    const { epic, cells } = await client.hive.createEpic({
      project,
      title: "Tidy up",
      subtasks: [
        { title: "Sort the imports" },
        { title: "Remove $(zap)[x](command:y)", dependencies: [0] },
        { title: "Write it down" },
      ],
    });
    // The first use of the repository came from elsewhere; the window notices.
    await row("Tidy up").first().waitFor();
    const [line] = await hive();
    assert.strictEqual(line?.label, "Tidy up");
    assert.deepStrictEqual(
      line?.children.map(({ words }) => words),
      ["cell ready open", "cell open", "cell ready open"],
    );
    assert.notInclude(line?.children[1]?.label ?? "", "$(");
    await row("Tidy up").first().click();
    await row("Sort the imports").waitFor();
    assert.strictEqual(line?.id, `cell/${encodeURIComponent(commonDir)}/${epic.id}`);
    assert.strictEqual(cells.length, 3);
  });

  it("keeps what is selected and open when a cell changes", async () => {
    const third = (await hive())[0]!.children[2]!;
    const cell = third.id.split("/").at(-1)!;
    await window.probe.execute("vibe.showCell", { project: commonDir, cell });
    assert.deepStrictEqual(await selected(), [cell]);
    const first = (await hive())[0]!.children[0]!.id.split("/").at(-1)!;
    await client.hive.update({ project, id: first, title: "Sort all imports" });
    await shown();
    await row("Sort all imports").waitFor();
    assert.deepStrictEqual(await selected(), [cell]);
    await row("Write it down").waitFor();
  });

  it("closes and reopens a cell from its menu, and hides what is closed", async () => {
    await window.menu(row("Sort all imports"), "Close");
    await window.answer("done by hand");
    for (;;) {
      const [cell] = await client.hive.list({ project, status: "closed" });
      if (cell === undefined) continue;
      assert.strictEqual(cell.fields.close_reason, "done by hand");
      break;
    }
    assert.deepStrictEqual(
      (await hive())[0]!.children.map(({ words }) => words),
      ["cell closed", "cell ready open", "cell ready open"],
    );
    await window.palette("Vibe: Hide Closed");
    await row("Sort all imports").waitFor({ state: "detached" });
    assert.strictEqual((await hive())[0]!.children.length, 2);
    await window.palette("Vibe: Go to Cell…");
    await window.answer("Sort all");
    await row("Sort all imports").waitFor();
    await window.palette("Vibe: Show Closed");
    const closed = (await hive())[0]!.children[0]!.id.split("/").at(-1)!;
    await window.probe.execute("vibe.reopenCell", { project: commonDir, cell: closed });
    assert.strictEqual((await hive())[0]!.children[0]!.words, "cell ready open");
  });

  it("copies an id, and says so of a cell that is not there", async () => {
    const cell = (await hive())[0]!.children[0]!.id.split("/").at(-1)!;
    await window.probe.execute("vibe.copyCellId", { project: commonDir, cell });
    assert.strictEqual(await window.probe.run((vscode) => vscode.env.clipboard.readText()), cell);
    await window.probe.execute("vibe.copyCellId", { project: commonDir, cell: "nowhere-1" });
    await window.notifications().filter({ hasText: "nowhere-1 is not there any more" }).waitFor();
  });

  it("follows a swarm: what works, how far it is, what failed, and a retry that goes through", async () => {
    const gate = join(box.folder, "go");
    const repaired = join(box.folder, "repaired");
    const waits = scriptAgent(
      box,
      `await waitFor(${JSON.stringify(gate)}); write("src/a.ts", "export const a = 2;\\n");`,
    );
    const fails = scriptAgent(
      box,
      `if (!fs.existsSync(${JSON.stringify(repaired)})) { console.log("I can not"); process.exit(1); } write("src/b.ts", "export const b = 2;\\n");`,
    );
    const { epic } = await startSwarm(client, project, [
      { title: "Change a", files: ["src/a.ts"], agent: waits },
      { title: "Change b", files: ["src/b.ts"], agent: fails },
    ]);
    await until(epic, (_, [first, second]) => first === "running" && second === "blocked");
    const line = (await hive()).find(({ id }) => id.endsWith(`/${epic}`))!;
    assert.match(line.description, /^0\/2 · running · /);
    assert.match(line.words, /\bepic\b.*\bcancel\b/);
    const [first, second] = line.children;
    assert.match(first!.words, /\bagent\b.*\bfolder\b/);
    const firstCell = { project: commonDir, cell: first!.id.split("/").at(-1) };
    await window.probe.execute("vibe.openCheckoutTerminal", firstCell);
    const folder = (await client.swarm.status({ project, epic })).subtasks[0]!.folder;
    const terminals = await window.probe.run((vscode) =>
      vscode.window.terminals.map((terminal) => {
        const { cwd } = terminal.creationOptions as { cwd?: string };
        terminal.dispose();
        return `${terminal.name} in ${cwd}`;
      }),
    );
    assert.include(terminals, `Change a in ${folder}`);
    const message = window.probe.execute("vibe.messageAgent", firstCell);
    await window.answer("Leave the header as it is");
    await message;
    const agent = (await client.agents.list({ project })).find(({ cell }) => cell === firstCell.cell)!.name;
    const inbox = await client.mail.inbox({ project, of: agent });
    assert.deepStrictEqual(
      inbox.map(({ subject }) => subject),
      ["Leave the header as it is"],
    );
    assert.match(second!.description, /^blocked · /);
    assert.match(second!.words, /\bretry\b/);
    assert.strictEqual(await window.probe.ask("hiveBadge"), 1);
    const failed = await status();
    assert.include(failed, { kind: "failed", text: "$(error) Vibe: a cell failed · 0/2" });
    await window.statusBar().filter({ hasText: "a cell failed · 0/2" }).first().waitFor();
    await window.statusBar().filter({ hasText: "a cell failed" }).first().click();
    await row("Change b").waitFor();
    writeFileSync(repaired, "");
    await row("Change b").hover();
    await row("Change b").locator(".action-label[aria-label^='Retry']").click();
    await until(epic, (_, [, after]) => after === "merged");
    await shown();
    assert.include(await status(), { kind: "running", text: "$(loading~spin) 1/2" });
    writeFileSync(gate, "");
    await until(epic, (now) => now === "ready");
    await shown();
    assert.include(await status(), { kind: "ready" });
    assert.strictEqual(await window.probe.ask("hiveBadge"), 1);
    await client.swarm.discard({ project, epic });
    await shown();
    assert.include(await status(), { kind: "idle" });
    assert.strictEqual(await window.probe.ask("hiveBadge"), 0);
  });

  it("cancels a swarm when the person is sure", async () => {
    const waits = scriptAgent(box, "await waitFor('never');");
    const { epic } = await startSwarm(client, project, [{ files: ["src/a.ts"], agent: waits }]);
    await until(epic, (_, [only]) => only === "running");
    await shown();
    const cancelling = window.probe.execute("vibe.cancelSwarm", { project: commonDir, cell: epic });
    await window.page.locator(".monaco-dialog-box .monaco-button", { hasText: "Cancel Swarm" }).click();
    await cancelling;
    assert.strictEqual((await client.swarm.status({ project, epic })).status, "cancelled");
    await shown();
    const line = (await hive()).find(({ id }) => id.endsWith(`/${epic}`))!;
    assert.match(line.description, /^0\/1 · cancelled · /);
  });

  it("shows 200 of many, then more, and goes to the last of them", async () => {
    const many = 1000;
    const { epic, cells } = await client.hive.createEpic({
      project,
      title: "Much to do",
      subtasks: Array.from({ length: many }, (_, index) => ({ title: `Piece ${index + 1}` })),
    });
    const below = async () => (await hive()).find(({ id }) => id.endsWith(`/${epic.id}`))!.children;
    assert.strictEqual((await below()).length, 201);
    assert.deepInclude((await below()).at(-1), {
      label: "Show 200 more",
      description: "of 800",
      words: "more",
    });
    await window.probe.execute("vibe.showCell", { project: commonDir, cell: cells.at(-1)!.id });
    assert.deepStrictEqual(await selected(), [cells.at(-1)!.id]);
    await row(`Piece ${many}`).waitFor();
    assert.strictEqual((await below()).length, many);
    await client.hive.close({ project, id: cells[500]!.id });
    await shown();
    assert.deepStrictEqual(await selected(), [cells.at(-1)!.id]);
  });

  it("says that the daemon was stopped, starts it again, and shows the same", async () => {
    const before = (await hive()).map(({ id }) => id);
    const { code: exit } = await box.cli(["daemon", "stop"]);
    assert.strictEqual(exit, 0);
    await window.page.locator(".welcome-view-content", { hasText: "The daemon does not answer" }).waitFor();
    assert.include(await status(), { kind: "down", severity: "error" });
    await window.statusBar().filter({ hasText: "daemon down" }).first().waitFor();
    assert.deepStrictEqual(await window.probe.ask("hive"), []);
    await window.page.locator(".welcome-view-content .monaco-button", { hasText: "Restart Daemon" }).click();
    await row("Much to do").waitFor();
    client = await box.client();
    assert.deepStrictEqual(
      (await hive()).map(({ id }) => id),
      before,
    );
    assert.include(await status(), { kind: "idle" });
  });
});
