/** Runs a piece of JavaScript as a program, for suites of `Processes`. */
import { randomUUID } from "node:crypto";
import { Effect } from "effect";
import { environment, Processes, type ProcessSpec } from "../../../daemon/platform/Processes.ts";
import { tempFolder } from "../../support/tempFolder.ts";

/** The argument vector; the script's own arguments begin at `process.argv[1]`. */
export const program = (script: string, ...args: ReadonlyArray<string>) => [
  process.execPath,
  "-e",
  script,
  ...args,
];

type Given = Partial<ProcessSpec<Error, never>> & {
  readonly argv: ReadonlyArray<string>;
  readonly cwd: string;
};

export const runProgram = (spec: Given) =>
  Effect.flatMap(Processes, (processes) =>
    processes.run({ env: environment(), marker: randomUUID(), ...spec } as ProcessSpec<Error, never>),
  ).pipe(Effect.provide(Processes.layer));

export const inFolder = <A, E>(use: (folder: string) => Effect.Effect<A, E>) =>
  Effect.flatMap(tempFolder, use).pipe(Effect.scoped);
