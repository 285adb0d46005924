/** Runs npm for something that tests need; rejects with what it said. */
import { spawn } from "node:child_process";

export const runNpm = (args: ReadonlyArray<string>, cwd?: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const child = spawn("npm", args, {
      ...(cwd === undefined ? {} : { cwd }),
      stdio: ["ignore", "ignore", "pipe"],
      shell: process.platform === "win32",
    });
    let said = "";
    child.stderr.on("data", (chunk) => {
      said += chunk;
    });
    child.on("error", reject);
    child.on("close", (code) =>
      code === 0 ? resolve() : reject(new Error(said.trim() || `exit code ${code}`)),
    );
  });
