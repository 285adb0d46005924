/**
 * How fast mail goes from sender to receiver and is acked, beside commits of one row in the same run on the same
 * kind of file: each of the three steps is one commit, so three raw commits are the limit for one after the other.
 *
 * Run by `npm run bench`, or alone by `node test/bench/mail.bench.ts`.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@libsql/client";
import { Effect, Layer, ManagedRuntime } from "effect";
import { sqlLayer } from "../../daemon/platform/Sql.ts";
import { AwakeClock } from "../../daemon/primitives/AwakeClock.ts";
import { Deferred } from "../../daemon/primitives/Deferred.ts";
import { EventStore } from "../../daemon/primitives/EventStore.ts";
import { Mailbox } from "../../daemon/primitives/Mailbox.ts";
import { projections, stateTables } from "../../daemon/tables.ts";

const rounds = 3;
const alone = 1000;
const callers = 64;
const each = 100;
const waiting = 10_000;
const body = "x".repeat(300);
const origin = { project: "bench", actor: "daemon" } as const;

const open = (file: string) =>
  ManagedRuntime.make(
    Mailbox.layer.pipe(
      Layer.provideMerge(Deferred.layer),
      Layer.provideMerge(EventStore.layer(projections, stateTables)),
      Layer.provideMerge(AwakeClock.layer),
      Layer.provideMerge(sqlLayer({ file })),
    ),
  );

const percentile = (values: ReadonlyArray<number>, part: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))] ?? 0;

/** Sends, receives and acks. */
const cycle = Effect.fnUntraced(function* (recipient: string, thread: string) {
  const mailbox = yield* Mailbox;
  yield* mailbox.send(origin, { from: "bench", to: [recipient], subject: "bench", body, thread });
  const [got] = yield* mailbox.receive("bench", recipient, { limit: 1 });
  yield* mailbox.ack(origin, recipient, got!.id, got!.delivery);
});

const timed = Effect.fnUntraced(function* (recipient: string) {
  const start = performance.now();
  yield* cycle(recipient, "one");
  return performance.now() - start;
});

const times = (count: number) => Array.from({ length: count }, (_, n) => n);

/** Milliseconds of commits of one row of about the same size, one after the other. */
const rawCommits = async (file: string): Promise<ReadonlyArray<number>> => {
  const client = createClient({ url: `file:${file}`, concurrency: 1, timeout: 5000 });
  await client.execute("PRAGMA journal_mode = WAL");
  await client.execute("PRAGMA synchronous = FULL");
  await client.execute("CREATE TABLE raw (n INTEGER PRIMARY KEY, text TEXT)");
  const took: Array<number> = [];
  for (const n of times(3 * alone)) {
    const start = performance.now();
    await client.execute({ sql: "INSERT INTO raw VALUES (?, ?)", args: [n, body] });
    took.push(performance.now() - start);
  }
  client.close();
  return took;
};

const round = async (folder: string, name: string, history: number) => {
  const raw = await rawCommits(join(folder, `${name}-raw.db`));
  const runtime = open(join(folder, `${name}.db`));
  const fill = Effect.forEach(
    times(history),
    (n) =>
      Effect.flatMap(Mailbox, (mailbox) =>
        mailbox.send(origin, { from: "bench", to: [`other${n % 100}`], subject: "waits", body }),
      ),
    { concurrency: 256, discard: true },
  );
  await runtime.runPromise(fill);
  await runtime.runPromise(Effect.forEach(times(50), () => timed("warm")));
  const one = await runtime.runPromise(Effect.forEach(times(alone), () => timed("bob")));
  const start = performance.now();
  await runtime.runPromise(
    Effect.forEach(
      times(callers),
      (caller) =>
        Effect.forEach(times(each), () => cycle(`agent${caller}`, `thread${caller}`), { discard: true }),
      { concurrency: "unbounded", discard: true },
    ),
  );
  const perSecond = (callers * each * 1000) / (performance.now() - start);
  await runtime.dispose();
  const threeRaw = times(alone).map((n) => raw[3 * n]! + raw[3 * n + 1]! + raw[3 * n + 2]!);
  return {
    p50: percentile(one, 0.5),
    p99: percentile(one, 0.99),
    rawP50: percentile(threeRaw, 0.5),
    rawP99: 3 * percentile(raw, 0.99),
    perSecond,
    rawPerSecond: (raw.length * 1000) / raw.reduce((sum, ms) => sum + ms, 0),
  };
};

/** Prints the medians of the rounds, with an empty inbox and beside ten thousand messages that wait. */
export const run = async (): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), "ocvibe-bench-"));
  try {
    for (const history of [0, waiting]) {
      const all: Array<Awaited<ReturnType<typeof round>>> = [];
      for (const n of times(rounds)) all.push(await round(folder, `${history}-${n}`, history));
      const median = (key: keyof (typeof all)[number]) =>
        percentile(
          all.map((one) => one[key]),
          0.5,
        );
      const [p50, p99, rawP50, rawP99] = (["p50", "p99", "rawP50", "rawP99"] as const).map(median) as [
        number,
        number,
        number,
        number,
      ];
      const where = history === 0 ? "" : `, ${history} others wait`;
      const ms = (value: number) => value.toFixed(2);
      console.log(
        `${`mail: send, receive, ack, one thread${where}`.padEnd(60)} p50 ${ms(p50)} ms, p99 ${ms(p99)} ms   three raw commits: p50 ${ms(rawP50)} ms, p99 ${ms(rawP99)} ms (${(p99 / rawP99).toFixed(2)})`,
      );
      console.log(
        `${`mail: messages through, ${callers} callers${where}`.padEnd(60)} ${Math.round(median("perSecond"))}/s (target 3000)   raw single commits: ${Math.round(median("rawPerSecond"))}/s`,
      );
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

if (process.argv[1] === import.meta.filename) await run();
