/**
 * The extension in the real VS Code: how large it is, how long it takes to activate, to show a lease, and to open the
 * view of a large hive, each beside what VS Code itself takes for the like in the same run.
 */
import { statSync } from "node:fs";
import { join } from "node:path";
import type { JSHandle, Page } from "playwright-core";
import type { DaemonClient } from "../../shared/client/connect.ts";
import { Sandbox } from "../support/sandbox.ts";
import { startVsCode } from "../support/vscode/startVsCode.ts";
import type { VsCodeWindow } from "../support/vscode/VsCodeWindow.ts";
import { percentile } from "./percentile.ts";

const rounds = 10;
const manyCells = 10_000;

const print = (what: string, value: string, raw: string, target: string) =>
  console.log(`${what.padEnd(52)} ${value.padEnd(24)} ${raw.padEnd(56)} target ${target}`);

const spread = (values: ReadonlyArray<number>) =>
  `p50 ${percentile(values, 50).toFixed(0)} ms, max ${Math.max(...values).toFixed(0)} ms`;

export const run = async (): Promise<void> => {
  const kilobytes = statSync(join(import.meta.dirname, "..", "..", "dist", "extension.js")).size / 1024;
  print("extension.js, minified", `${kilobytes.toFixed(0)} KB`, "", "400 KB");
  const box = new Sandbox();
  box.commit({
    "src/a.ts": "export const a = 1;\n",
    "src/b.ts": "export const b = 1;\n",
    "README.md": "# A\n",
  });
  await box.startDaemon();
  const client = await box.client();
  // From here on the repository is one that is used, which every activation connects to.
  await client.hive.create({ project: box.repo, title: "A cell" });
  const code = await startVsCode(box);
  try {
    const window = await code.open(box.repo);
    await activation(window);
    await decorations(window, client, box.repo);
    await largeHive(window, client, box.repo);
  } finally {
    await code.end();
    await box.end();
  }
};

/** As VS Code itself measures it: to load the code and to call `activate`, in milliseconds of the extension host. */
const activation = async (window: VsCodeWindow): Promise<void> => {
  const ours: Array<number> = [];
  const git: Array<number> = [];
  for (let n = 0; n < rounds / 2; n++) {
    if (n > 0) await window.reload();
    await live(window);
    await window.probe.execute("workbench.action.showRuntimeExtensions");
    const row = (name: string) =>
      window.page.locator(".runtime-extensions-editor .monaco-list-row", { hasText: name });
    ours.push(await activationOf(row("opencode-vibe").or(row("OpenCode Vibe"))));
    git.push(await activationOf(row("vscode.git").or(row("Git Base")).or(row("Git"))));
    await window.probe.execute("workbench.action.closeActiveEditor");
  }
  print("activation, the daemon up", spread(ours), `raw, VS Code's own Git: ${spread(git)}`, "100 ms");
};

const activationOf = async (row: ReturnType<Page["locator"]>): Promise<number> =>
  Number(/Activation: (\d+)ms/.exec(await row.first().innerText())?.[1] ?? Number.NaN);

const live = (window: VsCodeWindow) =>
  window.probe.becomes<ReadonlyArray<{ readonly state: string }>>(
    "model",
    ([project]) => project?.state === "live",
  );

