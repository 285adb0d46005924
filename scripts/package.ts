/**
 * `npm run package`: builds, and makes the VSIX for this platform beside package.json; `--target <platform>` makes one
 * for another, with the native addon that npm has for it.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { isTarget, targets, thisTarget } from "./nativePackage.ts";
import { megabytes, packageVsix } from "./packageVsix.ts";

const root = join(import.meta.dirname, "..");
const { values } = parseArgs({ options: { target: { type: "string" } } });
const target = values.target ?? thisTarget();
if (!isTarget(target)) {
  console.error(`There is no target ${target}. There are ${targets.join(", ")}.`);
  process.exit(2);
}
const { status } = spawnSync(process.execPath, ["scripts/build.ts", "--quiet"], {
  cwd: root,
  stdio: "inherit",
});
if (status !== 0) process.exit(status ?? 1);
try {
  const { file, bytes } = await packageVsix(target, root);
  console.log(`${file}: ${megabytes(bytes)} MB`);
} catch (cause) {
  console.error((cause as Error).message);
  process.exitCode = 1;
}
