/**
 * How fast the event store appends, beside what the database gives in the same run: the same table, pragmas and
 * row size, one connection, no worker thread, no checks.
 *
 * Run by `npm run bench`, or alone by `node test/bench/append.bench.ts`.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Client, createClient, type InStatement } from "@libsql/client";
import { Effect, Layer, ManagedRuntime } from "effect";
import { sqlLayer } from "../../daemon/platform/Sql.ts";
import { EventStore, type NewEvent } from "../../daemon/primitives/EventStore.ts";
import type { Projection } from "../../daemon/primitives/Projection.ts";
import { projections } from "../../daemon/tables.ts";

const rounds = 5;
const callers = 64;
const singles = 1000;
const grouped = 200;
const columns = "seq, id, tenant, project, stream, type, version, data, actor, at, correlation, causation";
const origin = { project: "bench", actor: "daemon" } as const;

/** About 300 bytes as a row. */
const event = (n: number): NewEvent => ({
  stream: `agent/bench${n % 100}`,
  type: "agent_registered",
  data: { name: `bench${n % 100}`, tokenHash: "0123456789abcdef".repeat(4), kind: "worker" },
});

const perSecond = async (count: number, work: () => Promise<void>): Promise<number> => {
  const start = performance.now();
  await work();
  return (count * 1000) / (performance.now() - start);
};

const median = (values: ReadonlyArray<number>): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/** The rows that the store would write for these events, on a connection of our own. */
const rawWriter = (client: Client, head: number) => {
  let seq = head;
  const row = () => {
    seq += 1;
    const { stream, type, data } = event(seq);
    const id = crypto.randomUUID();
    return [
      seq,
      id,
      "local",
      "bench",
      stream,
      type,
      1,
      JSON.stringify(data),
      "daemon",
      new Date().toISOString(),
      null,
      null,
    ];
  };
  const marks = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
  const insert = (): InStatement => ({ sql: `INSERT INTO events (${columns}) VALUES ${marks}`, args: row() });
  const many = () => Array.from({ length: callers }, row);
  const picks = Array.from({ length: 12 }, (_, index) => `value->>${index}`).join(", ");
  return {
    single: () => client.execute(insert()),
    batch: () => client.batch(Array.from({ length: callers }, insert), "write"),
    multiRow: () =>
      client.execute({
        sql: `INSERT INTO events (${columns}) VALUES ${Array.from({ length: callers }, () => marks).join(", ")}`,
        args: many().flat(),
      }),
    jsonEach: () =>
      client.execute({
        sql: `INSERT INTO events (${columns}) SELECT ${picks} FROM json_each(?)`,
        args: [JSON.stringify(many())],
      }),
  };
};

const openRaw = async (file: string) => {
  const client = createClient({ url: `file:${file}`, concurrency: 1, timeout: 5000 });
  for (const pragma of ["journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"]) {
    await client.execute(`PRAGMA ${pragma}`);
  }
  const [row] = (await client.execute("SELECT coalesce(max(seq), 0) AS head FROM events")).rows;
  return { client, raw: rawWriter(client, Number(row?.head)) };
};

const openStore = (file: string, projections: ReadonlyArray<Projection>) =>
  ManagedRuntime.make(EventStore.layer(projections).pipe(Layer.provide(sqlLayer({ file }))));

/** One caller that waits for each append, and `callers` that do so side by side. */
const measureStore = async (file: string, projections: ReadonlyArray<Projection>) => {
  const runtime = openStore(file, projections);
  const store = await runtime.runPromise(EventStore);
  const one = (n: number) => store.append(origin, [event(n)]);
  const alone = await perSecond(singles, () =>
    runtime.runPromise(
      Effect.forEach(
        Array.from({ length: singles }, (_, n) => n),
        one,
        { discard: true },
      ),
    ),
  );
  const together = await perSecond(callers * grouped, () =>
    runtime.runPromise(
      Effect.forEach(
        Array.from({ length: callers }, (_, n) => n),
        (n) =>
          Effect.forEach(
            Array.from({ length: grouped }, (_, k) => n * grouped + k),
            one,
            { discard: true },
          ),
        { concurrency: "unbounded", discard: true },
      ),
    ),
  );
  await runtime.dispose();
  return { alone, together };
};

const repeat = async (times: number, work: () => Promise<unknown>) => {
  for (let n = 0; n < times; n++) await work();
};

const measureRaw = async (file: string) => {
  const { client, raw } = await openRaw(file);
  const single = await perSecond(singles, () => repeat(singles, raw.single));
  const batch = await perSecond(callers * grouped, () => repeat(grouped, raw.batch));
  const multiRow = await perSecond(callers * grouped, () => repeat(grouped, raw.multiRow));
  const jsonEach = await perSecond(callers * grouped, () => repeat(grouped, raw.jsonEach));
  client.close();
  return { single, batch, multiRow, jsonEach };
};

/** Prints appends a second, the median of five rounds, each beside its raw limit. */
export const run = async (): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), "ocvibe-bench-"));
  const found = {
    alone: [],
    together: [],
    projected: [],
    single: [],
    batch: [],
    multiRow: [],
    jsonEach: [],
  } as Record<
    "alone" | "together" | "projected" | "single" | "batch" | "multiRow" | "jsonEach",
    Array<number>
  >;
  try {
    for (let round = 0; round < rounds; round++) {
      const file = join(folder, `${round}.db`);
      const made = openStore(file, []);
      await made.runPromise(EventStore);
      await made.dispose();
      const raw = await measureRaw(file);
      const plain = await measureStore(file, []);
      const projected = await measureStore(file, projections);
      for (const name of ["single", "batch", "multiRow", "jsonEach"] as const) found[name].push(raw[name]);
      found.alone.push(plain.alone);
      found.together.push(plain.together);
      found.projected.push(projected.together);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const show = (
    label: string,
    ours: ReadonlyArray<number>,
    limits: Record<string, ReadonlyArray<number>>,
  ) => {
    const mine = median(ours);
    const beside = Object.entries(limits).map(
      ([name, values]) => `${name} ${Math.round(median(values))} (${(mine / median(values)).toFixed(2)})`,
    );
    console.log(`${label.padEnd(44)} ${String(Math.round(mine)).padStart(7)}/s   raw: ${beside.join(", ")}`);
  };
  const many = { batch: found.batch, "multi-row": found.multiRow, json_each: found.jsonEach };
  show("append, one caller", found.alone, { insert: found.single });
  show(`append, ${callers} callers at once`, found.together, many);
  show(`append, ${callers} callers, all projections`, found.projected, many);
};

if (process.argv[1] === import.meta.filename) await run();
