/** Appends to the store in the folder given, many callers at once, and prints the `seq` of each event that is acknowledged. */
import { Effect } from "effect";
import { EventStore } from "../../../daemon/primitives/EventStore.ts";
import { ended, origin, registered, storeAt } from "./storeFixture.ts";

const [, , folder = ""] = process.argv;

await Effect.runPromise(
  Effect.gen(function* () {
    const store = yield* EventStore;
    const from = yield* store.head;
    const caller = (n: number) =>
      Effect.gen(function* () {
        for (let turn = 0; ; turn++) {
          const name = `${from}-${n}-${turn}`;
          const events = yield* store.append(origin, [
            registered(name),
            ended(name, turn % 3 === 0 ? "gone" : "done"),
          ]);
          process.stdout.write(`${events.map(({ seq, id }) => `${seq} ${id}`).join("\n")}\n`);
        }
      });
    return yield* Effect.forEach([1, 2, 3, 4, 5, 6, 7, 8], caller, {
      concurrency: "unbounded",
      discard: true,
    });
  }).pipe(Effect.provide(storeAt(folder))),
);
