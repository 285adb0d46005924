/**
 * Compiled code is kept between runs: loading takes most of a short command's time, and of a daemon's start. It lies
 * beside the program, where it goes with the program and is there before any data folder is; where nothing can be
 * written there, in the data folder.
 */
import { existsSync } from "node:fs";
import { constants, enableCompileCache, flushCompileCache } from "node:module";
import { join } from "node:path";
import { dataFolder } from "./dataFolder.ts";

declare const OCVIBE_BUNDLED: boolean;

/** To be called before anything heavy is loaded. */
export const keepCompiledCode = (): void => {
  if (!folders().some(isEnabledIn)) return;
  // Not at the end: what only the start needed is forgotten by then, and some processes are killed.
  setTimeout(flushCompileCache, flushAfter).unref();
};

/** Milliseconds; a start has come to its end by then. */
const flushAfter = 2000;

const isEnabledIn = (folder: string): boolean =>
  enableCompileCache(folder).status !== constants.compileCacheStatus.FAILED;

const folders = (): ReadonlyArray<string> => {
  const beside =
    typeof OCVIBE_BUNDLED !== "undefined" && OCVIBE_BUNDLED ? [join(import.meta.dirname, "cache")] : [];
  // Nothing is written where we have no folder yet.
  return existsSync(dataFolder()) ? [...beside, join(dataFolder(), "cache", "code")] : beside;
};
