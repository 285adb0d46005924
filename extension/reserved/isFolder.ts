/** Whether a file is a folder; one that was deleted or can't be read is none. */
import { stat } from "node:fs/promises";

export const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (info) => info.isDirectory(),
    () => false,
  );
