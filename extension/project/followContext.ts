/** Keeps the context keys that menus, welcome views and key bindings ask for: `vibe.state` above all. */
import * as vscode from "vscode";
import type { Vibe } from "../Vibe.ts";

export const followContext = ({ projects, probe }: Vibe): vscode.Disposable => {
  const said = new Map<string, unknown>();
  const say = (key: string, value: unknown) => {
    if (said.get(key) === value) return;
    said.set(key, value);
    void vscode.commands.executeCommand("setContext", key, value);
  };
  const look = () => {
    const models = projects.all().map((project) => project.model());
    say("vibe.state", projects.state());
    say(
      "vibe.paused",
      models.some((model) => model.paused),
    );
    say(
      "vibe.hasCells",
      models.some((model) => model.cells.size > 0),
    );
  };
  probe?.set("model", () =>
    projects.all().map((project) => ({ root: project.root, state: project.state(), model: project.model() })),
  );
  /** Resolves when every project has been told of this position, and all parts show it. */
  probe?.set("idle", async (seq: number) => {
    await new Promise<void>((resolve) => {
      const reached = () => projects.all().every((project) => project.model().seq >= seq);
      if (reached()) return resolve();
      const waiting = projects.onDidChange(() => {
        if (!reached()) return;
        waiting.dispose();
        resolve();
      });
    });
    await probe.settled();
  });
  look();
  return vscode.Disposable.from(projects.onDidChangeProjects(look), projects.onDidChange(look));
};
