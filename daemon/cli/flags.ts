/** Arguments and flags that several commands have. */
import { Argument, Flag } from "effect/cli";

/** Off unless given. */
export const switchFlag = (name: string, description: string) =>
  Flag.Boolean(name).pipe(Flag.withoutNegation, Flag.withDescription(description), Flag.withDefault(false));

export const textFlag = (name: string, metavar: string, description: string) =>
  Flag.String(name).pipe(Flag.withMetavar(metavar), Flag.withDescription(description), Flag.optional);

export const epicArgument = Argument.String("epic").pipe(
  Argument.withDescription("The swarm's id; may be left out when there is only one it could be"),
  Argument.optional,
);
