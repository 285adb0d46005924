/** Byte sizes in binary units, as people read and write them. */

const units = ["B", "KiB", "MiB", "GiB", "TiB"];

/**
 * Writes a number of bytes in the largest unit that keeps it at 1 or more, with at most one decimal.
 * @example formatBytes(0) // "0 B"
 * @example formatBytes(1023) // "1023 B"
 * @example formatBytes(1536) // "1.5 KiB"
 * @example formatBytes(5_242_880) // "5 MiB"
 * @example formatBytes(-1) // throws RangeError
 */
export function formatBytes(bytes: number): string {
  if (!(bytes >= 0)) throw new RangeError(`not a number of bytes: ${bytes}`);
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${Number(value.toFixed(1))} ${units[unit]}`;
}

/**
 * Reads a byte size. The unit may be left out, for bytes, and its case does not matter.
 * @example parseBytes("512") // 512
 * @example parseBytes("1.5 KiB") // 1536
 * @example parseBytes("2gib") // 2_147_483_648
 * @example parseBytes("12 parsecs") // throws RangeError
 * @example parseBytes("") // throws RangeError
 */
export function parseBytes(text: string): number {
  const [, amount = "", name = ""] = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(text) ?? [];
  const unit = name === "" ? 0 : units.findIndex((known) => known.toLowerCase() === name.toLowerCase());
  if (amount === "" || unit === -1) throw new RangeError(`not a byte size: "${text}"`);
  return Math.round(Number(amount) * 1024 ** unit);
}
