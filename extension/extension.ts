/**
 * The extension's entry: it only wires. Each line is one part, named as its file; a part gets `Vibe` and gives what
 * is to be disposed of.
 */
import * as vscode from "vscode";
import { showLog } from "./commands/showLog.ts";
import { makeProbe, type Probe } from "./probe.ts";
import { followContext } from "./project/followContext.ts";
import { openProjects } from "./project/Projects.ts";
import { runAct } from "./runAct.ts";
import { setTranslation } from "./text/t.ts";
import type { Vibe } from "./Vibe.ts";

const parts: ReadonlyArray<(vibe: Vibe) => vscode.Disposable> = [followContext, showLog];

/** The probe is there for tests only. */
export const activate = async (context: vscode.ExtensionContext): Promise<Probe | undefined> => {
  setTranslation(vscode.l10n.t);
  const log = vscode.window.createOutputChannel("OpenCode Vibe", { log: true });
  const projects = openProjects(log);
  const vibe: Vibe = {
    context,
    projects,
    log,
    probe: process.env.OCVIBE_TEST === undefined ? undefined : makeProbe(),
    run: (act) => runAct(log, act),
  };
  context.subscriptions.push(log, projects, ...parts.map((part) => part(vibe)));
  // The parts are there already, and are told of what is found.
  await projects.refresh();
  return vibe.probe;
};
