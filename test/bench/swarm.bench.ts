/**
 * What a swarm costs beside the work itself: from an approved plan to the first agent's process on a repository
 * of 5,000 files, next to a raw `git clone --shared` of it; and eight one-second agents on four workers, next to
 * the ideal schedule of two seconds. Runs the built programs.
 */
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { StoredEvent } from "../../shared/contract/events.ts";
import { Sandbox } from "../support/sandbox.ts";

const rounds = 5;

export const run = async (): Promise<void> => {
  await firstAgent();
  await overhead();
};

const row = (what: string, ours: string, raw: string, target: string) =>
  console.log(`${what.padEnd(48)} ${ours.padStart(12)} ${raw.padStart(28)}   ${target}`);

const median = (values: ReadonlyArray<number>) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

const sleeper = `
const [ms] = process.argv.slice(2);
process.stdin.resume();
await new Promise((resolve) => setTimeout(resolve, Number(ms)));
const { writeFileSync } = await import("node:fs");
for (const file of (process.env.OCVIBE_FILES ?? "").split("\\n")) writeFileSync(file, process.env.OCVIBE_CELL);
process.exit(0);
`;

const startApproved = async (box: Sandbox, text: string, maxWorkers: number) => {
  const client = await box.client();
  const project = box.repo;
  const proposal = await client.swarm.propose({ project, text, maxWorkers });
  const began = Date.now();
  const { epic } = await client.swarm.start({
    project,
    text,
    base: proposal.base,
    approvedPlan: proposal.planHash,
    maxWorkers,
  });
  for await (const _ of client.swarm.watch({ project, epic }));
  const events: ReadonlyArray<StoredEvent> = await client.events.list({ project, stream: `swarm/${epic}` });
  await client.swarm.discard({ project, epic });
  const at = (type: string, last = false) => {
    const found = events.filter((event) => event.type === type);
    return Date.parse((last ? found.at(-1) : found[0])?.at ?? "");
  };
  return {
    began,
    created: at("epic_created"),
    spawned: at("subtask_spawned"),
    exited: at("subtask_exited", true),
    merged: at("subtask_merged", true),
  };
};

const firstAgent = async () => {
  const box = new Sandbox();
  try {
    const files = Array.from({ length: 5000 }, (_, n): [string, string] => [
      `src/${n % 50}/file${n}.txt`,
      `line of file ${n}\n`.repeat(20),
    ]);
    box.commit(Object.fromEntries(files));
    await box.startDaemon();
    const agent = box.agent("sleeper", sleeper, "0");
    const text = JSON.stringify({
      epic: { title: "One" },
      subtasks: [{ title: "One", files: ["new.txt"], dependencies: [], estimated_complexity: 1, agent }],
    });
    const ours: Array<number> = [];
    const raw: Array<number> = [];
    for (let round = 0; round < rounds; round++) {
      const { began, spawned } = await startApproved(box, text, 1);
      ours.push(spawned - began);
      const clone = join(box.folder, "clone");
      const rawBegan = performance.now();
      execFileSync("git", ["clone", "--quiet", "--shared", box.repo, clone]);
      raw.push(performance.now() - rawBegan);
      rmSync(clone, { recursive: true, force: true });
    }
    row(
      "approved plan to first agent, 5,000 files",
      `${median(ours).toFixed(0)} ms`,
      `git clone --shared ${median(raw).toFixed(0)} ms`,
      "under 500 ms of ours",
    );
  } finally {
    await box.end();
  }
};

const overhead = async () => {
  const box = new Sandbox();
  try {
    box.commit({ "README.md": "bench\n" });
    await box.startDaemon();
    const agent = box.agent("sleeper", sleeper, "1000");
    const subtask = (n: number) => ({
      title: `${n}`,
      files: [`${n}.txt`],
      dependencies: [],
      estimated_complexity: 1,
      agent,
    });
    const text = JSON.stringify({
      epic: { title: "Eight" },
      subtasks: Array.from({ length: 8 }, (_, n) => subtask(n)),
    });
    // What the same programs take when started by hand, four at a time: the machine's own part.
    const bare = await bareSchedule(box);
    const walls: Array<number> = [];
    for (let round = 0; round < 3; round++) {
      const { began, merged } = await startApproved(box, text, 4);
      walls.push(merged - began);
    }
    const wall = median(walls);
    row(
      "8 one-second agents on 4 workers, start to merged",
      `${(wall / 1000).toFixed(2)} s`,
      `ideal 2 s, bare processes ${(bare / 1000).toFixed(2)} s`,
      `overhead ${(((wall - 2000) / 2000) * 100).toFixed(0)} % over ideal (target under 10 %), ${(((wall - bare) / bare) * 100).toFixed(0)} % over bare`,
    );
  } finally {
    await box.end();
  }
};

const bareSchedule = async (box: Sandbox) => {
  const { spawn } = await import("node:child_process");
  const one = () =>
    new Promise<void>((resolve) => {
      const child = spawn(process.execPath, [join(box.agents, "sleeper.mjs"), "1000"], {
        stdio: "ignore",
        cwd: box.folder,
        env: { PATH: process.env.PATH ?? "", OCVIBE_FILES: "bare.txt", OCVIBE_CELL: "bare" },
      });
      child.on("close", () => resolve());
    });
  const began = performance.now();
  await Promise.all(
    [1, 2, 3, 4].map(async () => {
      await one();
      await one();
    }),
  );
  return performance.now() - began;
};

if (import.meta.main) await run();
