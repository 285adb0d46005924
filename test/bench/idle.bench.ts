/**
 * What a daemon costs that has nothing to do: memory and processor, after its start, after some use, with ten more
 * repositories, and after ten thousand new cells. Beside it a Node process that only holds a worker thread. Linux only.
 */
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pause, Sandbox } from "../support/sandbox.ts";

const seconds = 60;
const furtherProjects = 10;
const calls = 2000;
const cells = 10_000;

const megabytes = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;

/** Seconds of processor of all threads, by the scheduler's own count, which is finer than that in ticks. */
const processor = (pid: number): number =>
  readdirSync(`/proc/${pid}/task`)
    .map((task) => Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, "utf8").split(" ")[0]) / 1e9)
    .reduce((sum, one) => sum + one, 0);

const share = async (pid: number): Promise<number> => {
  const before = processor(pid);
  await pause(seconds * 1000);
  return ((processor(pid) - before) / seconds) * 100;
};

const bare = `
const { Worker } = require("node:worker_threads");
new Worker("setInterval(() => {}, 1e6)", { eval: true });
`;

const line = (what: string, figures: string) => console.log(`${what.padEnd(44)} ${figures}`);

export const run = async (): Promise<void> => {
  const box = new Sandbox();
  const raw = spawn(process.execPath, ["--eval", bare], { stdio: "ignore" });
  try {
    box.commit({ "a.txt": "a\n" });
    // As a client starts it, with the environment that it gives.
    const started = await box.cli(["daemon", "start", "--json"], { env: { OCVIBE_IDLE_SECONDS: "600" } });
    const { pid } = JSON.parse(started.stdout) as { pid: number };
    await pause(2000);
    const atStart = megabytes(pid);
    const rawSize = megabytes(raw.pid ?? 0);
    line(
      "idle memory, after its start",
      `${atStart.toFixed(0)} MB RSS   raw, Node with a thread: ${rawSize.toFixed(0)} MB   target 150`,
    );
    const client = await box.client();
    await client.agents.register({ project: box.repo, name: "one" });
    for (let n = 0; n < calls; n++) {
      await client.daemon.status({});
      if (n % 10 === 0) await client.events.list({ limit: 100 });
    }
    await pause(2000);
    const used = megabytes(pid);
    line(`idle memory, after ${calls} calls`, `${used.toFixed(0)} MB RSS   target 150`);
    const [ours, bareShare] = await Promise.all([share(pid), share(raw.pid ?? 0)]);
    line(
      `idle processor, over ${seconds} s`,
      `${ours.toFixed(3)} %   raw, Node with a thread: ${bareShare.toFixed(3)} %   target 0.1 %`,
    );
    const quiet = megabytes(pid);
    line("idle memory, after that minute", `${quiet.toFixed(0)} MB RSS   target 150`);
    for (let n = 0; n < furtherProjects; n++) {
      const repo = join(box.folder, `repo-${n}`);
      await client.agents.register({ project: cloneTo(box, repo), name: "one" });
    }
    await pause(2000);
    line(
      `each of ${furtherProjects} further repositories`,
      `${((megabytes(pid) - quiet) / furtherProjects).toFixed(2)} MB RSS; the processor with all of them ${(await share(pid)).toFixed(3)} %`,
    );
    for (let n = 0; n < cells; n += 50) {
      const create = (_: unknown, index: number) =>
        client.hive.create({ project: box.repo, title: `Cell ${n + index}`, description: "x".repeat(100) });
      await Promise.all(Array.from({ length: 50 }, create));
    }
    await pause(30_000);
    line(`idle memory, after ${cells} new cells`, `${megabytes(pid).toFixed(0)} MB RSS   target 150`);
  } finally {
    raw.kill();
    await box.end();
  }
};

const cloneTo = (box: Sandbox, folder: string): string => {
  box.git("clone", "--quiet", box.repo, folder);
  return folder;
};

if (process.argv[1] === import.meta.filename) await run();
