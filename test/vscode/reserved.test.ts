/** Reserved files in a real VS Code: what a person sees of leases, is warned of while typing, and can do about them. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, assert, beforeAll, describe, it } from "vitest";
import type { Decoration } from "../../extension/reserved/decorate.ts";
import { connect, type DaemonClient } from "../../shared/client/connect.ts";
import { LeaseConflict } from "../../shared/contract/errors.ts";
import { Sandbox } from "../support/sandbox.ts";
import { scriptAgent, startSwarm } from "../support/swarms.ts";
import { until } from "../support/until.ts";
import { uri } from "../support/vscode/Probe.ts";
import { pictureFailures } from "../support/vscode/pictureFailures.ts";
import { startVsCode, type VsCode } from "../support/vscode/startVsCode.ts";
import type { VsCodeWindow } from "../support/vscode/VsCodeWindow.ts";

interface Warning {
  readonly line: number;
  readonly text: string;
  readonly mode: string;
}

describe("reserved files", () => {
  const box = new Sandbox();
  const project = box.repo;
  let code: VsCode;
  let window: VsCodeWindow;
  let person: DaemonClient;
  let agent: DaemonClient;

  const at = (path: string) => join(project, path);
  const link = (path: string) => `file://${at(path)}`;
  const reserve = (client: DaemonClient, ...patterns: ReadonlyArray<string>) =>
    client.reservations.reserve({ project, patterns, ttlSeconds: 3600 });
  /** The window shows whatever has happened to leases so far. */
  const shown = async () => {
    const events = await person.events.list({ project });
    await window.probe.idle(events.findLast(({ stream }) => stream === "lease")?.seq ?? 0);
  };
  const decoration = async (path: string) => {
    await shown();
    return (await window.probe.ask("decorationFor", link(path))) as Decoration | undefined;
  };
  const warning = async (path: string) =>
    (await window.probe.ask("warningFor", link(path))) as Warning | undefined;
  const lenses = (path: string) =>
    window.probe.execute("vscode.executeCodeLensProvider", uri(at(path))) as Promise<
      ReadonlyArray<{ readonly range: ReadonlyArray<{ line: number }>; readonly command: { title: string } }>
    >;
  /** Opens a file as the active editor, with the cursor in it. */
  const open = async (path: string) => {
    await shown();
    await window.probe.run(async (vscode, file) => {
      const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(file));
      const editor = await vscode.window.showTextDocument(document, { preview: false });
      editor.selection = new vscode.Selection(1, 0, 1, 0);
    }, link(path));
    await window.page.locator(".editor-group-container.active .monaco-editor.focused").waitFor();
  };
  const textOf = (path: string) =>
    window.probe.run(
      (vscode, file) =>
        vscode.workspace.textDocuments.find((one) => one.uri.toString() === file)?.getText() ?? "",
      link(path),
    );
  /** Types as a person does. When the extension host has the text, every listener has heard of the change. */
  const type = async (path: string, text: string) => {
    const before = await textOf(path);
    await window.page.keyboard.type(text);
    await until(async () => (await textOf(path)).length >= before.length + text.length);
  };
  const set = (setting: string, value: string | undefined) =>
    window.probe.run(
      (vscode, [name, to]) => vscode.workspace.getConfiguration().update(name, to ?? undefined, true),
      [setting, value] as const,
    );
  const save = (path: string) =>
    window.probe.run(
      (vscode, file) => vscode.workspace.textDocuments.find((one) => one.uri.toString() === file)?.save(),
      link(path),
    );
  const isDirty = (path: string) =>
    window.probe.run(
      (vscode, file) => vscode.workspace.textDocuments.find((one) => one.uri.toString() === file)?.isDirty,
      link(path),
    );
  /** What is painted beside a file's name in the Explorer. */
  const badges = (name: string) =>
    window.page.evaluate<ReadonlyArray<string>>(
      `[...document.querySelectorAll(".explorer-folders-view .monaco-list-row")]
        .filter((row) => row.textContent.includes("${name}"))
        .flatMap((row) => [...row.querySelectorAll("*")])
        .map((one) => getComputedStyle(one, "::after").content)`,
    );
  /** Chooses from the menu of a file in the Explorer. */
  const menu = async (name: string, entry: string) => {
    const row = window.page.locator(".explorer-folders-view .monaco-list-row", { hasText: name });
    await window.menu(row, entry);
  };
  const dialog = () => window.page.locator(".monaco-dialog-box");

  beforeAll(async () => {
    const files = [
      "held",
      "free",
      "undone",
      "reloaded",
      "mine",
      "wanted",
      "problem",
      "taken",
      "auto",
      "worked",
    ];
    box.commit({
      ...Object.fromEntries(files.map((name) => [`src/${name}.txt`, `# ${name}\n\nThe end.\n`])),
      "lib/inner/a.ts": "export {};\n",
      "app/[slug]/page.ts": "export {};\n",
    });
    await box.startDaemon();
    person = await box.client();
    const { token } = await person.agents.register({ project, name: "BlueLake" });
    agent = await connect({ start: false, folder: box.home, as: { token } });
    await reserve(agent, "src/held.txt", "lib/", "app/[slug]/page.ts");
    code = await startVsCode(box);
    window = await code.open(project);
    await shown();
  }, 300_000);

  afterAll(async () => {
    await code?.end();
    assert.deepStrictEqual(await box.end(), []);
  });

  pictureFailures(() => code);

  it("are marked in the Explorer, and nothing else is", async () => {
    const held = await decoration("src/held.txt");
    assert.strictEqual(held?.badge, "BL");
    assert.match(held?.tooltip ?? "", /^Held by BlueLake until /);
    assert.strictEqual((await decoration("app/[slug]/page.ts"))?.badge, "BL");
    assert.strictEqual((await decoration("lib/inner/a.ts"))?.badge, "BL");
    assert.strictEqual((await decoration("lib/inner"))?.badge, "•");
    assert.isUndefined(await decoration("src/free.txt"));
    assert.isUndefined(await decoration("src"));
    await window.probe.execute("workbench.view.explorer");
    await window.probe.execute("revealInExplorer", uri(at("src/held.txt")));
    await until(async () => (await badges("held.txt")).includes('"BL"'));
  });

  it("say whose they are above line 1, and at the language's status", async () => {
    await open("src/held.txt");
    const [lens, ...more] = await lenses("src/held.txt");
    assert.match(lens?.command.title ?? "", /^Held by BlueLake until .*…$/);
    assert.deepStrictEqual(more, []);
    await window.page.locator(".codelens-decoration", { hasText: "Held by BlueLake until" }).waitFor();
    await open("src/free.txt");
    assert.deepStrictEqual(await lenses("src/free.txt"), []);
    await open("src/held.txt");
  });

  it("offer from the lens what can be done", async () => {
    await window.page.locator(".codelens-decoration a", { hasText: "Held by BlueLake" }).click();
    for (const label of ["Message BlueLake…", "Ask to Hand Over", "Take Over…"])
      await window.quickPick(label).waitFor();
    await window.page.keyboard.press("Escape");
  });

  it("warn at the person's first edit, with a light bulb, and only there", async () => {
    await open("src/held.txt");
    assert.isUndefined(await warning("src/held.txt"));
    await type("src/held.txt", "x");
    const told = await warning("src/held.txt");
    assert.match(told?.text ?? "", /^Held by BlueLake until /);
    assert.deepInclude(told, { line: 1, mode: "editor" });
    const actions = (await window.probe.run(async (vscode, file) => {
      const range = new vscode.Range(1, 0, 1, 0);
      const found = await vscode.commands.executeCommand<ReadonlyArray<{ title: string }>>(
        "vscode.executeCodeActionProvider",
        vscode.Uri.parse(file),
        range,
      );
      return found.map(({ title }) => title);
    }, link("src/held.txt"))) as ReadonlyArray<string>;
    assert.includeMembers([...actions], ["Message BlueLake…", "Ask to Hand Over", "Take Over…"]);
    const problems = await window.probe.run(
      (vscode, file) => vscode.languages.getDiagnostics(vscode.Uri.parse(file)).map(({ message }) => message),
      link("src/held.txt"),
    );
    assert.deepStrictEqual(problems, []);
    // The decoration is content of a style, so what it says is looked for there.
    const painted = () =>
      window.page.evaluate<boolean>(
        `[...document.querySelectorAll(".view-line span")]
          .some((one) => getComputedStyle(one, "::after").content.includes("Held by BlueLake"))`,
      );
    await until(painted);
  });

  it("stay warned of while lines move, until they are saved, which is recorded; then not again", async () => {
    await window.page.keyboard.press("Control+Home");
    await type("src/held.txt", "# above\n");
    assert.strictEqual((await warning("src/held.txt"))?.line, 2);
    await save("src/held.txt");
    assert.isUndefined(await warning("src/held.txt"));
    const written = () => person.events.list({ project, type: "reserved_file_written" });
    await until(async () => (await written()).length > 0);
    assert.deepInclude((await written())[0]?.data, { path: "src/held.txt", holder: "BlueLake" });
    await type("src/held.txt", "y");
    assert.isUndefined(await warning("src/held.txt"));
    await save("src/held.txt");
  });

  it("do not warn of what others change: a reload, an undo, an edit of a program", async () => {
    await open("src/undone.txt");
    await type("src/undone.txt", "zz");
    await save("src/undone.txt");
    await reserve(agent, "src/undone.txt", "src/reloaded.txt");
    await shown();
    await window.page.keyboard.press("Control+z");
    // The text is another than what was saved, and not because anybody typed.
    await until(async () => (await isDirty("src/undone.txt")) === true);
    assert.notInclude(await textOf("src/undone.txt"), "zz");
    assert.isUndefined(await warning("src/undone.txt"));

    await open("src/reloaded.txt");
    writeFileSync(at("src/reloaded.txt"), "# checked out\n\nThe end.\n");
    await until(async () => (await textOf("src/reloaded.txt")).startsWith("# checked out"));
    assert.isUndefined(await warning("src/reloaded.txt"));

    await window.probe.run(async (vscode, file) => {
      const edit = new vscode.WorkspaceEdit();
      edit.insert(vscode.Uri.parse(file), new vscode.Position(0, 0), "# by a program\n");
      await vscode.workspace.applyEdit(edit);
    }, link("src/undone.txt"));
    assert.isTrue((await textOf("src/undone.txt")).startsWith("# by a program"));
    assert.isUndefined(await warning("src/undone.txt"));

    // What ends the silence: the same file, the same lease, and the person types.
    await type("src/reloaded.txt", "q");
    assert.isDefined(await warning("src/reloaded.txt"));
  });

  it("are warned of no more when the lease is over or the change is reverted", async () => {
    await agent.reservations.release({ project, patterns: ["src/reloaded.txt"] });
    await shown();
    assert.isUndefined(await warning("src/reloaded.txt"));
    assert.deepStrictEqual(await lenses("src/reloaded.txt"), []);
    await reserve(agent, "src/reloaded.txt");
    await shown();
    await type("src/reloaded.txt", "rr");
    assert.isDefined(await warning("src/reloaded.txt"));
    await window.probe.execute("workbench.action.files.revert");
    await until(async () => !(await textOf("src/reloaded.txt")).includes("rr"));
    await until(async () => (await warning("src/reloaded.txt")) === undefined);
  });

  it("are warned of when they were reserved while dirty, or in Problems where that is set", async () => {
    await set("vibe.lockWarning", "problems");
    await open("src/problem.txt");
    await type("src/problem.txt", "a");
    await reserve(agent, "src/problem.txt");
    await shown();
    await type("src/problem.txt", "b");
    assert.strictEqual((await warning("src/problem.txt"))?.mode, "problems");
    const problems = await window.probe.run(
      (vscode, file) => vscode.languages.getDiagnostics(vscode.Uri.parse(file)).map(({ message }) => message),
      link("src/problem.txt"),
    );
    assert.match(problems[0] ?? "", /^Held by BlueLake until /);
    await set("vibe.lockWarning", "off");
    await until(async () => (await warning("src/problem.txt")) === undefined);
    await set("vibe.lockWarning", undefined);
  });

  it("stay warned of when they save themselves", async () => {
    await reserve(agent, "src/auto.txt");
    await set("files.autoSave", "afterDelay");
    await open("src/auto.txt");
    await type("src/auto.txt", "kept");
    await until(() => readFileSync(at("src/auto.txt"), "utf8").includes("kept"));
    await until(async () => !(await isDirty("src/auto.txt")));
    assert.isDefined(await warning("src/auto.txt"));
    await type("src/auto.txt", " still");
    assert.isDefined(await warning("src/auto.txt"));
    await set("files.autoSave", undefined);
    await agent.reservations.release({ project, patterns: ["src/auto.txt"] });
    await shown();
    assert.isUndefined(await warning("src/auto.txt"));
  });

  it("can be asked for by mail", async () => {
    await open("src/held.txt");
    await window.palette("Vibe: Who Holds This File?");
    await window.pick("Ask to Hand Over");
    await window.notifications().filter({ hasText: "BlueLake was asked." }).waitFor();
    const [message] = await person.mail.inbox({ project, of: "BlueLake" });
    assert.strictEqual(message?.subject, "The person asks for src/held.txt");
    assert.include(message?.body, "ocvibe handover");
  });

  it("can be taken over, after a question that says what is ended", async () => {
    await reserve(agent, "src/taken.txt");
    await open("src/taken.txt");
    await window.palette("Vibe: Take Over…");
    await dialog().filter({ hasText: "Take src/taken.txt over from BlueLake?" }).waitFor();
    await dialog().filter({ hasText: "BlueLake keeps what it wrote in your tree" }).waitFor();
    await window.page.keyboard.press("Escape");
    await dialog().waitFor({ state: "detached" });
    assert.strictEqual((await decoration("src/taken.txt"))?.badge, "BL");
    await window.palette("Vibe: Take Over…");
    await dialog().locator(".monaco-button", { hasText: "Take Over" }).click();
    await until(async () => (await badges("taken.txt")).includes('"Me"'));
    assert.isTrue(await refused("src/taken.txt"));
  });

  it("name the worker and its cell; a take-over says what of it is not landed, and stops it", async () => {
    const spec = scriptAgent(
      box,
      `write("src/worked.txt", "half of it"); await waitFor(${JSON.stringify(join(box.folder, "never"))});`,
    );
    const { epic, subtasks } = await startSwarm(person, project, [
      { title: "Work on it", files: ["src/worked.txt"], agent: spec },
    ]);
    const cell = subtasks[0]?.id ?? "";
    const worker = () => person.swarm.status({ project, epic }).then((swarm) => swarm.subtasks[0]);
    const changed = () => person.swarm.changes({ project, epic, cell, now: true }).then(({ files }) => files);
    await until(async () => (await worker())?.status === "running" && (await changed()).length === 1);
    const name = (await worker())?.agent ?? "";
    await shown();
    await until(async () => (await decoration("src/worked.txt"))?.tooltip.includes(name) === true);
    const tooltip = (await decoration("src/worked.txt"))?.tooltip;
    assert.strictEqual(
      tooltip,
      `Held by ${name} (${cell}) until its swarm is landed or discarded\nWork on it`,
    );
    await open("src/worked.txt");
    await window.palette("Vibe: Take Over…");
    await dialog()
      .filter({ hasText: `${name} is stopped` })
      .waitFor();
    await dialog().filter({ hasText: "Changed and not landed: src/worked.txt" }).waitFor();
    await dialog().locator(".monaco-button", { hasText: "Take Over" }).click();
    await until(async () => (await decoration("src/worked.txt"))?.badge === "Me");
    await until(async () => (await worker())?.status === "waiting");
    await person.swarm.cancel({ project, epic });
  });

  it("can be the person's own: files and folders, until released", async () => {
    const command = (name: string, path: string) =>
      // Not awaited: it waits for the person.
      window.probe.run(
        (vscode, [id, file]) => {
          void vscode.commands.executeCommand(id, vscode.Uri.parse(file));
        },
        [name, link(path)] as const,
      );
    await menu("mine.txt", "Reserve for Me");
    await window.pick("1 hour");
    await until(async () => (await decoration("src/mine.txt"))?.badge === "Me");
    assert.isTrue(await refused("src/mine.txt"));
    await open("src/mine.txt");
    const [lens] = await lenses("src/mine.txt");
    assert.match(lens?.command.title ?? "", /^Reserved for you until /);
    await type("src/mine.txt", "w");
    assert.isUndefined(await warning("src/mine.txt"));

    // Nobody holds all of the folder, and yet somebody is in the way.
    await command("vibe.takeOver", "src");
    await dialog().filter({ hasText: "Take src/ over from BlueLake?" }).waitFor();
    await window.page.keyboard.press("Escape");
    await dialog().waitFor({ state: "detached" });

    await menu("mine.txt", "Release My Reservation");
    await until(async () => (await decoration("src/mine.txt")) === undefined);
    assert.isFalse(await refused("src/mine.txt"));

    await command("vibe.reserveForMe", "app/[slug]");
    await window.pick("1 hour");
    await window.notifications().getByRole("button", { name: "Wait for It" }).click();
    await until(async () => (await person.reservations.queue({ project })).length === 1);
    await agent.reservations.release({ project, patterns: ["app/[slug]/page.ts"] });
    await until(async () => (await decoration("app/[slug]"))?.badge === "•");
    const own = (await person.reservations.list({ project })).filter(({ holder }) => holder === "person");
    assert.include(
      own.flatMap(({ patterns }) => patterns),
      "app/[slug]/",
    );
  });

  it("change what is shown soon after the daemon said so", async () => {
    await window.probe.ask("decorationFor", link("src/wanted.txt"));
    await reserve(agent, "src/wanted.txt");
    await shown();
    const { decoration: times } = (await window.probe.ask("timings")) as {
      decoration: ReadonlyArray<number>;
    };
    assert.isAbove(times.length, 0);
  });

  /** Whether the agent is refused the file. */
  async function refused(path: string): Promise<boolean> {
    try {
      await reserve(agent, path);
      await agent.reservations.release({ project, patterns: [path] });
      return false;
    } catch (cause) {
      assert.instanceOf(cause, LeaseConflict);
      return true;
    }
  }
});
