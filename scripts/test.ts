/**
 * `npm test` and `npm run test:full`: types, lint and direction, the programs built with fault points, then every
 * test. The full tier runs the counts that the long proofs state.
 */
import { spawnSync } from "node:child_process";

const tier = process.argv.includes("--full") ? "full" : "quick";

const step = (command: string, args: ReadonlyArray<string>, more: NodeJS.ProcessEnv = {}) => {
  const env = { ...process.env, OCVIBE_TEST_TIER: tier, ...more };
  const { status, error } = spawnSync(command, args, { stdio: "inherit", env });
  if (error !== undefined) console.error(`${command} could not be started: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
};

step(process.execPath, ["scripts/check.ts"]);
step(process.execPath, ["scripts/build.ts", "--quiet", "--test"]);
step(process.execPath, ["scripts/build.ts", "--quiet"]);
step(process.execPath, ["scripts/prepareVsCode.ts"]);
// Every type of event must have been made, and replayed, by the end of it.
step("vitest", ["run", "--exclude", "test/vscode/**"], { OCVIBE_TEST_SUITE: "whole" });
// A VS Code with its browser takes a processor for itself, so these come by themselves.
step("vitest", ["run", "--maxWorkers", "2", "test/vscode"]);
