/** Lays out the files of a zip archive in a folder and answers their paths. Enough for what vsce writes: no zip64. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { inflateRawSync } from "node:zlib";

const endOfDirectory = 0x06054b50;

export const unzip = (archive: string, folder: string): ReadonlyArray<string> => {
  const bytes = readFileSync(archive);
  let end = bytes.length - 22;
  while (bytes.readUInt32LE(end) !== endOfDirectory) end--;
  const paths: Array<string> = [];
  let entry = bytes.readUInt32LE(end + 16);
  for (let n = bytes.readUInt16LE(end + 10); n > 0; n--) {
    const [name, extra, comment] = [28, 30, 32].map((at) => bytes.readUInt16LE(entry + at)) as [
      number,
      number,
      number,
    ];
    const path = bytes.toString("utf8", entry + 46, entry + 46 + name);
    const local = bytes.readUInt32LE(entry + 42);
    const from = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    const packed = bytes.subarray(from, from + bytes.readUInt32LE(entry + 20));
    const isDeflated = bytes.readUInt16LE(entry + 10) === 8;
    if (!path.endsWith("/")) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), isDeflated ? inflateRawSync(packed) : packed);
      paths.push(path);
    }
    entry += 46 + name + extra + comment;
  }
  return paths;
};
