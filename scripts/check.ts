/** `npm run check`: types, lint and the direction rule, at once; fails when any of them does. */
import { spawn } from "node:child_process";

const run = (name: string, command: string, args: ReadonlyArray<string>) =>
  new Promise<boolean>((resolve) => {
    const started = performance.now();
    let output = "";
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.on("data", (chunk) => {
      output += chunk;
    });
    child.stderr.on("data", (chunk) => {
      output += chunk;
    });
    child.on("error", (error) => {
      output += error.message;
      resolve(false);
    });
    child.on("close", (code) => {
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      console.log(`${code === 0 ? "ok  " : "FAIL"} ${name} (${seconds} s)`);
      if (code !== 0) console.log(output);
      resolve(code === 0);
    });
  });

const results = await Promise.all([
  run("types", "tsc", ["--noEmit"]),
  run("lint", "biome", ["check", "."]),
  run("direction", process.execPath, ["scripts/direction.ts"]),
]);
process.exitCode = results.every(Boolean) ? 0 : 1;
