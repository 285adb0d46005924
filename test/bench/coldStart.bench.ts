/** A daemon from its start to its first answer, on a fresh data folder and on one that is there, beside a bare Node start. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { programs, Sandbox } from "../support/sandbox.ts";
import { bareNode } from "./bareNode.ts";
import { percentile } from "./percentile.ts";

const rounds = 15;

/** Asks as soon as there is an address, until it answers. */
const start = async (box: Sandbox): Promise<number> => {
  mkdirSync(join(box.home, "logs"), { recursive: true });
  const from = performance.now();
  const child = spawn(process.execPath, [join(programs, "daemon.js")], { env: box.env(), stdio: "ignore" });
  const ended = once(child, "exit");
  for (;;) {
    const client = await box.client().catch(() => undefined);
    if (client !== undefined) {
      await client.daemon.status({});
      break;
    }
    if (child.exitCode !== null) throw new Error(`the daemon ended with status ${child.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  const took = performance.now() - from;
  child.kill("SIGTERM");
  await ended;
  return took;
};

export const run = async (): Promise<void> => {
  const kept = new Sandbox();
  const [bare, fresh, there]: [Array<number>, Array<number>, Array<number>] = [[], [], []];
  try {
    await start(kept);
    for (let n = 0; n < rounds; n++) {
      bare.push(await bareNode());
      there.push(await start(kept));
      const box = new Sandbox();
      fresh.push(await start(box));
      await box.end();
    }
  } finally {
    await kept.end();
  }
  const raw = percentile(bare, 50);
  for (const [what, values] of [
    ["daemon, start to first answer", there],
    ["daemon, the same with a fresh data folder", fresh],
  ] as const) {
    const p50 = percentile(values, 50);
    console.log(
      `${what.padEnd(44)} p50 ${p50.toFixed(0)} ms   raw, a bare Node start: ${raw.toFixed(0)} ms   ${(p50 / raw).toFixed(1)} of these   target 5`,
    );
  }
};

if (process.argv[1] === import.meta.filename) await run();
