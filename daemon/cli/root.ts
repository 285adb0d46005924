/** The command `ocvibe` itself, with the flags that every command takes, before or after its name. */
import { Command, Flag } from "effect/cli";

export const root = Command.make("ocvibe").pipe(
  Command.withSharedFlags({
    json: Flag.Boolean("json").pipe(
      Flag.withoutNegation,
      Flag.withDescription("Print the result as JSON"),
      Flag.withDefault(false),
    ),
    project: Flag.String("project").pipe(
      Flag.withMetavar("DIR"),
      Flag.withDescription("A directory in the repository (default: the current one)"),
      Flag.optional,
    ),
  }),
  Command.withDescription("Runs a swarm of coding agents on one repository, and lands only what passes."),
);
