/** A real store in a temporary folder, for suites of the coordination layer. */
import { Effect, Layer } from "effect";
import { sqlLayer } from "../../../daemon/platform/Sql.ts";
import { AwakeClock } from "../../../daemon/primitives/AwakeClock.ts";
import { EventStore } from "../../../daemon/primitives/EventStore.ts";
import { projections, stateTables } from "../../../daemon/tables.ts";
import { collectStore } from "../../support/collectStore.ts";
import { tempFolder } from "../../support/tempFolder.ts";

export const storeIn = (folder: string) =>
  EventStore.layer(projections, stateTables).pipe(
    Layer.provide(sqlLayer({ file: `${folder}/store.db` })),
    Layer.merge(AwakeClock.layer),
  );

export const temporaryStore = Layer.unwrap(
  Effect.gen(function* () {
    const folder = yield* tempFolder;
    // After the store was closed, and before the folder goes.
    yield* Effect.addFinalizer(() => Effect.sync(() => collectStore(`${folder}/store.db`)));
    return storeIn(folder);
  }),
);
