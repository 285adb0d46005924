/**
 * Ids of cells: `<prefix>-<base36 hash>`, four characters and more as the hive grows, children `<parent>.1`. An
 * id from elsewhere is data and may be any text, so folders and branches are named by `safeName` of it.
 */
import { createHash, randomInt } from "node:crypto";

const digits = "0123456789abcdefghijklmnopqrstuvwxyz";
const shortest = 4;
const longestPrefix = 12;
const longestName = 64;

/** A prefix from the name of the project's folder: whole words of it, as many as fit. */
export const cellPrefix = (folderName: string): string => {
  const words = folderName
    .normalize("NFKD")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== "");
  let prefix = "";
  for (const word of words) {
    const longer = prefix === "" ? word : `${prefix}-${word}`;
    if (longer.length > longestPrefix) break;
    prefix = longer;
  }
  return prefix || (words[0] ?? "").slice(0, longestPrefix) || "cell";
};

/**
 * A new id. Its length is such that two clones, each making as many cells as there are now, would hardly make
 * the same one.
 */
export const cellId = (prefix: string, cellCount: number, isTaken: (id: string) => boolean): string => {
  let length = shortest;
  while (cellCount ** 2 > digits.length ** length / 2) length++;
  for (let misses = 0; ; misses++) {
    // A hive that is crowded at this length gets a longer id rather than a long search.
    const size = length + Math.floor(misses / 8);
    const id = `${prefix}-${Array.from({ length: size }, () => digits[randomInt(digits.length)]).join("")}`;
    if (!isTaken(id)) return id;
  }
};

/** The next child of a cell. */
export const childId = (parent: string, isTaken: (id: string) => boolean): string => {
  let number = 1;
  while (isTaken(`${parent}.${number}`)) number++;
  return `${parent}.${number}`;
};

/**
 * The id as one component of a path and of a branch name, on every platform. An id that can't stand as it is
 * gets a hash, so that two ids never share a name.
 */
export const safeName = (id: string): string => {
  const isPlain = /^[a-z0-9]+([._-][a-z0-9]+)*$/.test(id) && id.length <= longestName;
  if (isPlain && !id.endsWith(".lock") && !isDevice(id)) return id;
  const hash = createHash("sha256").update(id).digest("hex").slice(0, 10);
  const readable = id
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, longestName - hash.length - 2);
  // Two dashes: no plain name has them.
  return `${readable || "id"}--${hash}`;
};

/** Names that Windows keeps for devices, whatever follows the first dot. */
const isDevice = (id: string) => /^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)/.test(id);
