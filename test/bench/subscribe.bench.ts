/**
 * How long after its commit an event is with each of 100 subscribers, half of them filtered. The raw limit is one
 * turn of Node's event loop: what a timer of no delay takes in the same run.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Effect, Stream } from "effect";
import { EventStore } from "../../daemon/primitives/EventStore.ts";
import { percentile } from "./percentile.ts";
import { agentEvent, openStore, origin } from "./rawStore.ts";

const subscribers = 100;
const events = 500;

export const run = async (): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), "ocvibe-bench-"));
  const runtime = openStore(join(folder, "store.db"));
  const late: Array<number> = [];
  const loop: Array<number> = [];
  try {
    await runtime.runPromise(
      Effect.gen(function* () {
        const store = yield* EventStore;
        const committed = new Map<number, number>();
        yield* store.onCommit((some) => {
          const now = performance.now();
          for (const { seq } of some) committed.set(seq, now);
        });
        const head = yield* store.head;
        const seen = (filter: object) =>
          store
            .subscribe({ ...filter, after: head, limit: events })
            .pipe(
              Stream.runForEach(({ seq }) =>
                Effect.sync(() => late.push(performance.now() - (committed.get(seq) ?? Number.NaN))),
              ),
            );
        const all = Effect.forEach(
          Array.from({ length: subscribers }, (_, n) => n),
          (n) => seen(n % 2 === 0 ? {} : { project: "bench", types: ["agent_registered"] }),
          { concurrency: "unbounded", discard: true },
        );
        yield* Effect.all(
          [
            all,
            Effect.forEach(
              Array.from({ length: events }, (_, n) => n),
              (n) => store.append(origin, [agentEvent(n)]),
              { discard: true },
            ),
          ],
          { concurrency: "unbounded" },
        );
        for (let n = 0; n < events; n++) {
          const start = performance.now();
          yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)));
          loop.push(performance.now() - start);
        }
      }).pipe(Effect.scoped),
    );
    await runtime.dispose();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  if (late.length !== subscribers * events || late.some(Number.isNaN)) throw new Error("events were missed");
  const ms = (values: ReadonlyArray<number>) =>
    `p50 ${percentile(values, 50).toFixed(3)} ms, p99 ${percentile(values, 99).toFixed(3)} ms`;
  console.log(
    `${`from the commit to each of ${subscribers} subscribers`.padEnd(44)} ${ms(late)}   raw, a turn of the event loop: ${ms(loop)}   target p99 5 ms`,
  );
};

if (process.argv[1] === import.meta.filename) await run();
