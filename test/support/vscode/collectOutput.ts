/** Keeps what a process prints; the answer gives all of it up to now. */
import type { ChildProcess } from "node:child_process";

export const collectOutput = (child: ChildProcess): (() => string) => {
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk) => {
      said += chunk;
    });
  }
  return () => said;
};
