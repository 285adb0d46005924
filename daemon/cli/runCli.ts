/**
 * Runs one command: parses the arguments, prints an error as the contract says, sets the exit code, and turns
 * Ctrl-C into an interruption that lets the command say what goes on without it.
 */
import { existsSync } from "node:fs";
import * as nodeModule from "node:module";
import { join } from "node:path";
import * as NodeServices from "@effect/platform-node/NodeServices";
import { Cause, Effect, Exit, Fiber, Layer } from "effect";
import { CliConfig, CliError, CliOutput, Command, GlobalFlag } from "effect/cli";
import { dataFolder } from "../../shared/client/dataFolder.ts";
import { exitCodeOf, InvalidInput } from "../../shared/contract/errors.ts";
import { version } from "../../shared/contract/version.ts";
import { asAnyError, isAnyError } from "./asAnyError.ts";
import { ocvibe } from "./ocvibe.ts";
import { jsonError, renderError } from "./renderError.ts";
import { Screen } from "./Screen.ts";
import { SilentExit } from "./SilentExit.ts";

const signals = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

export const runCli = async (args: ReadonlyArray<string>): Promise<void> => {
  keepCompiledCode();
  // `ocvibe events | head` closes our output; that is no fault.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
  const json = args.includes("--json");
  const usage: Usage = { line: undefined };
  const fiber = Effect.runFork(
    Command.runWith(ocvibe, { version })(args).pipe(
      Effect.provide(Layer.mergeAll(surface(usage), Screen.layer)),
    ),
  );
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
  process.exitCode = Exit.isSuccess(exit) ? 0 : (interruptedBy ?? report(exit.cause, { json, usage }));
};

interface Usage {
  line: string | undefined;
}

/** effect/cli prints help and version; what is wrong with a call is ours to print, shortly. */
const surface = (usage: Usage) =>
  Layer.mergeAll(
    NodeServices.layer,
    CliConfig.layer({ builtIns: [GlobalFlag.Help, GlobalFlag.Version] }),
    CliOutput.layerPresenter({
      present: (event) => {
        if (event._tag !== "InvalidInvocation") return CliOutput.defaultPresenter.present(event);
        usage.line = event.helpDoc.usage;
        return Effect.void;
      },
    }),
  );

/** Prints why the command failed, and gives the exit code. */
const report = (
  cause: Cause.Cause<unknown>,
  { json, usage }: { readonly json: boolean; readonly usage: Usage },
): number => {
  const failure = Cause.squash(cause);
  if (failure instanceof SilentExit) return failure.code;
  // A prompt that was left, or an effect of ours that ended itself.
  if (Cause.hasInterruptsOnly(cause)) return signals.SIGINT;
  if (CliError.isCliError(failure) && failure._tag === "ShowHelp" && failure.errors.length === 0) {
    return failure.commandPath.length > 1 ? 2 : 0;
  }
  const error = CliError.isCliError(failure)
    ? new InvalidInput({ message: usageSentence(failure) })
    : isAnyError(failure)
      ? failure
      : asAnyError(failure);
  const lines = json
    ? [jsonError(error)]
    : [...renderError(error), ...(usage.line === undefined ? [] : [`Usage: ${usage.line}`])];
  process.stderr.write(`${lines.join("\n")}\n`);
  return exitCodeOf[error._tag];
};

const usageSentence = (error: CliError.CliError): string =>
  error._tag === "ShowHelp" ? error.errors.map(oneLine).join(" ") : oneLine(error);

/** effect/cli puts its suggestions on lines of their own, and ends without a full stop. */
const oneLine = (error: CliError.CliError): string => {
  const [first = "", ...rest] = error.message.split(/\s*\n\s*/).filter((line) => line !== "");
  return [first.replace(/[^.]$/, "$&."), ...rest].join(" ");
};

/** Loading takes most of a short command's time. Nothing is written where we have no folder yet. */
const keepCompiledCode = () => {
  const folder = dataFolder();
  if (existsSync(folder)) nodeModule.enableCompileCache(join(folder, "cache", "code"));
};
