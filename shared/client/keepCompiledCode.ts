/** Compiled code is kept between runs: loading takes most of a short command's time, and of a daemon's start. */
import { existsSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { join } from "node:path";
import { dataFolder } from "./dataFolder.ts";

/** To be called before anything heavy is loaded. Nothing is written where we have no folder yet. */
export const keepCompiledCode = (): void => {
  const folder = dataFolder();
  if (existsSync(folder)) enableCompileCache(join(folder, "cache", "code"));
};
