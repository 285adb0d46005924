/** What tests ask about real processes. */
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Effect } from "effect";

/**
 * Whether a process runs. A zombie, which only waits to be collected, does not; but it does while threads of it still
 * hold its files open.
 */
export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  if (process.platform !== "linux") return true;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const isZombie = stat.slice(stat.lastIndexOf(")") + 2)[0] === "Z";
    return !isZombie || readdirSync(`/proc/${pid}/task`).length > 1;
  } catch {
    return false;
  }
};

/** Polls until the answer is something; the test's own time limit ends it otherwise. */
export const eventually = <A>(probe: () => A | undefined | false): Effect.Effect<A> =>
  Effect.promise(async () => {
    for (;;) {
      const answer = probe();
      if (answer !== undefined && answer !== false) return answer;
      await sleep(10);
    }
  });
