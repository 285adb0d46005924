/**
 * Starts a program that outlives this process: in a session of its own, not under the shim. For the one act that
 * must not be cut short when the daemon dies, the update of the user's files while landing.
 */
import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { Effect } from "effect";
import { ProcessError } from "../../shared/contract/errors.ts";

export interface ProcessIdentity {
  readonly pid: number;
  /** When the system started it, so that a pid used again is told from it; null where that can't be read. */
  readonly startTime: string | null;
}

export interface Detached {
  readonly identity: ProcessIdentity;
  readonly exit: Effect.Effect<number | null>;
}

export const startDetached = Effect.fn("startDetached")(function* (
  command: string,
  args: ReadonlyArray<string>,
  options: {
    readonly cwd: string;
    readonly env: Readonly<Record<string, string>>;
    /** Where its messages go. Not a pipe to us: writing to one after we died would end it. */
    readonly stderrFile: string;
  },
) {
  const stderr = openSync(options.stderrFile, "w", 0o600);
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env,
    detached: true,
    stdio: ["ignore", "ignore", stderr],
  });
  closeSync(stderr);
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  const pid = child.pid;
  if (pid === undefined) {
    return yield* Effect.tryPromise({
      try: () => ended,
      catch: (cause) => new ProcessError({ message: `${command} could not be started: ${String(cause)}` }),
    }).pipe(Effect.flatMap(() => Effect.die(new Error("a process without a pid ended without an error"))));
  }
  const detached: Detached = {
    identity: { pid, startTime: yield* startTimeOf(pid) },
    exit: Effect.promise(() => ended),
  };
  return detached;
});

/** Field 22 of /proc/PID/stat: clock ticks between boot and the start of the process. None for one that ended
 * and that nobody has taken note of yet. */
export const startTimeOf = (pid: number): Effect.Effect<string | null> =>
  Effect.promise(() =>
    readFile(`/proc/${pid}/stat`, "utf8").then(
      (text) => {
        // The name, in parentheses, may have spaces; the state is what follows it.
        const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
        return fields[0] === "Z" ? null : (fields[19] ?? null);
      },
      () => null,
    ),
  );

export const isRunning = Effect.fnUntraced(function* ({ pid, startTime }: ProcessIdentity) {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return startTime === null || (yield* startTimeOf(pid)) === startTime;
});
