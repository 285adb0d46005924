/** A real store in a temporary folder, for suites of the coordination layer. */
import { Effect, Layer } from "effect";
import { agentsProjection } from "../../../daemon/coordination/agents/agentsProjection.ts";
import { cellsProjection } from "../../../daemon/coordination/hive/cellsProjection.ts";
import { leasesProjection } from "../../../daemon/coordination/reservations/leasesProjection.ts";
import { sqlLayer } from "../../../daemon/platform/Sql.ts";
import { EventStore } from "../../../daemon/primitives/EventStore.ts";
import { collectStore } from "../../support/collectStore.ts";
import { tempFolder } from "../../support/tempFolder.ts";

export const storeIn = (folder: string) =>
  EventStore.layer([leasesProjection, agentsProjection, cellsProjection]).pipe(
    Layer.provide(sqlLayer({ file: `${folder}/store.db` })),
  );

export const temporaryStore = Layer.unwrap(
  Effect.gen(function* () {
    const folder = yield* tempFolder;
    // After the store was closed, and before the folder goes.
    yield* Effect.addFinalizer(() => Effect.sync(() => collectStore(`${folder}/store.db`)));
    return storeIn(folder);
  }),
);
