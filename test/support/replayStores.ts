/**
 * Replay equals live: after the suite, every store that a test left is replayed, and each projection's rows must
 * be what they were. A type of event that no test ever produced fails the whole suite.
 */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Effect, Layer, Logger } from "effect";
import { SqlBatch, sqlLayer } from "../../daemon/platform/Sql.ts";
import { EventStore } from "../../daemon/primitives/EventStore.ts";
import { projections } from "../../daemon/tables.ts";
import { eventData } from "../../shared/contract/events.ts";

export const setup = () => {
  process.env.OCVIBE_TEST_STORES = mkdtempSync(join(tmpdir(), "ocvibe-stores-"));
};

/** Tables whose rows as of the head, made in memory, are not the live ones. */
const differingFromPast = Effect.gen(function* () {
  const store = yield* EventStore;
  const { tables } = yield* store.stateAt({ seq: yield* store.head });
  const inOrder = (rows: ReadonlyArray<object>) =>
    rows.map((row) => JSON.stringify(Object.entries(row).sort())).sort();
  const differing: Array<string> = [];
  for (const [table, rows] of Object.entries(tables)) {
    const live = yield* store.rows(table);
    if (inOrder(rows).join() !== inOrder(live).join()) differing.push(table);
  }
  return differing;
});

const replay = (file: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlBatch;
    const types = yield* sql.query("SELECT type, count(*) AS count FROM events GROUP BY type");
    const store = yield* EventStore;
    const reports = yield* store.rebuild;
    return { types, reports, past: yield* differingFromPast };
  }).pipe(
    Effect.provide(EventStore.layer(projections).pipe(Layer.provideMerge(sqlLayer({ file })))),
    Effect.provide(Logger.layer([])),
  );

export const teardown = async () => {
  const folder = process.env.OCVIBE_TEST_STORES!;
  const rows = new Map<string, number>();
  const covered = new Map<string, number>();
  const faults: Array<string> = [];
  const files = readdirSync(folder).filter((name) => name.endsWith(".db"));
  for (const file of files) {
    const { types, reports, past } = await Effect.runPromise(replay(join(folder, file)));
    for (const { type, count } of types)
      covered.set(String(type), (covered.get(String(type)) ?? 0) + Number(count));
    for (const table of past) faults.push(`${table} as of the head is not what it is`);
    for (const report of reports) {
      rows.set(report.projection, (rows.get(report.projection) ?? 0) + report.rows);
      if (!report.equal) faults.push(`${report.projection} differs in ${report.differing.join(", ")}`);
    }
  }
  rmSync(folder, { recursive: true, force: true });
  const never = Object.keys(eventData).filter((type) => !covered.has(type));
  console.log(`\nReplayed ${files.length} stores.`);
  for (const [projection, count] of rows) console.log(`  ${projection}: ${count} rows, as live`);
  console.log(`  ${covered.size} of ${Object.keys(eventData).length} event types covered.`);
  if (process.env.OCVIBE_TEST_SUITE === "whole" && never.length > 0) {
    faults.push(`no test produced an event of type ${never.join(", ")}`);
  }
  if (faults.length > 0) {
    console.error(`Replay failed: ${faults.join("; ")}`);
    process.exitCode = 1;
    throw new Error(`Replay failed: ${faults.join("; ")}`);
  }
};
