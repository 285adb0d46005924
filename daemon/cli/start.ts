/**
 * `npm start`: without arguments, lays out the sample repository in a temporary folder and runs a real swarm on
 * it, with a data folder of its own; with arguments, `ocvibe start` on your own repository.
 *
 * The sample's agents are real programs. One of them first writes outside its files, another breaks the type
 * check, and both are refused: see examples/README.md.
 */
import { spawn, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type AmountsSample, layOutAmounts } from "./layOutAmounts.ts";

const here = dirname(fileURLToPath(import.meta.url));
const repository = dirname(here);
const ocvibe = join(here, "ocvibe.js");

const run = (args: ReadonlyArray<string>, env: NodeJS.ProcessEnv, cwd: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [ocvibe, ...args], { stdio: "inherit", env, cwd });
    // Ctrl-C reaches the child too; it says what can be done, and its exit code is ours.
    process.on("SIGINT", () => undefined);
    child.on("error", reject);
    child.on("close", (code, signal) => resolve(code ?? (signal === "SIGINT" ? 130 : 1)));
  });

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/** A command that works as printed, wherever this machine's PATH points. */
const writeLauncher = (sample: AmountsSample): string => {
  const file = join(sample.folder, "ocvibe");
  const lines = [
    "#!/bin/sh",
    `export OCVIBE_HOME=${quoted(sample.home)} OCVIBE_COMMAND=${quoted(file)} OCVIBE_IDLE_SECONDS=30`,
    `cd ${quoted(sample.repository)} && exec ${quoted(process.execPath)} ${quoted(ocvibe)} "$@"`,
    "",
  ];
  writeFileSync(file, lines.join("\n"), { mode: 0o755 });
  return file;
};

const demonstrate = async (): Promise<number> => {
  const sample = layOutAmounts(repository);
  const launcher = writeLauncher(sample);
  const cwd = sample.repository;
  const env = {
    ...process.env,
    OCVIBE_HOME: sample.home,
    OCVIBE_COMMAND: launcher,
    OCVIBE_IDLE_SECONDS: "30",
  };
  console.log(`A sample repository, a small TypeScript library with its own tests, is in\n${cwd}`);
  console.log("Five agents, ordinary programs here, now work on it at once. What passes its checks lands.\n");
  try {
    const task = "Make the amounts library ready for its first release";
    return await run(["start", task, "--plan", sample.plan, "--yes", "--allow-checks", "--land"], env, cwd);
  } finally {
    const log = ["log", "--graph", "--oneline", "--decorate"];
    const graph = spawnSync("git", log, { cwd, encoding: "utf8" }).stdout.trimEnd();
    console.log(`\nWhat main is now (git log --graph):\n\n${graph.replace(/^/gm, "  ")}\n`);
    const swarms = spawnSync(process.execPath, [ocvibe, "status", "--json"], { env, cwd, encoding: "utf8" });
    const [epic = ""] = [...swarms.stdout.matchAll(/"epic":\s*"([^"]+)"/g)].map((match) => match[1] ?? "");
    spawnSync(process.execPath, [ocvibe, "daemon", "stop"], { env, cwd, stdio: "ignore" });
    console.log("Look closer:\n");
    const commands: ReadonlyArray<readonly [string, string]> = [
      [`${launcher} status ${epic}`, "who did what, and what was refused"],
      [`${launcher} events`, "every fact that the swarm recorded"],
      [`git -C ${cwd} log --stat`, "the change that landed"],
    ];
    const width = Math.max(...commands.map(([command]) => command.length));
    for (const [command, what] of commands) console.log(`  ${command.padEnd(width)}   ${what}`);
    console.log("");
    console.log('On your own repository: npm start -- "<task>" --project DIR --plan FILE');
    console.log(`Everything of this run is in ${sample.folder}; remove it when you like.`);
  }
};

const given = process.argv.slice(2);
process.exitCode =
  given.length > 0
    ? await run(["start", ...given], process.env, process.env.INIT_CWD ?? process.cwd())
    : await demonstrate();
