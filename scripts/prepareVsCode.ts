/**
 * Brings the VS Code that tests drive and the browser that they show it in, before many tests want them at once. The
 * browser comes from the system's packages when this runs as root where apt is, as in a container, else it is
 * Playwright's own, in the user's cache. Prints nothing when both are there.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { codeServer } from "../test/support/vscode/codeServer.ts";
import { findChromium } from "../test/support/vscode/findChromium.ts";

const isThere = (): boolean => {
  try {
    findChromium();
    return true;
  } catch {
    // It says below what to do, if nothing helps.
    return false;
  }
};

const run = (command: string, ...args: ReadonlyArray<string>): boolean =>
  spawnSync(command, args, { stdio: ["ignore", "ignore", "inherit"], timeout: 600_000 }).status === 0;

const fromPackages = (): boolean =>
  process.getuid?.() === 0 &&
  run("apt-get", "update", "-qq") &&
  run("apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium", "fonts-dejavu-core");

const fromPlaywright = (): boolean =>
  run(process.execPath, join("node_modules", "playwright-core", "cli.js"), "install", "chromium");

if (!isThere()) {
  console.log("There is no Chromium, which the tests show VS Code in. Installing it…");
  if (!fromPackages()) fromPlaywright();
  try {
    findChromium();
  } catch (cause) {
    console.error((cause as Error).message);
    process.exitCode = 1;
  }
}

try {
  await codeServer();
} catch (cause) {
  console.error((cause as Error).message);
  process.exitCode = 1;
}
