/** Keeps a copy of a store that a test leaves, for the replay at the end of the suite (`replayStores.ts`). */
import { randomUUID } from "node:crypto";
import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";

export const collectStore = (file: string): void => {
  const folder = process.env.OCVIBE_TEST_STORES;
  if (folder === undefined || !existsSync(file)) return;
  const copy = join(folder, `${randomUUID()}.db`);
  copyFileSync(file, copy);
  // What was committed and not yet moved into the file lies in the log beside it.
  if (existsSync(`${file}-wal`)) copyFileSync(`${file}-wal`, `${copy}-wal`);
};
