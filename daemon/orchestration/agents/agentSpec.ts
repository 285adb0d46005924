/**
 * A SPEC says what runs a subtask: `command:PROG ARG…`, an argument vector split at white space, no shell and no
 * quoting. Other runtimes will have prefixes of their own.
 */
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, isAbsolute, join, resolve } from "node:path";

export interface AgentSpec {
  readonly runtime: "command";
  readonly argv: ReadonlyArray<string>;
}

/** The SPEC's parts, or a sentence that says what is wrong with it. */
export const parseAgentSpec = (spec: string): AgentSpec | string => {
  const text = /^command:(.*)$/s.exec(spec)?.[1];
  if (text === undefined) {
    return `the agent "${spec}" is of no known kind; write command:PROG with the program and its arguments`;
  }
  const argv = text.split(/\s+/).filter((part) => part !== "");
  return argv.length === 0
    ? `the agent "${spec}" names no program; write command:PROG`
    : { runtime: "command", argv };
};

/** Why a SPEC can't run, or undefined. A program with a slash is looked for from `cwd`, another on `path`. */
export const agentFault = (spec: string, cwd: string, path: string): string | undefined => {
  const parsed = parseAgentSpec(spec);
  if (typeof parsed === "string") return parsed;
  const program = parsed.argv[0] ?? "";
  if (program.includes("/") || program.includes("\\")) {
    const file = isAbsolute(program) ? program : resolve(cwd, program);
    return isProgram(file) ? undefined : `the agent's program ${program} was not found or is not executable`;
  }
  return path.split(delimiter).some((folder) => folder !== "" && isProgram(join(folder, program)))
    ? undefined
    : `the agent's program ${program} was not found on the PATH; install it, or give its full path`;
};

/** Whether what a SPEC runs lies in the repository: then the checkout decides whether it can be started, and for good. */
export const isOfCheckout = ({ argv: [program = ""] }: AgentSpec): boolean =>
  /[\\/]/.test(program) && !isAbsolute(program);

const isProgram = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
};
