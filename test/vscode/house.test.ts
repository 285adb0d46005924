/** The house in a real VS Code: doctor, the daemon's restart, the tools for the editor's agent, and the way out. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { afterAll, assert, beforeAll, describe, it } from "vitest";
import { fingerprint, Sandbox } from "../support/sandbox.ts";
import { runSwarm, scriptAgent } from "../support/swarms.ts";
import { pictureFailures } from "../support/vscode/pictureFailures.ts";
import { startVsCode, type VsCode } from "../support/vscode/startVsCode.ts";
import type { VsCodeWindow } from "../support/vscode/VsCodeWindow.ts";

interface Server {
  readonly label: string;
  readonly command: string;
  readonly args: ReadonlyArray<string>;
  readonly env: Readonly<Record<string, string>>;
}

describe("the house", () => {
  const box = new Sandbox();
  const project = box.repo;
  let code: VsCode;
  let window: VsCodeWindow;
  const dialogue = () => window.page.locator(".monaco-dialog-box");
  const front = () => window.probe.run((api) => api.window.activeTextEditor?.document.getText() ?? "");

  beforeAll(async () => {
    box.commit({ "src/a.js": "1\n", "src/b.js": "1\n" });
    code = await startVsCode(box);
    window = await code.open(project);
  }, 300_000);

  afterAll(async () => {
    await code?.end();
    assert.deepStrictEqual(await box.end(), []);
  });

  pictureFailures(() => code);

  it("has a walkthrough, whose pictures take the theme's colours", async () => {
    await window.probe.execute(
      "workbench.action.openWalkthrough",
      "opencode-vibe.opencode-vibe#vibe.start",
      false,
    );
    for (const step of [
      "Say who works",
      "Start a swarm, approve its plan",
      "See who holds what",
      "Look, and land",
    ])
      await window.page.locator(".getting-started-step", { hasText: step }).first().waitFor();
    await window.probe.execute("workbench.action.closeAllEditors");
  });

  it("Doctor says how this machine and project are, and what only the editor knows", async () => {
    await window.palette("Vibe: Doctor");
    await window.editor("/Doctor");
    const page = await front();
    assert.match(page, /^ok {7}git: \d/m);
    assert.match(page, /^note {5}editor's agent: all chats of one window use our tools as one agent/m);
    assert.include(page, project);
  });

  it("Restart Daemon ends it in order and starts another, and the window goes on", async () => {
    const client = await box.client();
    await client.hive.create({ project, title: "Before" });
    const before = box.daemonPid();
    assert.isDefined(before);
    await window.palette("Vibe: Restart Daemon");
    while (box.daemonPid() === undefined || box.daemonPid() === before) await window.probe.run(() => true);
    const after = await box.client();
    await after.hive.create({ project, title: "After" });
    await window.reload();
    const events = await after.events.list({ project });
    await window.probe.idle(events.at(-1)?.seq ?? 0);
    const [open] = await window.probe.model();
    assert.sameMembers(
      [...(open?.model.cells.values() ?? [])].map(({ fields }) => fields.title),
      ["Before", "After"],
    );
  });

  it("the editor's agent is offered our tools, from the bundle", async () => {
    const [server, ...others] = (await window.probe.ask("mcpServers")) as ReadonlyArray<Server>;
    assert.isDefined(server);
    assert.deepStrictEqual(others, []);
    const environment = Object.entries(box.env()).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    );
    const transport = new StdioClientTransport({
      command: server.command,
      args: [...server.args],
      env: { ...Object.fromEntries(environment), ...server.env },
    });
    const client = new Client({ name: "test", version: "1" });
    await client.connect(transport);
    const { tools } = await client.listTools();
    assert.includeMembers(
      tools.map(({ name }) => name),
      ["agentmail_init", "agentmail_reserve", "hive_ready", "swarm_status"],
    );
    const { content } = await client.callTool({ name: "agentmail_init", arguments: {} });
    assert.include(JSON.stringify(content), "agent");
    await client.close();
  });

  it("Remove Everything shows what it would remove, and stops before work that has not landed", async () => {
    const client = await box.client();
    const agent = scriptAgent(box, `write("src/a.js", "2\\n");`);
    const { epic } = await runSwarm(client, project, [{ files: ["src/a.js"], agent }]);
    await window.palette("Vibe: New Plan by Hand");
    await window.editor(".vibe-plan.json");
    const before = fingerprint(project);

    await window.palette("Vibe: Remove Everything");
    await dialogue().filter({ hasText: "This has not landed" }).filter({ hasText: epic }).waitFor();
    await dialogue().locator(".monaco-button", { hasText: "Cancel" }).click();
    const page = await front();
    for (const part of [
      join(box.home, "store.db"),
      join(project, ".git", "vibe"),
      `refs/vibe/${epic}/base`,
      epic,
    ])
      assert.include(page, part);
    assert.include(page, "drafts of plans in this workspace: 1");
    assert.include(page, "your settings that begin with vibe.");
    assert.isTrue(existsSync(join(box.home, "store.db")), "a no removes nothing");

    await client.swarm.discard({ project, epic });
    await window.palette("Vibe: Remove Everything");
    await dialogue().filter({ hasText: "Remove everything of Vibe's" }).waitFor();
    await dialogue().locator(".monaco-button", { hasText: "Remove Everything" }).click();
    await window.notifications().filter({ hasText: "Everything of Vibe's is removed" }).waitFor();
    assert.isFalse(existsSync(box.home));
    assert.isFalse(existsSync(join(project, ".git", "vibe")));
    assert.strictEqual(box.git("for-each-ref", "refs/vibe/"), "");
    assert.strictEqual(fingerprint(project), before, "nothing of the user's was touched");
    const left = readdirSync(join(code.data, "data", "User", "globalStorage", "opencode-vibe.opencode-vibe"));
    assert.deepStrictEqual(left, []);
    // The window knows it, and starts nothing anew.
    await window.probe.until(async (api) =>
      (await api.commands.getCommands(true)).includes("vibe.startSwarm"),
    );
    assert.isFalse(existsSync(box.home));
  });
});
