/**
 * `npm run vscode`: a real VS Code in the browser, with the extension as it ships, on the sample of `examples/`. Nothing
 * of this machine's VS Code or of the user's data folder is touched. Ctrl-C ends it; everything of it is in one temporary
 * folder.
 */
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { layOutAmounts } from "../daemon/cli/layOutAmounts.ts";
import { launchChromium } from "../test/support/vscode/launchChromium.ts";
import { serveVsCode } from "../test/support/vscode/serveVsCode.ts";
import { shippedVsix } from "../test/support/vscode/vsix.ts";

const root = dirname(import.meta.dirname);
const { status } = spawnSync(process.execPath, ["scripts/build.ts", "--quiet"], {
  cwd: root,
  stdio: "inherit",
});
if (status !== 0) process.exit(status ?? 1);

const sample = layOutAmounts(root);
// It has the sample's plan for an answer, whatever the task is.
const planner = join(sample.folder, "planner.mjs");
const print = `import { readFileSync } from "node:fs";\nreadFileSync(0);\nconsole.log(readFileSync(${JSON.stringify(sample.plan)}, "utf8"));\n`;
writeFileSync(planner, print);

console.log("Getting a VS Code ready (the first time some 600 MB are downloaded)…");
const server = await serveVsCode(sample.folder, {
  vsix: [await shippedVsix()],
  env: { ...process.env, OCVIBE_HOME: sample.home, OCVIBE_IDLE_SECONDS: "30" },
  settings: { "vibe.planner": `command:node ${planner}` },
});
const url = server.url(sample.repository);
console.log(`\nOpen ${url}\nThen F1, "Vibe: Start Swarm", and any task. Ctrl-C ends it.\n`);

const hasDisplay =
  process.platform !== "linux" || (process.env.DISPLAY ?? process.env.WAYLAND_DISPLAY) !== undefined;
const browser = hasDisplay
  ? await launchChromium({ headless: false }).catch((cause: Error) => console.error(cause.message))
  : undefined;
await (await browser?.newPage({ viewport: null }))?.goto(url);

await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
await browser?.close();
await server.end();
console.log(`Everything of it is in ${sample.folder}; remove it when you like.`);