/** From the call that reserves a file until the Explorer shows it, beside a mark that nothing but VS Code is behind. */
const decorations = async (window: VsCodeWindow, client: DaemonClient, root: string): Promise<void> => {
  const { page, probe } = window;
  await probe.run(
    (vscode, path) => vscode.window.showTextDocument(vscode.Uri.file(path)),
    `${root}/src/a.ts`,
  );
  await probe.execute("workbench.view.explorer");
  await page.locator(".explorer-folders-view .monaco-list-row", { hasText: "a.ts" }).waitFor();
  await probe.run((vscode) => {
    const changes = new vscode.EventEmitter<undefined>();
    const marks = { on: false, changes };
    (globalThis as unknown as { marks: typeof marks }).marks = marks;
    vscode.window.registerFileDecorationProvider({
      onDidChangeFileDecorations: changes.event,
      provideFileDecoration: ({ path }) =>
        marks.on && path.endsWith("/b.ts") ? new vscode.FileDecoration("rw", "raw") : undefined,
    });
  });
  const painted: Array<number> = [];
  const raw: Array<number> = [];
  for (let n = 0; n < rounds; n++) {
    const ours = await shown(page, "a.ts", true);
    await client.reservations.reserve({ project: root, patterns: ["src/a.ts"] });
    painted.push(await ours());
    const ended = await shown(page, "a.ts", false);
    await client.reservations.release({ project: root, patterns: ["src/a.ts"] });
    await ended();
    const mark = async (on: boolean) => {
      const seen = await shown(page, "b.ts", on);
      await probe.run((_, stands) => {
        const { marks } = globalThis as unknown as {
          marks: { on: boolean; changes: { fire(of: undefined): void } };
        };
        marks.on = stands;
        marks.changes.fire(undefined);
      }, on);
      return seen();
    };
    raw.push(await mark(true));
    await mark(false);
  }
  const { decoration } = (await probe.ask("timings")) as { readonly decoration: ReadonlyArray<number> };
  print("event received to decoration event fired", spread(decoration), "", "20 ms");
  print(
    "a file is reserved, call included, to painted",
    spread(painted),
    `raw, a mark of VS Code alone: ${spread(raw)}`,
    "300 ms",
  );
};

/** Begins to look at a file's row in the Explorer, as `watch` does. */
const shown = (page: Page, file: string, isMarked: boolean) =>
  watch(
    page,
    `[...document.querySelectorAll(".explorer-folders-view .monaco-list-row .monaco-icon-label")].some((label) =>
      label.textContent.includes(${JSON.stringify(file)}) && /badge/.test(label.outerHTML)) === ${isMarked}`,
  );

/** Looks at every frame from now on; what it gives waits until the condition holds, and answers the milliseconds. */
const watch = async (page: Page, condition: string): Promise<() => Promise<number>> => {
  const watching = (await page.evaluateHandle(`(() => {
    const from = performance.now();
    const holds = () => ${condition};
    const look = (resolve) => (holds() ? resolve(performance.now() - from) : requestAnimationFrame(() => look(resolve)));
    return { done: new Promise(look) };
  })()`)) as JSHandle<{ readonly done: Promise<number> }>;
  return () => watching.evaluate(({ done }) => done);
};

/** From the click on the view's icon until its first row is painted, beside VS Code's own Explorer. */
const largeHive = async (window: VsCodeWindow, client: DaemonClient, project: string): Promise<void> => {
  for (let n = 0; n < manyCells / 1000; n++) {
    const subtasks = Array.from({ length: 999 }, (_, index) => ({ title: `Piece ${n}.${index}` }));
    await client.hive.createEpic({ project, title: `Epic ${n}`, subtasks });
  }
  await window.probe.idle((await client.daemon.status({})).head);
  const open = async (icon: string, view: string): Promise<number> => {
    const link = window.page.locator(`.activitybar .action-label[aria-label^="${icon}"]`).first();
    const rows = `document.querySelectorAll('[role=tree][aria-label^="${view}"] [role=treeitem]').length`;
    const seen = await watch(window.page, `${rows} > 0`);
    await link.click();
    const took = await seen();
    // A click while the editor still changes views is lost.
    await window.page.waitForTimeout(500);
    return took;
  };
  const ours: Array<number> = [];
  const raw: Array<number> = [];
  for (let n = 0; n < rounds; n++) {
    ours.push(await open("Vibe", "Hive"));
    raw.push(await open("Explorer", "Files Explorer"));
  }
  print(
    `Hive view with ${manyCells} cells opens`,
    spread(ours),
    `raw, VS Code's own Explorer: ${spread(raw)}`,
    "300 ms",
  );
};

if (process.argv[1] === import.meta.filename) await run();
