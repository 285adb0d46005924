/**
 * Puts something large that tests run into a cache beside the repository's (`$XDG_CACHE_HOME/opencode-vibe-tests`),
 * once for all runs. It is made as a draft and renamed when it is whole, so that several who need it at the same time
 * may all begin, and what stands first stays.
 */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

/** Where `installOnce` puts it. */
export const cacheFolder = (name: string): string =>
  join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "opencode-vibe-tests", name);

/** The folder `name` of the cache; `fill` puts into the folder it is given what belongs there. */
export const installOnce = async (name: string, fill: (draft: string) => Promise<void>): Promise<string> => {
  const folder = cacheFolder(name);
  if (existsSync(folder)) return folder;
  mkdirSync(dirname(folder), { recursive: true });
  const draft = mkdtempSync(`${folder}.`);
  try {
    await fill(draft);
    renameSync(draft, folder);
  } catch (cause) {
    if (!existsSync(folder)) throw cause;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return folder;
};
