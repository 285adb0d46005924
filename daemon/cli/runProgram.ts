/**
 * Runs what a command does: prints an error as the contract says, sets the exit code, and turns Ctrl-C into an
 * interruption that lets the command say what goes on without it.
 */
import { Cause, Effect, Exit, Fiber } from "effect";
import { type AnyError, exitCodeOf, isAnyError } from "../../shared/contract/errors.ts";
import { exportTraces } from "../../shared/telemetry/exportTraces.ts";
import { inTrace } from "../../shared/telemetry/traceparent.ts";
import { asAnyError } from "./asAnyError.ts";
import { jsonError, renderError } from "./renderError.ts";
import { Screen } from "./Screen.ts";
import { SilentExit } from "./SilentExit.ts";

/** A failure of the call itself: an error with a line on how it is meant, or an exit code when all was said. */
export type Misuse =
  | { readonly error: AnyError; readonly usage: string | undefined }
  | { readonly code: number };

const signals = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

export const runProgram = async (
  program: Effect.Effect<void, unknown, Screen>,
  options: { readonly json: boolean; readonly misuseOf?: (failure: unknown) => Misuse | undefined },
): Promise<void> => {
  // `ocvibe events | head` closes our output; that is no fault.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
  const traced = program.pipe(inTrace(process.env.TRACEPARENT), Effect.provide(exportTraces("ocvibe")));
  const fiber = Effect.runFork(Effect.provide(traced, Screen.layer));
  let interruptedBy: number | undefined;
  for (const [signal, code] of Object.entries(signals)) {
    process.on(signal, () => {
      // The second time the person means it.
      if (interruptedBy !== undefined) process.exit(code);
      interruptedBy = code;
      fiber.interruptUnsafe();
    });
  }
  const exit = await Effect.runPromise(Fiber.await(fiber));
  process.exitCode = Exit.isSuccess(exit) ? 0 : (interruptedBy ?? report(exit.cause, options));
};

/** Prints why the command failed, and gives the exit code. */
const report = (
  cause: Cause.Cause<unknown>,
  { json, misuseOf }: Parameters<typeof runProgram>[1],
): number => {
  const failure = Cause.squash(cause);
  if (failure instanceof SilentExit) return failure.code;
  // A prompt that was left, or an effect of ours that ended itself.
  if (Cause.hasInterruptsOnly(cause)) return signals.SIGINT;
  const misuse = misuseOf?.(failure);
  if (misuse !== undefined && "code" in misuse) return misuse.code;
  const error = misuse?.error ?? (isAnyError(failure) ? failure : asAnyError(failure));
  const usage = misuse?.usage === undefined ? [] : [`Usage: ${misuse.usage}`];
  const lines = json ? [jsonError(error)] : [...renderError(error), ...usage];
  process.stderr.write(`${lines.join("\n")}\n`);
  return exitCodeOf[error._tag];
};
