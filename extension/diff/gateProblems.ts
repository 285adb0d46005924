/**
 * Where, in the files of a diff, the gate found something: its findings by path, and the places that a check named in
 * what it printed (`src/a.ts:3:7`, `src/a.ts(3,7)`).
 */
import type { Finding } from "../../shared/contract/gate.ts";
import { asPlainText } from "../text/sanitise.ts";

export interface GateProblem {
  readonly path: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** Places in one output; a red build may name thousands. */
const most = 200;

export const gateProblems = (
  findings: ReadonlyArray<Finding>,
  paths: ReadonlyArray<string>,
): ReadonlyArray<GateProblem> => {
  const changed = new Set(paths);
  return findings
    .filter(({ kind }) => kind !== "sent-back")
    .flatMap(({ path, line, message }): ReadonlyArray<GateProblem> => {
      if (path === undefined) return placesIn(message, changed);
      return changed.has(path)
        ? [{ path, line: line ?? 1, column: 1, message: asPlainText(message, 1000) }]
        : [];
    });
};

/** A name without spaces, then a line. Nothing in it can be read in two ways, so that a long line costs little. */
const place = /(?:^|[\s('"])([^\s:('"]{1,500})(?::(\d{1,7})(?::(\d{1,5}))?|\((\d{1,7})(?:,(\d{1,5}))?\))/u;

/** Each line of an output that names a changed file, with that line as the message. */
const placesIn = (output: string, changed: ReadonlySet<string>): ReadonlyArray<GateProblem> => {
  const found = new Map<string, GateProblem>();
  for (const text of output.split(/\r?\n/)) {
    if (found.size >= most) break;
    const line = text.length > 2000 ? text.slice(0, 2000) : text;
    const match = place.exec(line);
    if (match === null) continue;
    const named = match[1]!.replace(/^\.\//, "");
    // A check may print absolute paths, of the folder that it ran in.
    const path = changed.has(named) ? named : [...changed].find((one) => named.endsWith(`/${one}`));
    if (path === undefined) continue;
    const at = { line: Number(match[2] ?? match[4]), column: Number(match[3] ?? match[5] ?? 1) };
    const problem = {
      path,
      line: Math.max(1, at.line),
      column: Math.max(1, at.column),
      message: asPlainText(line, 1000),
    };
    found.set(`${path}\n${at.line}\n${problem.message}`, problem);
  }
  return [...found.values()];
};
