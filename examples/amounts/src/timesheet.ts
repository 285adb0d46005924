/** Timesheets: who worked how long, and what it costs. */

import { formatDuration, parseDuration } from "./duration.ts";
import { addMoney, formatMoney, type Money, multiplyMoney, parseMoney } from "./money.ts";

const cents = 2;

/** One entry, with its time as text ("1h 30m") and a price for the hour ("80.00 EUR"). */
export interface TimesheetEntry {
  readonly person: string;
  readonly time: string;
  readonly hourly: string;
}

/** What an entry costs: its hours times its price for the hour. */
export function costOf(entry: TimesheetEntry): Money {
  const hours = parseDuration(entry.time) / 3_600_000;
  return multiplyMoney(parseMoney(entry.hourly, cents), hours);
}

/** One sentence for all entries, for instance "2 people, 3h 30m, 280.00 EUR". */
export function summarise(entries: ReadonlyArray<TimesheetEntry>): string {
  if (entries.length === 0) return "no entries";
  const people = new Set(entries.map((entry) => entry.person)).size;
  const time = entries.reduce((sum, entry) => sum + parseDuration(entry.time), 0);
  const cost = formatMoney(entries.map(costOf).reduce(addMoney), cents);
  return `${people} ${people === 1 ? "person" : "people"}, ${formatDuration(time)}, ${cost}`;
}
