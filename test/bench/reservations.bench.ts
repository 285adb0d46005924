/**
 * How fast leases are checked and taken with 10,000 of them active: 40 % literal files, 40 % `dir/**`, 20 % with a
 * leading `**`. Half of the look-ups find a lease. The raw limit of a reserve and a release are two commits of the
 * rows that they write, on a connection of our own with the same pragmas on the same file.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@libsql/client";
import { Effect, Layer, ManagedRuntime } from "effect";
import { Reservations } from "../../daemon/coordination/reservations/Reservations.ts";
import { sqlLayer } from "../../daemon/platform/Sql.ts";
import { AwakeClock } from "../../daemon/primitives/AwakeClock.ts";
import { EventStore, type Origin } from "../../daemon/primitives/EventStore.ts";
import { projections, stateTables } from "../../daemon/tables.ts";
import { percentile } from "./percentile.ts";

const active = 10_000;
const checks = 50_000;
const pairs = 2000;
const project = "bench";
const origin: Origin = { project, actor: "daemon" };

const patternOf = (n: number): string => {
  const kind = n % 5;
  if (kind < 2) return `src/area${n % 97}/part${n}/file.ts`;
  return kind < 4 ? `lib/area${n % 97}/part${n}/**` : `**/generated${n}.ts`;
};
/** A path that the n-th lease covers. */
const covered = (n: number): string => {
  const kind = n % 5;
  if (kind < 2) return patternOf(n);
  return kind < 4 ? `lib/area${n % 97}/part${n}/a/b.ts` : `apps/web/generated${n}.ts`;
};
const uncovered = (n: number): string => `src/area${n % 97}/part${n}/other.ts`;

const timed = async (count: number, one: (n: number) => unknown): Promise<ReadonlyArray<number>> => {
  const times: Array<number> = [];
  for (let n = 0; n < count; n++) {
    const start = performance.now();
    await one(n);
    times.push(performance.now() - start);
  }
  return times;
};

export const run = async (): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), "ocvibe-bench-"));
  const file = join(folder, "store.db");
  const store = EventStore.layer(projections, stateTables).pipe(Layer.provide(sqlLayer({ file })));
  const runtime = ManagedRuntime.make(
    Reservations.layer.pipe(Layer.provide(Layer.mergeAll(store, AwakeClock.layer))),
  );
  try {
    const reservations = await runtime.runPromise(Reservations);
    const take = (n: number, pattern: string, exclusive: boolean) =>
      reservations.reserve(origin, { holder: `agent${n}`, patterns: [pattern], exclusive });
    await runtime.runPromise(
      Effect.forEach(
        Array.from({ length: active }, (_, n) => n),
        // A leading `**` meets every folder, so these can only be held side by side when shared.
        (n) => take(n, patternOf(n), false),
        { concurrency: 256, discard: true },
      ),
    );
    let found = 0;
    const times: Array<number> = [];
    for (let n = 0; n < checks; n++) {
      const path = n % 2 === 0 ? covered((n * 7919) % active) : uncovered((n * 7919) % active);
      const start = performance.now();
      found += reservations.check(project, path).length;
      times.push(performance.now() - start);
    }
    if (found !== checks / 2) throw new Error(`${found} of ${checks / 2} look-ups found their lease`);
    const check = percentile(times, 99);
    console.log(
      `check a path, ${active} leases:  p50 ${(percentile(times, 50) * 1000).toFixed(1)} µs, p99 ${(check * 1000).toFixed(1)} µs   target: 100 µs`,
    );

    const cycle = await timed(pairs, (n) =>
      runtime.runPromise(
        Effect.flatMap(take(active + n, `docs/free${n}.md`, true), (lease) =>
          reservations.release(origin, lease, "done"),
        ),
      ),
    );
    await runtime.dispose();
    const client = createClient({ url: `file:${file}`, concurrency: 1, timeout: 5000 });
    for (const pragma of ["journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"])
      await client.execute(`PRAGMA ${pragma}`);
    const [head] = (await client.execute("SELECT max(seq) AS seq FROM events")).rows;
    let seq = Number(head?.seq);
    const insert = (type: string, data: unknown) => ({
      sql: "INSERT INTO events (seq, id, tenant, project, stream, type, version, data, actor, at) VALUES (?, ?, 'local', 'bench', 'lease', ?, 1, ?, 'daemon', ?)",
      args: [++seq, crypto.randomUUID(), type, JSON.stringify(data), new Date().toISOString()],
    });
    const columns = "tenant, project, lease, token, holder, patterns, exclusive, expires_at, granted_at";
    const raw = await timed(pairs, async (n) => {
      const lease = crypto.randomUUID();
      const at = new Date().toISOString();
      const data = {
        lease,
        holder: `agent${n}`,
        patterns: [`docs/raw${n}.md`],
        exclusive: true,
        expiresAt: at,
      };
      await client.batch(
        [
          insert("lease_granted", data),
          {
            sql: `INSERT INTO leases (${columns}) VALUES ('local', 'bench', ?, ?, ?, ?, 1, ?, ?)`,
            args: [lease, seq, data.holder, JSON.stringify(data.patterns), at, at],
          },
        ],
        "write",
      );
      await client.batch(
        [
          insert("lease_released", { lease, reason: "done" }),
          {
            sql: "DELETE FROM leases WHERE tenant = 'local' AND project = 'bench' AND lease = ?",
            args: [lease],
          },
        ],
        "write",
      );
    });
    client.close();
    const [ours, limit] = [percentile(cycle, 99), percentile(raw, 99)];
    console.log(
      `reserve + release, ${active} leases: p50 ${percentile(cycle, 50).toFixed(2)} ms, p99 ${ours.toFixed(2)} ms   raw: two commits p50 ${percentile(raw, 50).toFixed(2)} ms, p99 ${limit.toFixed(2)} ms (${(ours / limit).toFixed(2)})   target: 2`,
    );
  } finally {
    await runtime.dispose();
    await rm(folder, { recursive: true, force: true });
  }
};

if (process.argv[1] === import.meta.filename) await run();
