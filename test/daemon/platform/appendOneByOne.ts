/** Appends as many events as it is told to the store in the folder given, each when the one before is durable. */
import { Effect } from "effect";
import { EventStore } from "../../../daemon/primitives/EventStore.ts";
import { origin, registered, storeAt } from "../primitives/storeFixture.ts";

const [, , folder = "", count = ""] = process.argv;

await Effect.runPromise(
  Effect.gen(function* () {
    const store = yield* EventStore;
    for (let n = 0; n < Number(count); n++) yield* store.append(origin, [registered(`a${n}`)]);
  }).pipe(Effect.provide(storeAt(folder))),
);
