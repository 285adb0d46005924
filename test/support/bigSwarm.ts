/**
 * The swarm of the long proofs: six cells, two dependency edges, one that first fails the gate. Every agent
 * notes its own start in a file, and what they write depends on nothing but their arguments, so that every run
 * that ends well ends with the same tree.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { assert } from "vitest";
import type { DaemonClient } from "../../shared/client/connect.ts";
import type { StoredEvent } from "../../shared/contract/events.ts";
import { isAlive } from "./processes.ts";
import type { Sandbox } from "./sandbox.ts";

const agentSource = `
import { appendFileSync, readFileSync, writeFileSync, mkdirSync } from "node:fs";
const [starts, name, ms, mode, ...files] = process.argv.slice(2);
appendFileSync(starts + "/" + name, process.env.OCVIBE_ATTEMPT + "\\n");
readFileSync(0);
console.log(name + " begins");
await new Promise((resolve) => setTimeout(resolve, Number(ms)));
for (const file of files) {
  const broken = mode === "breaks-once" && process.env.OCVIBE_FINDINGS === undefined;
  writeFileSync(file, "export const " + name + " = " + (broken ? "'broken'" : "1") + ";\\n");
}
console.log(name + " ends");
`;

const checkSource = `
import { readdirSync, readFileSync } from "node:fs";
for (const file of readdirSync("src")) {
  if (readFileSync("src/" + file, "utf8").includes("broken")) {
    console.error("src/" + file + " is broken");
    process.exit(1);
  }
}
`;

const names = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta"] as const;

/** Fills a sandbox with the repository and answers the plan's text. */
export const layOutBigSwarm = (sandbox: Sandbox, extraFiles = 40): string => {
  const filler = Object.fromEntries(
    Array.from({ length: extraFiles }, (_, n) => [`filler/${n}.txt`, `${n}\n`.repeat(50)]),
  );
  sandbox.commit({
    ".hive/config.json": JSON.stringify({ checks: ["node check.mjs"] }),
    "check.mjs": checkSource,
    "src/alpha.js": "export const alpha = 0;\n",
    "src/beta.js": "export const beta = 0;\n",
    ...filler,
  });
  sandbox.write({ ".keep": "" }, join(sandbox.folder, "starts"));
  const spec = (name: string, ms: number, mode: string) =>
    sandbox.agent(
      "worker",
      agentSource,
      join(sandbox.folder, "starts"),
      name,
      String(ms),
      mode,
      `src/${name}.js`,
    );
  const subtask = (name: string, ms: number, dependencies: ReadonlyArray<number>, mode = "plain") => ({
    title: `Write ${name}`,
    files: [`src/${name}.js`],
    dependencies,
    estimated_complexity: 1,
    agent: spec(name, ms, mode),
  });
  return JSON.stringify({
    epic: { title: "Six modules" },
    subtasks: [
      subtask("alpha", 60, []),
      subtask("beta", 120, [], "breaks-once"),
      subtask("gamma", 40, [0]),
      subtask("delta", 80, []),
      subtask("epsilon", 30, [2]),
      subtask("zeta", 100, []),
    ],
  });
};

/** Approves everything and starts, as the command line does with `--yes --allow-checks --land`. */
export const startBigSwarm = async (client: DaemonClient, project: string, text: string, land: boolean) => {
  const proposal = await client.swarm.propose({ project, text, maxWorkers: 3 });
  const { base } = proposal;
  await client.swarm.approveChecks({ project, base, hashes: proposal.checks.map(({ check }) => check.hash) });
  await client.swarm.checkBase({ project, base });
  return client.swarm.start({ project, text, base, approvedPlan: proposal.planHash, maxWorkers: 3, land });
};

/** Follows a swarm until the daemon stops working on it; a daemon that dies ends it as well: nobody waits for another. */
export const followToEnd = async (client: DaemonClient, project: string, epic: string): Promise<void> => {
  const { pid } = await client.daemon.status({});
  const died = new AbortController();
  const look = setInterval(() => {
    if (!isAlive(pid)) died.abort();
  }, 20);
  try {
    for await (const _ of client.swarm.watch({ project, epic }, { signal: died.signal }));
  } finally {
    clearInterval(look);
  }
};

/** How often each agent says it was started. */
const startsOf = (sandbox: Sandbox): Readonly<Record<string, number>> => {
  const folder = join(sandbox.folder, "starts");
  const files = readdirSync(folder).filter((name) => name !== ".keep");
  return Object.fromEntries(
    files.map((name) => [name, readFileSync(join(folder, name), "utf8").split("\n").length - 1]),
  );
};

/** What must hold of a swarm's log whatever was killed. Answers the violations. */
const violations = (events: ReadonlyArray<StoredEvent>): ReadonlyArray<string> => {
  const found: Array<string> = [];
  events.forEach((event, index) => {
    if (event.seq !== index + 1) found.push(`seq ${event.seq} at place ${index + 1}`);
  });
  const merged = new Map<string, number>();
  for (const event of events) {
    const { cell } = event.data as { cell?: string };
    if (event.type === "subtask_merged") {
      if (merged.has(cell!)) found.push(`${cell} was merged twice`);
      merged.set(cell!, event.seq);
    }
    if (event.type === "spawn_intended" && merged.has(cell!))
      found.push(`${cell} was run again after its merge`);
  }
  if (events.filter((event) => event.type === "landed").length > 1) found.push("landed twice");
  return found;
};

/** That it landed, as if nothing had been killed. */
export const checkBigSwarm = async (box: Sandbox, client: DaemonClient, epic: string): Promise<void> => {
  const view = await client.swarm.status({ project: box.repo, epic });
  assert.strictEqual(view.status, "landed", `${view.problem} ${JSON.stringify(view.refusal)}`);
  for (const name of names) {
    assert.strictEqual(box.git("show", `main:src/${name}.js`), `export const ${name} = 1;`);
  }
  assert.strictEqual(box.git("status", "--porcelain"), "");
  assert.strictEqual(box.git("ls-tree", "-r", "--name-only", "main").split("\n").length, 48);
  const trailers = box.git("log", "--format=%(trailers:key=Vibe-Cell,valueonly,separator=%x2C)", "main");
  const cells = trailers
    .split("\n")
    .filter((line) => line !== "")
    .sort();
  assert.deepStrictEqual(
    cells,
    view.subtasks.map((subtask) => subtask.id).sort(),
    "each cell is merged once",
  );
  const events: ReadonlyArray<StoredEvent> = await client.events.list({ limit: 100_000 });
  assert.deepStrictEqual(violations(events), []);
  const starts = startsOf(box);
  for (const subtask of view.subtasks) {
    const name = subtask.title.replace("Write ", "");
    const spawned = events.filter(
      (e) => e.type === "spawn_intended" && (e.data as { cell: string }).cell === subtask.id,
    );
    assert.isAtMost(starts[name] ?? 0, spawned.length, `${name} was started more often than the log knows`);
  }
  for (const report of await client.events.rebuild({}))
    assert.isTrue(report.equal, `replay of ${report.projection}`);
};
