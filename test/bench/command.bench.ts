/** `ocvibe status` and `ocvibe daemon status`, with a daemon that runs, beside a Node program that does nothing. */
import { join } from "node:path";
import { programs, Sandbox } from "../support/sandbox.ts";
import { bareNode, timeProgram } from "./bareNode.ts";
import { percentile } from "./percentile.ts";

const rounds = 25;
const commands = [["status"], ["status", "--json"], ["daemon", "status"]];

export const run = async (): Promise<void> => {
  const box = new Sandbox();
  try {
    box.commit({ "a.txt": "a\n" });
    await box.startDaemon();
    const ocvibe = (args: ReadonlyArray<string>) =>
      timeProgram([join(programs, "ocvibe.js"), ...args], { cwd: box.repo, env: box.env() });
    await ocvibe(["agent", "register", "one"]);
    // The first ones compile.
    for (const args of commands) for (let n = 0; n < 3; n++) await ocvibe(args);
    const bare: Array<number> = [];
    const took = commands.map((): Array<number> => []);
    for (let n = 0; n < rounds; n++) {
      bare.push(await bareNode());
      for (const [index, args] of commands.entries()) took[index]?.push(await ocvibe(args));
    }
    const raw = percentile(bare, 50);
    for (const [index, args] of commands.entries()) {
      const p50 = percentile(took[index] ?? [], 50);
      const target = args[0] === "status" ? "   target 3" : "";
      console.log(
        `${`ocvibe ${args.join(" ")}`.padEnd(44)} p50 ${p50.toFixed(0)} ms   raw, a bare Node start: ${raw.toFixed(0)} ms   ${(p50 / raw).toFixed(1)} of these${target}`,
      );
    }
  } finally {
    await box.end();
  }
};

if (process.argv[1] === import.meta.filename) await run();
