/** Runs our own command line, which is bundled beside the extension, on the editor's own Node. */
import { execFile } from "node:child_process";
import type * as vscode from "vscode";

/** The program, its arguments and variables, for whoever starts it. */
export const cliCommand = (context: vscode.ExtensionContext, ...args: ReadonlyArray<string>) => ({
  program: process.execPath,
  args: [context.asAbsolutePath("dist/ocvibe.js"), ...args],
  /** The editor's own program is Node only when it is told to be. */
  env: { ELECTRON_RUN_AS_NODE: "1" },
});

const patienceMs = 60_000;

/** What it printed; fails with what it said on standard error when that is all there is. */
export const runCli = (context: vscode.ExtensionContext, ...args: ReadonlyArray<string>): Promise<string> => {
  const { program, args: all, env } = cliCommand(context, ...args);
  const options = { env: { ...process.env, ...env }, timeout: patienceMs, maxBuffer: 16 * 1024 * 1024 };
  return new Promise((resolve, reject) => {
    execFile(program, all, options, (error, stdout, stderr) => {
      // A command that found something wrong prints it, and ends with another status than 0.
      if (stdout.trim() !== "" || error === null) resolve(stdout);
      else reject(new Error(stderr.trim() || error.message));
    });
  });
};
