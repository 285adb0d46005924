import { randomUUID } from "node:crypto";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import { type AgentJob, runCommandAgent } from "../../../../daemon/orchestration/agents/commandRuntime.ts";
import { environment, Processes } from "../../../../daemon/platform/Processes.ts";
import { tempFolder } from "../../../support/tempFolder.ts";

/** Runs a script as the agent, in a folder of its own. */
const runAgent = (script: string, job: Partial<AgentJob<never, never>> = {}) =>
  Effect.gen(function* () {
    const folder = yield* tempFolder;
    const agent = join(folder, "agent.cjs");
    writeFileSync(agent, script);
    const lines: Array<string> = [];
    const pids: Array<number> = [];
    const logFile = join(folder, "logs", "agent.log");
    const outcome = yield* runCommandAgent({
      spec: `command:node ${agent} one two`,
      prompt: "Do it.",
      folder,
      env: environment(),
      marker: randomUUID(),
      timeoutMs: 60_000,
      logFile,
      onStarted: (pid) => Effect.sync(() => pids.push(pid)),
      onProgress: (line) => lines.push(line),
      onWritten: () => undefined,
      ...job,
    });
    return { folder, outcome, lines, pids, logFile, log: () => readFileSync(logFile, "utf8") };
  }).pipe(Effect.provide(Processes.layer));

describe("runCommandAgent", () => {
  it.live("gives the agent its prompt, folder, arguments and environment; exit code 0 is done", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { folder, outcome, lines, pids, log } = yield* runAgent(
          `console.log(JSON.stringify([require("node:fs").readFileSync(0, "utf8"), process.cwd(), process.argv.slice(2), process.env.OCVIBE_CELL, process.pid]))`,
          { env: { ...environment(), OCVIBE_CELL: "a-1" } },
        );
        assert.deepStrictEqual(outcome, { outcome: "done", exitCode: 0, droppedOutput: 0 });
        assert.deepStrictEqual(JSON.parse(log()), ["Do it.", folder, ["one", "two"], "a-1", pids[0]]);
        assert.deepStrictEqual(lines, [log().trim().slice(0, 200)]);
      }),
    ),
  );

  it.live("another exit code is a failure, told with the end of its output", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { outcome } = yield* runAgent(`console.error("the reason"); process.exitCode = 3`);
        assert.deepStrictEqual([outcome.outcome, outcome.exitCode], ["failed", 3]);
        assert.match(outcome.message ?? "", /exit code 3; 0 means done. It last printed:\nthe reason$/);
        const killed = yield* runAgent(`process.kill(process.pid, "SIGSEGV"); setInterval(() => {}, 1000)`);
        assert.strictEqual(killed.outcome.outcome, "failed");
        assert.match(killed.outcome.message ?? "", /by signal SIGSEGV/);
      }),
    ),
  );

  it.live("an agent that hangs is ended at its limit", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { outcome } = yield* runAgent("setInterval(() => {}, 1000)", { timeoutMs: 500 });
        assert.deepStrictEqual([outcome.outcome, outcome.exitCode], ["timeout", null]);
        assert.match(outcome.message ?? "", /ended after/);
      }),
    ),
  );

  it.live("a missing program, or a SPEC of another kind, fails with a sentence", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const missing = yield* Effect.flip(runAgent("", { spec: "command:no-such-agent" }));
        assert.match(missing.message, /"no-such-agent" could not be started: it was not found on the PATH/);
        const unknown = yield* Effect.flip(runAgent("", { spec: "magic:wand" }));
        assert.match(unknown.message, /no known kind/);
      }),
    ),
  );

  it.live("keeps the token out of the log, of messages and of what is shown", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const token = "t0ken-t0ken-t0ken";
        const { outcome, lines, log } = yield* runAgent(
          "console.log(process.env); console.error(process.env.OCVIBE_AGENT_TOKEN); process.exitCode = 1",
          { env: { ...environment(), OCVIBE_AGENT_TOKEN: token } },
        );
        assert.notInclude(`${log()}${outcome.message}${lines.join()}`, token);
        assert.include(log(), "OCVIBE_AGENT_TOKEN: '[redacted]'");
      }),
    ),
  );

  it.live("a flood costs a bounded log, and says how much is not kept", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const limit = 10 * 1024 * 1024;
        const { outcome, lines, logFile, log } = yield* runAgent(`
          const line = Buffer.from("x".repeat(1023) + "\\n");
          for (let i = 0; i < 200 * 1024; i++) require("node:fs").writeSync(1, line);`);
        assert.strictEqual(outcome.outcome, "done");
        assert.strictEqual(outcome.droppedOutput, 190 * 1024 * 1024);
        assert.isBelow(statSync(logFile).size, limit + 100);
        assert.include(
          log().slice(limit),
          `[${outcome.droppedOutput} bytes more were printed and are not kept]`,
        );
        assert.isBelow(lines.length, 1000);
      }),
    ),
  );

  it.live("a log that can't be written costs the log, not the agent", () =>
    Effect.scoped(
      Effect.gen(function* () {
        // Every write to this device is refused, as on a full disk.
        const { outcome, lines } = yield* runAgent(`console.log("a line")`, { logFile: "/dev/full" });
        assert.deepStrictEqual(outcome, { outcome: "done", exitCode: 0, droppedOutput: "a line\n".length });
        assert.deepStrictEqual(lines, ["a line"]);
      }),
    ),
  );

  it.live("shows lines without colours and control characters, the last one too", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { lines } = yield* runAgent(`
          process.stdout.write("\\u001b[31mred\\u001b[0m\\u0007\\n");
          process.stdout.write("\\u001b]0;title\\u0007no end of line");`);
        assert.strictEqual(lines.at(-1), "no end of line");
        assert.match(lines.join("\n"), /^(red\n)?no end of line$/);
      }),
    ),
  );

  it.live("shows a line that came right after another when nothing follows for a while", () =>
    Effect.scoped(
      Effect.gen(function* () {
        // The agent goes on until its last line was seen.
        const seen = join(yield* tempFolder, "seen");
        const { outcome } = yield* runAgent(
          `
          console.log("first");
          setTimeout(() => console.log("second"), 20);
          const timer = setInterval(() => { if (require("node:fs").existsSync(process.env.SEEN)) clearInterval(timer) }, 10);`,
          {
            env: { ...environment(), SEEN: seen },
            onProgress: (line) => {
              if (line === "second") writeFileSync(seen, "");
            },
          },
        );
        assert.strictEqual(outcome.outcome, "done");
      }),
    ),
  );
});
