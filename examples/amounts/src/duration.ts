/** Durations in milliseconds, as people read and write them. */

interface Unit {
  readonly name: string;
  readonly ms: number;
}

const units: ReadonlyArray<Unit> = [
  { name: "d", ms: 86_400_000 },
  { name: "h", ms: 3_600_000 },
  { name: "m", ms: 60_000 },
  { name: "s", ms: 1_000 },
];

/**
 * Reads a duration such as "1h 30m" as milliseconds.
 * @example parseDuration("1h 30m") // 5_400_000
 * @example parseDuration("90s") // 90_000
 * @example parseDuration("soon") // throws RangeError
 */
export function parseDuration(text: string): number {
  const parts = text.trim().split(/\s+/);
  return parts.reduce((sum, part) => {
    const [, amount = "", name = ""] = /^(\d+)([a-z])$/.exec(part) ?? [];
    const unit = units.find((known) => known.name === name);
    if (unit === undefined) throw new RangeError(`not a duration: "${text}"`);
    return sum + Number(amount) * unit.ms;
  }, 0);
}

/**
 * Writes milliseconds in days, hours, minutes and seconds. What is less than a second is left out.
 * @example formatDuration(5_400_000) // "1h 30m"
 * @example formatDuration(93_784_500) // "1d 2h 3m 4s"
 * @example formatDuration(0) // "0s"
 */
export function formatDuration(ms: number): string {
  if (ms < 0) throw new RangeError(`a duration can't be negative: ${ms}`);
  let rest = ms;
  const parts: Array<string> = [];
  for (const unit of units) {
    if (rest > unit.ms) {
      parts.push(`${Math.floor(rest / unit.ms)}${unit.name}`);
      rest %= unit.ms;
    }
  }
  return parts.length === 0 ? "0s" : parts.join(" ");
}
