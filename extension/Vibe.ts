/** What every part of the extension is given: the projects, the log, and the way to run an act of the person's. */
import type * as vscode from "vscode";
import type { Probe } from "./probe.ts";
import type { Projects } from "./project/Projects.ts";

export interface Vibe {
  readonly context: vscode.ExtensionContext;
  readonly projects: Projects;
  readonly log: vscode.LogOutputChannel;
  /** Present when tests run. */
  readonly probe: Probe | undefined;
  /** Runs what the person asked for. A failure is told in one notification, with the log a click away. */
  readonly run: <A>(act: () => PromiseLike<A>) => Promise<A | undefined>;
}
