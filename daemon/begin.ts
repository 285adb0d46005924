/**
 * How a daemon begins: its database's thread first, which begins itself while the rest is loaded from the code that was
 * compiled before.
 */
import { keepCompiledCode } from "../shared/client/keepCompiledCode.ts";
import { prepareSqlWorker } from "./platform/takeSqlWorker.ts";

export const begin = async (): Promise<void> => {
  prepareSqlWorker();
  keepCompiledCode();
  await import("./serve.ts");
  // Else each thread's space for young objects grows to tens of megabytes after a burst of work, and stays so.
  // Set before, it would make the loading itself slower by half.
  process.getBuiltinModule("node:v8").setFlagsFromString("--semi-space-growth-factor=1");
};
