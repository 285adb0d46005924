/**
 * What a command has at hand: its shared flags, the project's directory, the daemon's client (connected at the
 * first use), and the ways to print.
 */
import { resolve } from "node:path";
import { Effect, Option } from "effect";
import type { DaemonClient } from "../../shared/client/connect.ts";
import type { AnyError } from "../../shared/contract/errors.ts";
import { traceparent } from "../../shared/telemetry/traceparent.ts";
import { asAnyError } from "./asAnyError.ts";
import { ownCommand, surroundings } from "./ownCommand.ts";
import { Screen } from "./Screen.ts";

/** Asks the daemon; `signal` ends the request when the command is interrupted. */
export type Ask = <A>(
  question: (client: DaemonClient, signal: AbortSignal) => Promise<A>,
) => Effect.Effect<A, AnyError>;

export interface Session {
  readonly json: boolean;
  /** An absolute path. */
  readonly project: string;
  readonly screen: Screen["Service"];
  readonly ask: Ask;
  /** Like `ask`, and an error when no daemon runs. */
  readonly askRunning: Ask;
  /** A line beside the result: on standard error with `--json`. */
  readonly say: (line: string) => void;
  /** The result: the value with `--json`, else the lines. */
  readonly print: (value: unknown, lines: ReadonlyArray<string>) => void;
  /** A command line of ours to be copied. */
  readonly command: (...words: ReadonlyArray<string>) => string;
  /** Somebody can be asked. */
  readonly interactive: boolean;
}

/** The flags that every command takes. */
export interface SharedFlags {
  readonly json: boolean;
  readonly project: Option.Option<string>;
}

export const sessionFrom = Effect.fnUntraced(function* ({ json, project: given }: SharedFlags) {
  const screen = yield* Screen;
  const around = surroundings();
  const project = resolve(Option.getOrElse(given, () => around.cwd));
  const say = json ? screen.err : screen.out;
  const session: Session = {
    json,
    project,
    screen,
    ask: askWith(true),
    askRunning: askWith(false),
    say,
    print: (value, lines) => {
      if (json) screen.out(JSON.stringify(value, null, 2));
      else for (const line of lines) screen.out(line);
    },
    command: (...words) => ownCommand(words, project, around),
    interactive: screen.interactive && !json,
  };
  return session;
});

const askWith = (start: boolean): Ask => {
  let client: Promise<DaemonClient> | undefined;
  return (question) =>
    Effect.flatMap(traceparent, (trace) =>
      Effect.tryPromise({
        try: async (signal) => {
          client ??= import("../../shared/client/connect.ts").then(({ connect }) =>
            connect({ start, traceparent: trace }),
          );
          return await question(await client, signal);
        },
        catch: asAnyError,
      }),
    );
};
