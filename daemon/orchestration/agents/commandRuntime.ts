/**
 * The `command` runtime: any program is an agent. It is given the prompt on standard input and the checkout as
 * its working directory, `$OCVIBE_CELL`, `$OCVIBE_FILES` (patterns, one a line), and on a retry
 * `$OCVIBE_FINDINGS`, a JSON file. Exit code 0 means done.
 */
import { Effect } from "effect";
import { ProcessError } from "../../../shared/contract/errors.ts";
import { Processes } from "../../platform/Processes.ts";
import { parseAgentSpec } from "./agentSpec.ts";
import { openOutputLog } from "./outputLog.ts";

export interface AgentJob<E, R> {
  readonly spec: string;
  readonly prompt: string;
  readonly folder: string;
  /** All of its environment. The value of `OCVIBE_AGENT_TOKEN` is kept out of the log and of messages. */
  readonly env: Readonly<Record<string, string>>;
  readonly marker: string;
  readonly timeoutMs: number;
  /** Where its output is kept. */
  readonly logFile: string;
  readonly onStarted: (pid: number) => Effect.Effect<void, E, R>;
  /** Each line it prints, cut to a length that can be shown. */
  readonly onProgress: (line: string) => void;
  /** There is more in the log file than before. */
  readonly onWritten: () => void;
}

export interface AgentOutcome {
  readonly outcome: "done" | "failed" | "timeout";
  readonly exitCode: number | null;
  /** Why it is not done. */
  readonly message?: string;
  /** Bytes of output beyond what is kept. */
  readonly droppedOutput: number;
}

export const runCommandAgent = Effect.fn("runCommandAgent")(function* <E, R>(job: AgentJob<E, R>) {
  const processes = yield* Processes;
  const parsed = parseAgentSpec(job.spec);
  if (typeof parsed === "string") return yield* new ProcessError({ message: parsed });
  const log = yield* openOutputLog(job.logFile, job);
  const result = yield* processes.run({
    argv: parsed.argv,
    cwd: job.folder,
    env: job.env,
    marker: job.marker,
    stdin: job.prompt,
    secrets: [job.env.OCVIBE_AGENT_TOKEN ?? ""],
    timeoutMs: job.timeoutMs,
    onOutput: log.write,
    onStarted: job.onStarted,
  });
  const droppedOutput = yield* log.close;
  const outcome: AgentOutcome = result.timedOut
    ? {
        outcome: "timeout",
        exitCode: null,
        message: `The agent was ended after ${Math.round(job.timeoutMs / 60_000)} minutes.`,
        droppedOutput,
      }
    : result.exitCode === 0
      ? { outcome: "done", exitCode: 0, droppedOutput }
      : { outcome: "failed", exitCode: result.exitCode, message: failure(result), droppedOutput };
  return outcome;
}, Effect.scoped);

const failure = (result: {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly tail: string;
}) => {
  const how = result.signal === null ? `with exit code ${result.exitCode}` : `by signal ${result.signal}`;
  const last = result.tail.trimEnd().split("\n").slice(-10).join("\n");
  return `The agent ended ${how}; 0 means done.${last === "" ? "" : ` It last printed:\n${last}`}`;
};
