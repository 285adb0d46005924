/** Parses the arguments by effect/cli, and runs the command that they name. */
import * as NodeServices from "@effect/platform-node/NodeServices";
import { Effect, Layer } from "effect";
import { CliConfig, CliError, CliOutput, Command, GlobalFlag } from "effect/cli";
import { InvalidInput } from "../../shared/contract/errors.ts";
import { version } from "../../shared/contract/version.ts";
import { ocvibe } from "./ocvibe.ts";
import { type Misuse, runProgram } from "./runProgram.ts";

export const runCli = (args: ReadonlyArray<string>): Promise<void> => {
  const usage: Usage = { line: undefined };
  const program = Command.runWith(ocvibe, { version })(args).pipe(Effect.provide(surface(usage)));
  return runProgram(program, {
    json: args.includes("--json"),
    misuseOf: (failure) => (CliError.isCliError(failure) ? misuse(failure, usage) : undefined),
  });
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

const misuse = (failure: CliError.CliError, usage: Usage): Misuse =>
  failure._tag === "ShowHelp" && failure.errors.length === 0
    ? { code: failure.commandPath.length > 1 ? 2 : 0 }
    : { error: new InvalidInput({ message: usageSentence(failure) }), usage: usage.line };

const usageSentence = (error: CliError.CliError): string =>
  error._tag === "ShowHelp" ? error.errors.map(oneLine).join(" ") : oneLine(error);

/** effect/cli puts its suggestions on lines of their own, and ends without a full stop. */
const oneLine = (error: CliError.CliError): string => {
  const [first = "", ...rest] = error.message.split(/\s*\n\s*/).filter((line) => line !== "");
  return [first.replace(/[^.]$/, "$&."), ...rest].join(" ");
};
