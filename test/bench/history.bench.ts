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
import { agentEvent, fillStore, openStore, origin, timesOf } from "./rawStore.ts";

const small = 10_000;
const large = 1_000_000;
const rounds = 3;

/** For each thing that is done often, what one of it takes in milliseconds, at its median. */
const measure = Effect.gen(function* () {
  const store = yield* EventStore;
  const head = yield* store.head;
  const together = Effect.forEach(
    Array.from({ length: 64 }, (_, n) => n),
    (n) => store.append(origin, [agentEvent(n)]),
    { concurrency: "unbounded", discard: true },
  );
  const page = (filter: object) => store.readAll({ project: "bench", limit: 500, ...filter });
  const first = (after: number) => Stream.runDrain(store.subscribe({ after, limit: 1 }));
  const seen = (n: number) =>
    Effect.gen(function* () {
      const at = yield* store.head;
      yield* Effect.all([first(at), store.append(origin, [agentEvent(n)])], { concurrency: "unbounded" });
    });
  const work: ReadonlyArray<readonly [string, number, (n: number) => Effect.Effect<unknown, unknown>]> = [
    ["append, one caller", 400, (n) => store.append(origin, [agentEvent(n)])],
    ["append, 64 callers", 60, () => together],
    ["append with an expected stream", 200, () => store.append(origin, [agentEvent(7)], { expected: {} })],
    ["page of 500 from the middle", 60, () => page({ after: Math.floor(head / 2) })],
    [
      "page of a stream from the middle",
      60,
      () => page({ after: head / 2, stream: "agent/bench7", limit: 40 }),
    ],
    [
      "page by types from the middle",
      60,
      () => page({ after: head / 2, types: ["agent_registered", "landed"] }),
    ],
    ["subscribe in the middle, first page", 60, () => first(Math.floor(head / 2))],
    ["subscribe at the head, next event", 200, seen],
    ["rows by key", 400, () => store.rows("agents", { project: "bench", name: "bench7" })],
    ["rows of a project", 100, () => store.rows("live_agents", { project: "bench" })],
    ["byId of 10", 200, () => store.byId(ids(head))],
  ];
  const found = new Map<string, number>();
  for (const [name, runs, one] of work) {
    yield* timesOf(Math.ceil(runs / 10), one);
    found.set(name, percentile(yield* timesOf(runs, one), 50));
  }
  return found;
});

const ids = (head: number) =>
  Array.from(
    { length: 10 },
    (_, n) =>
      `${(Math.floor(((n + 1) * head) / 12) + 1).toString(16).padStart(8, "0")}-0000-7000-8000-000000000000`,
  );

export const run = async (): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), "ocvibe-bench-"));
  const sizes = [small, large];
  const found = sizes.map(() => new Map<string, Array<number>>());
  try {
    const runtimes = [];
    for (const size of sizes) {
      const file = join(folder, `${size}.db`);
      await fillStore(file, size);
      const start = performance.now();
      const runtime = openStore(file);
      await runtime.runPromise(EventStore);
      console.log(
        `first opening with ${size} events, all projections built: ${Math.round(performance.now() - start)} ms`,
      );
      await runtime.dispose();
      const again = performance.now();
      const opened = openStore(file);
      await opened.runPromise(EventStore);
      console.log(`opening it again: ${Math.round(performance.now() - again)} ms`);
      runtimes.push(opened);
    }
    for (let round = 0; round < rounds; round++)
      for (const [index, runtime] of runtimes.entries())
        for (const [name, ms] of await runtime.runPromise(measure))
          found[index]!.set(name, [...(found[index]!.get(name) ?? []), ms]);
    for (const runtime of runtimes) await runtime.dispose();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  for (const [name, values] of found[1]!) {
    const [few, many] = [percentile(found[0]!.get(name) ?? [], 50), percentile(values, 50)];
    console.log(
      `${name.padEnd(44)} ${many.toFixed(3).padStart(8)} ms with ${large} events   with ${small}: ${few.toFixed(3)} ms (${(many / few).toFixed(2)})   target 1.3`,
    );
  }
};

if (process.argv[1] === import.meta.filename) await run();
