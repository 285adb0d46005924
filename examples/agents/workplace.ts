/**
 * What each of the example's agents needs: a log like a person's, the task from standard input, and what the gate
 * said of the attempt before. The working directory is the agent's own checkout.
 */
import { spawn } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";

/**
 * Prints a line of progress, then waits a little. The programs are done in a blink, and the pause is there only
 * for whoever watches: no agent prints more than three lines, so it waits 750 ms at most.
 */
export const progress = async (line: string): Promise<void> => {
  console.log(line);
  await setTimeout(250);
};

/** The task as the agent is told it. */
export const readTask = (): Promise<string> => text(process.stdin);

export interface Finding {
  readonly kind: string;
  readonly message: string;
  readonly path?: string;
}

/** What was wrong with the last attempt; nothing on the first. */
export const readFindings = async (): Promise<ReadonlyArray<Finding>> => {
  const file = process.env.OCVIBE_FINDINGS;
  return file === undefined ? [] : JSON.parse(await readFile(file, "utf8"));
};

/** The repository's files below a folder, sorted; dependencies and git's own are left out. */
export const listFiles = async (folder = "."): Promise<ReadonlyArray<string>> => {
  const files: Array<string> = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.name === ".git" || entry.name === "node_modules") continue;
    const path = folder === "." ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) files.push(...(await listFiles(path)));
    else if (entry.isFile()) files.push(path);
  }
  return files.sort();
};

/** Runs Node with these arguments in the checkout; answers whether it succeeded and what it printed. */
export const runNode = (
  args: ReadonlyArray<string>,
): Promise<{ readonly passed: boolean; readonly output: string }> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      output += chunk;
    });
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      output += chunk;
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ passed: code === 0, output }));
  });
