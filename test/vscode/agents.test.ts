/**
 * Agents and leases in a real VS Code: who works, what they print and hold, what waits for the person, where work meets
 * the person's own changes, and what happened while the window was not in front.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, assert, beforeAll, describe, it } from "vitest";
import type { Happening } from "../../extension/views/agents/whileAway.ts";
import type { Row } from "../../extension/views/Row.ts";
import { connect, type DaemonClient } from "../../shared/client/connect.ts";
import { Sandbox } from "../support/sandbox.ts";
import { scriptAgent, settled, startSwarm } from "../support/swarms.ts";
import { pictureFailures } from "../support/vscode/pictureFailures.ts";
import { startVsCode, type VsCode } from "../support/vscode/startVsCode.ts";
import type { VsCodeWindow } from "../support/vscode/VsCodeWindow.ts";

type Rows = ReadonlyArray<Row>;

describe("agents and leases", () => {
  const box = new Sandbox();
  const project = box.repo;
  const commonDir = join(project, ".git");
  const go = join(box.folder, "go");
  let code: VsCode;
  let window: VsCodeWindow;
  let client: DaemonClient;
  let epic: string;

  const rows = (wanted: (rows: Rows) => boolean) => window.probe.becomes<Rows>("agents", wanted);
  const one =
    (kind: string, test: (row: Row) => boolean = () => true) =>
    (all: Rows) =>
      all.some((row) => row.ref.kind === kind && test(row));
  const painted = (text: string) => window.rows("Agents & Leases").filter({ hasText: text }).first();

  const speakAs = async (name: string) => {
    const { token } = await client.agents.register({ project, name });
    return connect({ start: false, folder: box.home, as: { token } });
  };

  beforeAll(async () => {
    box.commit({ "src/a.ts": "export const a = 1;\n", "src/b.ts": "export const b = 1;\n" });
    await box.startDaemon();
    client = await box.client();
    const agent = scriptAgent(
      box,
      `fs.appendFileSync("src/a.ts", "// more\\n");
       // Again and again: a window is told the lines that are printed while it is open.
       const say = () => console.log("\\u001b[31mreading\\u001b[0m the \\u001b]0;title\\u0007files");
       const saying = setInterval(say, 200);
       await waitFor(${JSON.stringify(go)});
       clearInterval(saying);
       console.log("done with it");`,
    );
    epic = (await startSwarm(client, project, [{ title: "Extend A", files: ["src/a.ts"], agent }])).epic;
    code = await startVsCode(box);
    window = await code.open(project);
    await window.probe.execute("workbench.view.extension.vibe");
    await window.probe.execute("vibe.agents.focus");
  }, 300_000);

  afterAll(async () => {
    writeFileSync(go, "");
    await code?.end();
    assert.deepStrictEqual(await box.end(), []);
  });

  pictureFailures(() => code);

  it("shows an agent with what it does, and what it holds with who waits behind it", async () => {
    const ann = await speakAs("Ann");
    const asked = await ann.reservations.reserve({ project, patterns: ["src/a.ts"], waitSeconds: 1 });
    assert.strictEqual(asked.kind, "waiting");
    await rows(one("agent", (row) => row.description === `reading the files · ${epic}.1`));
    const all = await rows(one("ticket", (row) => row.label === "Ann waits"));
    const agent = all.find((row) => row.ref.kind === "agent" && row.ref.cell === `${epic}.1`);
    const lease = all.find((row) => row.ref.kind === "lease");
    assert.deepInclude(lease, { label: "src/a.ts", words: "lease" });
    await painted(agent?.label ?? "").waitFor();
  });

  it("shows the log as a terminal that obeys nothing of it", async () => {
    await window.probe.execute("vibe.openLog", { project: commonDir, cell: `${epic}.1` });
    await window.page.locator(".terminal-wrapper .xterm").first().waitFor();
    const text = await window.probe.until(async (vscode) => {
      await vscode.commands.executeCommand("workbench.action.terminal.selectAll");
      await vscode.commands.executeCommand("workbench.action.terminal.copySelection");
      const copied = await vscode.env.clipboard.readText();
      return copied.includes("reading the files") && copied;
    });
    assert.notInclude(text, "\u001b");
    assert.notInclude(text, "title");
    assert.strictEqual(
      await window.probe.run((vscode) => vscode.window.activeTerminal?.name.startsWith("Log: ")),
      true,
    );
  });

  it("warns where the worker's work meets what the person changed", async () => {
    writeFileSync(join(project, "src/a.ts"), "mine\n");
    await window.probe.run(
      async (vscode, file) => {
        const editor = await vscode.window.showTextDocument(vscode.Uri.file(file));
        await editor.edit((edit) => edit.insert(new vscode.Position(0, 0), "all "));
        await editor.document.save();
      },
      join(project, "src/a.ts"),
    );
    const all = await rows(one("dirty", (row) => row.description === "src/a.ts"));
    assert.include(
      all.find((row) => row.ref.cell === `${epic}.1` && row.ref.kind === "agent")?.icon ?? "",
      "warning",
    );
    await painted("meets your changes in src/a.ts").waitFor();
    box.git("checkout", "--", "src/a.ts");
  });

  it("pauses all, and goes on", async () => {
    await window.palette("Vibe: Pause All");
    await rows(one("paused"));
    assert.isTrue((await client.swarm.status({ project, epic })).paused);
    await painted("Paused").waitFor();
    await window.palette("Vibe: Continue All");
    await rows((all) => !one("paused")(all));
    assert.isFalse((await client.swarm.status({ project, epic })).paused);
  });

  it("lists a question of an agent, and the answer reaches it", async () => {
    const bob = await speakAs("Bob");
    const asked = await bob.mail.ask({
      project,
      to: "person",
      subject: "Which $(zap)[x](command:y) port?",
      waitSeconds: 0,
    });
    await rows(one("question", (row) => !row.label.includes("$(zap)") && row.label.includes("port?")));
    await painted("port?").click();
    await window.pick("Answer…");
    await window.answer("8080");
    const answered = await bob.deferred.await({ project, id: asked.id, waitSeconds: 20 });
    assert.deepInclude(answered, { state: "resolved", value: "8080" });
    await rows((all) => !one("question")(all));
    assert.deepStrictEqual(await client.mail.inbox({ project, of: "person" }), []);
  });

  it("tells what happened while the window was not in front", async () => {
    await window.probe.ask("focus", false);
    writeFileSync(go, "");
    await settled(client, project, epic);
    const { seq } = await client.swarm.status({ project, epic });
    await window.probe.idle(seq);
    await window.probe.ask("focus", true);
    const told = (await window.probe.ask("away")) as Record<
      string,
      { readonly happenings: ReadonlyArray<Happening> }
    >;
    assert.deepStrictEqual(
      told[commonDir]?.happenings.map(({ text }) => text),
      ["Extend A was merged", "A proof is ready to land"],
    );
    await painted("While you were away").waitFor();
    await window.probe.execute("vibe.dismissAway");
    await rows((all) => !one("away")(all));
  });
});
