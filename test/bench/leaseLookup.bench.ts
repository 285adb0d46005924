/**
 * How fast the extension says whose a file is, with 10,000 leases: 40 % literal files, 30 % folders, 15 % with a
 * leading `**`, 15 % with a wildcard in the name. Half of the look-ups find a lease. The raw limit is one look-up of
 * the path in a `Map` after the same splitting of it into names.
 */
import { leaseLookup } from "../../extension/reserved/LeaseLookup.ts";
import { pathElements } from "../../shared/contract/pattern.ts";
import type { LeaseView } from "../../shared/contract/reservationRoutes.ts";
import { percentile } from "./percentile.ts";

const active = 10_000;
const lookUps = 100_000;
const changes = 200;

const patternOf = (n: number): string => {
  const kind = n % 20;
  if (kind < 8) return `src/area${n % 97}/part${n}/file.ts`;
  if (kind < 14) return `lib/area${n % 97}/part${n}/`;
  return kind < 17 ? `**/generated${n}.ts` : `test/area${n % 7}/*part${n}.test.ts`;
};
/** A path that the n-th lease covers. */
const covered = (n: number): string => {
  const kind = n % 20;
  if (kind < 8) return patternOf(n);
  if (kind < 14) return `lib/area${n % 97}/part${n}/a/b.ts`;
  return kind < 17 ? `apps/web/pages/generated${n}.ts` : `test/area${n % 7}/a-part${n}.test.ts`;
};
const uncovered = (n: number): string =>
  n % 2 === 0 ? `src/area${n % 97}/part${n}/other.ts` : `test/area${n % 7}/other${n}.test.ts`;

const lease = (n: number, token = n): LeaseView => ({
  lease: `lease${n}`,
  token,
  holder: `agent${n}`,
  patterns: [patternOf(n)],
  exclusive: true,
});

const micro = (times: ReadonlyArray<number>, percent: number) =>
  (percentile(times, percent) * 1000).toFixed(1);

export const run = async (): Promise<void> => {
  const lookup = leaseLookup(false);
  let leases = new Map(Array.from({ length: active }, (_, n) => [`lease${n}`, lease(n)]));
  const start = performance.now();
  lookup.update(leases);
  const first = performance.now() - start;

  const raw = new Map(Array.from({ length: active }, (_, n) => [covered(n), n]));
  const times: Array<number> = [];
  const rawTimes: Array<number> = [];
  let found = 0;
  let rawFound = 0;
  for (let at = 0; at < lookUps; at++) {
    const n = (at * 7919) % active;
    const path = at % 2 === 0 ? covered(n) : uncovered(n);
    const began = performance.now();
    found += lookup.ofFile(path).length;
    const done = performance.now();
    const names = pathElements(path, false) ?? [];
    if (raw.has(names.map((name) => name.literal).join("/"))) rawFound++;
    rawTimes.push(performance.now() - done);
    times.push(done - began);
  }
  if (found !== lookUps / 2 || rawFound !== found)
    throw new Error(`${found} of ${lookUps / 2} look-ups found their lease`);
  console.log(
    `extension: whose is a file, ${active} leases:  p50 ${micro(times, 50)} µs, p99 ${micro(times, 99)} µs   raw: p50 ${micro(rawTimes, 50)} µs, p99 ${micro(rawTimes, 99)} µs   target: 50 µs`,
  );

  const updates: Array<number> = [];
  for (let n = 0; n < changes; n++) {
    leases = new Map(leases).set(`lease${n}`, { ...lease(n, active + n), patterns: [`moved/${n}.ts`] });
    const began = performance.now();
    const touched = lookup.update(leases);
    updates.push(performance.now() - began);
    if (touched?.(`moved/${n}.ts`) !== true) throw new Error(`the change of lease ${n} went unnoticed`);
  }
  console.log(
    `extension: a lease changes, ${active} leases:  p50 ${percentile(updates, 50).toFixed(2)} ms, p99 ${percentile(updates, 99).toFixed(2)} ms; all of them anew ${first.toFixed(0)} ms`,
  );
};

if (process.argv[1] === import.meta.filename) await run();
