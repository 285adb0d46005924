/** Stores of a given size for benchmarks, filled past the event store, and the raw reads beside which it is measured. */
import { rm } from "node:fs/promises";
import { createClient } from "@libsql/client";
import { Effect, Layer, ManagedRuntime } from "effect";
import Database from "libsql";
import { sqlLayer } from "../../daemon/platform/Sql.ts";
import { EventStore, type NewEvent } from "../../daemon/primitives/EventStore.ts";
import { projections, stateTables } from "../../daemon/tables.ts";

export const origin = { project: "bench", actor: "daemon" } as const;
const columns = "seq, id, tenant, project, stream, type, version, data, actor, at, correlation, causation";

/** About 300 bytes as a row; of so many agents. */
export const agentEvent = (n: number, agents = 100): NewEvent => ({
  stream: `agent/bench${n % agents}`,
  type: "agent_registered",
  data: { name: `bench${n % agents}`, tokenHash: "0123456789abcdef".repeat(4), kind: "worker" },
});

/** The event store with all projections of the product. */
export const openStore = (file: string) =>
  ManagedRuntime.make(
    EventStore.layer(projections, stateTables).pipe(Layer.provideMerge(sqlLayer({ file }))),
  );

/** Makes a store with so many events; its projections are built when it is opened. */
export const fillStore = async (file: string, events: number, agents = 100): Promise<void> => {
  for (const end of ["", "-wal", "-shm"]) await rm(`${file}${end}`, { force: true });
  const empty = ManagedRuntime.make(EventStore.layer([]).pipe(Layer.provide(sqlLayer({ file }))));
  await empty.runPromise(EventStore);
  await empty.dispose();
  const database = new Database(file);
  database.exec("BEGIN");
  const insert = database.prepare(`INSERT INTO events (${columns}) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)`);
  const start = Date.UTC(2026, 0, 1);
  for (let seq = 1; seq <= events; seq++) {
    const { stream, type, data } = agentEvent(seq, agents);
    const id = `${seq.toString(16).padStart(8, "0")}-0000-7000-8000-000000000000`;
    const at = new Date(start + seq).toISOString();
    const owner = ["local", seq % 10 === 0 ? "other" : "bench"];
    insert.run([seq, id, ...owner, stream, type, 1, JSON.stringify(data), "daemon", at, null, null]);
  }
  database.exec("COMMIT");
  database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  database.close();
};

/** Reads every event by pages through `@libsql/client`, and parses the data: events a second. */
export const readRaw = async (file: string): Promise<number> => {
  const client = createClient({ url: `file:${file}`, concurrency: 1 });
  const start = performance.now();
  let after = 0;
  for (;;) {
    const { rows } = await client.execute({
      sql: `SELECT ${columns} FROM events WHERE seq > ? ORDER BY seq LIMIT 500`,
      args: [after],
    });
    for (const row of rows) JSON.parse(String(row.data));
    const last = rows.at(-1);
    if (last === undefined) break;
    after = Number(last.seq);
  }
  client.close();
  return (after * 1000) / (performance.now() - start);
};

/** Milliseconds of each of so many runs, one after the other. */
export const timesOf = Effect.fnUntraced(function* <E, R>(
  runs: number,
  work: (n: number) => Effect.Effect<unknown, E, R>,
) {
  const times: Array<number> = [];
  for (let n = 0; n < runs; n++) {
    const start = performance.now();
    yield* work(n);
    times.push(performance.now() - start);
  }
  return times;
});
