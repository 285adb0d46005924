/** Waits for the end of a daemon that was told to end. */
import { setTimeout as sleep } from "node:timers/promises";
import { DaemonUnreachable } from "../contract/errors.ts";

/** Longest wait for a daemon that promised to end. */
const patienceMs = 15_000;

export const awaitEnd = async (pid: number): Promise<void> => {
  for (let waited = 0; isAlive(pid); waited += 20) {
    if (waited > patienceMs) {
      throw new DaemonUnreachable({
        message: `The daemon (process ${pid}) was told to end and still runs after ${patienceMs / 1000} seconds. Its log says why; end it by its process id.`,
      });
    }
    await sleep(20);
  }
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
};
