/**
 * Finds and ends processes by a marker in their environment: an agent that put itself into a session of its own
 * escapes its group, not its environment. Linux says every process's environment under /proc; elsewhere only the
 * process group is known, and this finds nothing.
 */
import { readdir, readFile } from "node:fs/promises";
import { Effect } from "effect";

/** The name of the variable that bears the marker. */
export const markerVariable = "OCVIBE_MARKER";

/**
 * A marker of ours: the clone's id first, so that a data folder's daemon knows its own processes from those of
 * another daemon, for instance of one that tests itself.
 */
export const ownMarker = (cloneId: string, name: string): string => `${cloneId}.${name}`;

/** Ends whatever a daemon of this data folder that is gone left running, and answers how many. */
export const killAllStrays = (cloneId: string) => killMatching(`${markerVariable}=${cloneId}.`);

/** Ends every process with this marker, again until none is left, and answers how many there were. */
export const killStrays = (marker: string) => killMatching(`${markerVariable}=${marker}\0`);

const killMatching = Effect.fn("killStrays")(function* (entry: string) {
  let count = 0;
  // A process may fork while it is being looked for; a few rounds end that race.
  for (let round = 0; round < 20; round++) {
    const pids = yield* Effect.promise(() => marked(entry));
    if (pids.length === 0) return count;
    for (const pid of pids) {
      try {
        process.kill(pid, "SIGKILL");
        count++;
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code !== "ESRCH") throw cause;
      }
    }
    yield* Effect.sleep("20 millis");
  }
  return count;
});

/** The processes that bear a marker, never this one. */
export const findMarked = (marker: string): Effect.Effect<ReadonlyArray<number>> =>
  Effect.promise(() => marked(`${markerVariable}=${marker}\0`));

const marked = async (entry: string): Promise<ReadonlyArray<number>> => {
  const needle = Buffer.from(entry);
  const names = await readdir("/proc").catch(() => []);
  const pids = names.filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const found = await Promise.all(pids.map((pid) => hasMarker(pid, needle)));
  return pids.filter((_, index) => found[index]).map(Number);
};

/** A process that ended, is another user's, or is a zombie has no environment to read. */
const hasMarker = (pid: string, needle: Buffer): Promise<boolean> =>
  readFile(`/proc/${pid}/environ`).then(
    (environment) => environment.includes(needle),
    () => false,
  );
