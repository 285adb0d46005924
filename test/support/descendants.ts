/** The processes that a process started, and those that these started, without the subtree of `except` (Linux). */
import { readdirSync, readFileSync } from "node:fs";

export const descendants = (of: number, except?: number): ReadonlyArray<number> => {
  const children = new Map<number, Array<number>>();
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    const parent = parentOf(name);
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const below = (pid: number): ReadonlyArray<number> =>
    (children.get(pid) ?? [])
      .filter((child) => child !== except)
      .flatMap((child) => [child, ...below(child)]);
  return below(of);
};

const parentOf = (pid: string): number | undefined => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    // It ended since it was listed.
    return undefined;
  }
};
