/**
 * What in the data folder is ours, by name, and how it is taken away. Daemon and clients must agree on it: the daemon
 * lists it, and a client removes it when the daemon has ended. Whatever else lies there is not ours, and stays.
 */
import { readdir, rm, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { socketPath } from "./dataFolder.ts";

const ownNames: Readonly<Record<string, RegExp>> = {
  "events, cells, mail and leases": /^store\.db(-wal|-shm|-journal)?$/,
  "agents' checkouts, and their results until they have landed": /^projects$/,
  "logs, and what agents printed": /^logs$/,
  "tokens of this machine": /^(person|launcher)\.token(\.\d+)?$/,
  "compiled code": /^cache$/,
  "the daemon's own notes":
    /^(daemon\.lock(-wal|-shm|-journal)?|(daemon|clone)\.json(\.new)?|daemon-refused\.txt)$/,
};

/** What an entry of the data folder is, undefined for one that is not ours. */
export const ownDataName = (name: string): string | undefined =>
  Object.entries(ownNames).find(([, pattern]) => pattern.test(name))?.[0];

/**
 * Removes what is ours in the data folder, and the folder when nothing else is in it. Answers the paths that stay
 * because they are not ours. Call when the daemon has ended.
 */
export const removeOwnData = async (folder: string): Promise<ReadonlyArray<string>> => {
  const kept: Array<string> = [];
  for (const name of await namesIn(folder)) {
    const path = join(folder, name);
    if (ownDataName(name) === undefined) kept.push(path);
    else await rm(path, { recursive: true, force: true, maxRetries: 5 });
  }
  const socket = socketPath(folder);
  if (process.platform !== "win32") {
    await rm(socket, { force: true });
    // Other data folders have their sockets there as well.
    await removeIfEmpty(dirname(socket));
  }
  if (kept.length === 0) await removeIfEmpty(folder);
  return kept;
};

const namesIn = (folder: string): Promise<ReadonlyArray<string>> =>
  readdir(folder).catch((cause) => {
    if (cause.code === "ENOENT") return [];
    throw cause;
  });

const removeIfEmpty = (folder: string): Promise<void> =>
  rmdir(folder).catch((cause) => {
    if (!["ENOENT", "ENOTEMPTY", "EEXIST"].includes(cause.code)) throw cause;
  });
