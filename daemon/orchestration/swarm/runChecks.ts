/** Runs checks one after the other in a folder, all of them, so that an agent is told of every failure at once. */
import { Clock, Effect } from "effect";
import type { Check, CheckResult } from "../../../shared/contract/gate.ts";
import { environment, Processes } from "../../platform/Processes.ts";

/** A check that takes longer than this hangs. */
const timeoutMs = 20 * 60 * 1000;

/** What a check prints is shown to agents: npm's own warnings and advertisements are not part of it. */
const quiet = {
  CI: "1",
  npm_config_fund: "false",
  npm_config_loglevel: "error",
  npm_config_update_notifier: "false",
};

export const runChecks = Effect.fn("runChecks")(function* (options: {
  readonly checks: ReadonlyArray<Check>;
  readonly folder: string;
  readonly marker: string;
  readonly progress: (line: string) => void;
}) {
  const processes = yield* Processes;
  const results: Array<CheckResult> = [];
  for (const check of options.checks) {
    options.progress(`checking: ${check.argv.join(" ")}`);
    const began = yield* Clock.currentTimeMillis;
    const run = yield* processes
      .run({
        argv: check.argv,
        cwd: options.folder,
        env: { ...environment(), ...quiet },
        marker: options.marker,
        timeoutMs,
      })
      // A change may have removed what a check starts: that is the change's failure.
      .pipe(
        Effect.catchTag("ProcessError", ({ message }) =>
          Effect.succeed({ exitCode: null, timedOut: false, tail: message }),
        ),
      );
    const output = run.timedOut ? `${run.tail}\n[ended after ${timeoutMs / 60_000} minutes]` : run.tail;
    const durationMs = (yield* Clock.currentTimeMillis) - began;
    results.push({
      name: check.name,
      passed: run.exitCode === 0,
      exitCode: run.exitCode,
      durationMs,
      output,
    });
  }
  return results;
});
