/**
 * What must hold in whatever VS Code the extension is in: the browser's that `npm test` drives, and the desktop's of
 * `npm run test:electron`. Each check is a function of the editor's API alone, since it may be sent as its source; it
 * throws with what is wrong.
 */
import type * as vscode from "vscode";

type Check = (api: typeof vscode) => Promise<void>;

export const smokeChecks: Readonly<Record<string, Check>> = {
  "is active soon after the window opened": async (api) => {
    const extension = api.extensions.getExtension("opencode-vibe.opencode-vibe");
    if (extension === undefined) throw new Error("it is not installed");
    await extension.activate();
  },

  "has registered every command that it declares": async (api) => {
    const extension = api.extensions.getExtension("opencode-vibe.opencode-vibe");
    const declared: ReadonlyArray<{ command: string }> = extension?.packageJSON.contributes.commands;
    const there = new Set(await api.commands.getCommands(true));
    const missing = declared.map(({ command }) => command).filter((command) => !there.has(command));
    if (missing.length > 0) throw new Error(`not registered: ${missing.join(", ")}`);
  },

  "shows its views": async (api) => {
    for (const view of ["hive", "agents", "landing"]) {
      await api.commands.executeCommand(`vibe.${view}.focus`);
    }
  },

  "judges a plan that was written by hand": async (api) => {
    const [folder] = api.workspace.workspaceFolders ?? [];
    if (folder === undefined) throw new Error("the window has no folder");
    const file = api.Uri.joinPath(folder.uri, "smoke.vibe-plan.json");
    const subtask = { title: "Twice", files: ["README.md"], dependencies: [], estimated_complexity: 1 };
    const plan = { epic: { title: "Overlap" }, subtasks: [subtask, subtask] };
    await api.workspace.fs.writeFile(file, new TextEncoder().encode(JSON.stringify(plan, undefined, 2)));
    try {
      await api.window.showTextDocument(file);
      const overlaps = () =>
        api.languages.getDiagnostics(file).some(({ message }) => message.includes("README.md"));
      for (let n = 0; n < 600 && !overlaps(); n++) await new Promise((resolve) => setTimeout(resolve, 50));
      if (!overlaps()) throw new Error("two subtasks with one file are not pointed out");
    } finally {
      await api.commands.executeCommand("workbench.action.closeActiveEditor");
      await api.workspace.fs.delete(file);
    }
  },
};
