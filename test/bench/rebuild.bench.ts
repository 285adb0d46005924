/**
 * How fast the log is read, and all projections of the product are rebuilt from it, beside reading the same events
 * through `@libsql/client`. The store goes on appending meanwhile: how long an append then takes is shown too.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Effect, Fiber, Stream } from "effect";
import { EventStore } from "../../daemon/primitives/EventStore.ts";
import { percentile } from "./percentile.ts";
import { agentEvent, fillStore, openStore, origin, readRaw, timesOf } from "./rawStore.ts";

const rounds = 3;
const size = 100_000;

const median = (values: ReadonlyArray<number>) => percentile(values, 50);

export const run = async (): Promise<void> => {
  await measure("every event a row", size);
  await measure("a hundred events a row", size / 100);
};

const measure = async (what: string, agents: number): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), "ocvibe-bench-"));
  const file = join(folder, "store.db");
  const found = { raw: [] as Array<number>, read: [] as Array<number>, rebuild: [] as Array<number> };
  let quiet: ReadonlyArray<number> = [];
  let beside: ReadonlyArray<number> = [];
  try {
    await fillStore(file, size, agents);
    const runtime = openStore(file);
    await runtime.runPromise(EventStore);
    for (let round = 0; round < rounds; round++) {
      found.raw.push(await readRaw(file));
      const one = await runtime.runPromise(
        Effect.gen(function* () {
          const store = yield* EventStore;
          const perSecond = <E>(work: Effect.Effect<unknown, E>) =>
            Effect.map(
              timesOf(1, () => work),
              ([ms]) => (size * 1000) / (ms ?? 0),
            );
          const read = yield* perSecond(Stream.runDrain(store.read({})));
          return { read, rebuild: yield* perSecond(store.rebuild) };
        }),
      );
      found.read.push(one.read);
      found.rebuild.push(one.rebuild);
    }
    [quiet, beside] = await runtime.runPromise(
      Effect.gen(function* () {
        const store = yield* EventStore;
        const append = (n: number) => store.append(origin, [agentEvent(n)]);
        const alone = yield* timesOf(300, append);
        const rebuilding = yield* Effect.forkChild(store.rebuild, { startImmediately: true });
        const times: Array<number> = [];
        while (rebuilding.pollUnsafe() === undefined) times.push(...(yield* timesOf(1, append)));
        yield* Fiber.join(rebuilding);
        return [alone, times] as const;
      }),
    );
    await runtime.dispose();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const raw = median(found.raw);
  const show = (label: string, value: number, target = "") =>
    console.log(
      `${label.padEnd(44)} ${String(Math.round(value)).padStart(7)}/s   raw read: ${Math.round(raw)} (${(value / raw).toFixed(2)})${target}`,
    );
  show(`read of the log, ${what}`, median(found.read));
  show(`rebuild, ${what}`, median(found.rebuild), "   target 0.25");
  const ms = (values: ReadonlyArray<number>) =>
    `p50 ${percentile(values, 50).toFixed(2)} ms, p99 ${percentile(values, 99).toFixed(2)} ms, longest ${Math.max(...values).toFixed(2)} ms`;
  console.log(`${"append while a rebuild goes on".padEnd(44)} ${ms(beside)}   alone: ${ms(quiet)}`);
};

if (process.argv[1] === import.meta.filename) await run();
