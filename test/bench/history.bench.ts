/**
 * What is done often, with 10,000 events in the log and with 1,000,000, one after the other in the same run on the
 * same disk. Nothing may take longer because there is more history.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Effect, Stream } from "effect";
import { EventStore } from "../../daemon/primitives/EventStore.ts";
import { percentile } from "./percentile.ts";
import { agentEvent, fillStore, openStore, origin } from "./rawStore.ts";

const small = 10_000;
const large = 1_000_000;
const bench = { project: "bench" };

type Store = EventStore["Service"];

/** What is done often, and how often it is measured. */
const works: ReadonlyArray<
  readonly [
    name: string,
    runs: number,
    work: (store: Store, n: number, head: number) => Effect.Effect<unknown, unknown>,
  ]
> = [
  ["append, one caller", 600, (store, n) => store.append(origin, [agentEvent(n)])],
  [
    "append, 64 callers",
    100,
    (store) =>
      Effect.forEach(
        Array.from({ length: 64 }, (_, n) => n),
        (n) => store.append(origin, [agentEvent(n)]),
        { concurrency: "unbounded" },
      ),
  ],
  [
    "append, expecting a stream not seen before",
    300,
    (store, n) => {
      const stream = `agent/new${n}-${performance.now()}`;
      return store.append(origin, [{ ...agentEvent(n), stream }], { expected: { [stream]: 0 } });
    },
  ],
  [
    "page of 500 from the middle",
    200,
    (store, _, head) => store.readAll({ ...bench, limit: 500, after: head / 2 }),
  ],
  [
    "page of a stream from the middle",
    200,
    (store, _, head) => store.readAll({ ...bench, limit: 40, after: head / 2, stream: "agent/bench7" }),
  ],
  [
    "page by types from the middle",
    200,
    (store, _, head) =>
      store.readAll({ ...bench, limit: 500, after: head / 2, types: ["agent_registered", "landed"] }),
  ],
  [
    "subscribe in the middle, first page",
    200,
    (store, _, head) => Stream.runDrain(store.subscribe({ after: Math.floor(head / 2), limit: 1 })),
  ],
  [
    "subscribe at the head, next event",
    400,
    (store, n) =>
      Effect.flatMap(store.head, (after) =>
        Effect.all(
          [Stream.runDrain(store.subscribe({ after, limit: 1 })), store.append(origin, [agentEvent(n)])],
          { concurrency: "unbounded" },
        ),
      ),
  ],
  ["rows by key", 400, (store) => store.rows("agents", { ...bench, name: "bench7" })],
  ["rows of a project", 200, (store) => store.rows("live_agents", bench)],
  ["byId of 10", 300, (store, _, head) => store.byId(ids(head))],
];

const ids = (head: number) =>
  Array.from(
    { length: 10 },
    (_, n) =>
      `${(Math.floor(((n + 1) * head) / 12) + 1).toString(16).padStart(8, "0")}-0000-7000-8000-000000000000`,
  );

const openTimed = async (file: string, what: string) => {
  const start = performance.now();
  const runtime = openStore(file);
  const store = await runtime.runPromise(EventStore);
  console.log(`${what.padEnd(60)} ${Math.round(performance.now() - start)} ms`);
  return { runtime, store };
};

export const run = async (): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), "ocvibe-bench-"));
  try {
    const stores = [];
    for (const size of [small, large]) {
      const file = join(folder, `${size}.db`);
      await fillStore(file, size);
      const first = await openTimed(file, `opening ${size} events, all projections to be built`);
      await first.runtime.dispose();
      stores.push({ size, ...(await openTimed(file, `opening ${size} events again`)) });
    }
    for (const [name, runs, work] of works) {
      const found = stores.map(() => [] as Array<number>);
      // In turns, so that whatever else the machine does is met by both.
      for (let n = 0; n < runs; n++) {
        for (const [index, { runtime, store, size }] of stores.entries()) {
          const start = performance.now();
          await runtime.runPromise(work(store, n, size));
          if (n >= runs / 10) found[index]!.push(performance.now() - start);
        }
      }
      const [few, many] = found.map((times) => percentile(times, 50)) as [number, number];
      console.log(
        `${name.padEnd(44)} ${many.toFixed(3).padStart(8)} ms with ${large} events   with ${small}: ${few.toFixed(3)} ms (${(many / few).toFixed(2)})   target 1.3`,
      );
    }
    for (const { runtime } of stores) await runtime.dispose();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

if (process.argv[1] === import.meta.filename) await run();
