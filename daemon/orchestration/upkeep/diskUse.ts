/** How much room files take on the disk, and how long ago something in a folder changed. */
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";

export interface DiskUse {
  readonly bytes: number;
  /** Milliseconds since the epoch; of the latest change of anything in it. */
  readonly changedAt: number;
}

/** Of a file, or of a folder with everything in it; links are not followed. Undefined when there is nothing. */
export const diskUse = async (path: string): Promise<DiskUse | undefined> => {
  const found = await lstat(path).catch(gone);
  if (found === undefined) return undefined;
  let { bytes, changedAt } = { bytes: found.blocks * 512, changedAt: found.mtimeMs };
  if (!found.isDirectory()) return { bytes, changedAt };
  for (const name of await namesIn(path)) {
    const part = await diskUse(join(path, name));
    bytes += part?.bytes ?? 0;
    changedAt = Math.max(changedAt, part?.changedAt ?? 0);
  }
  return { bytes, changedAt };
};

/** The names in a folder; none when there is no such folder. */
export const namesIn = async (folder: string): Promise<ReadonlyArray<string>> =>
  (await readdir(folder).catch(gone)) ?? [];

/** It may go while one looks. */
const gone = (cause: NodeJS.ErrnoException) => {
  if (cause.code === "ENOENT" || cause.code === "ENOTDIR") return undefined;
  throw cause;
};
