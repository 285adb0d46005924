/**
 * Makes room for a log: what is there becomes `<file>.1`, that `<file>.2`, and so on; the oldest goes. For files that
 * grow by whole lines. Several processes may do so at once; where another was quicker, nothing is lost.
 */
import { renameSync } from "node:fs";

/** Old parts that are kept. */
const partsKept = 3;

export const rotateFile = (file: string): void => {
  for (let part = partsKept; part >= 1; part--) {
    try {
      renameSync(part === 1 ? file : `${file}.${part - 1}`, `${file}.${part}`);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause;
    }
  }
};
