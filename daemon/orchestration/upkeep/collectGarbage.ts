/** Says what nothing needs any more and how much room it takes, and frees it when told to. */
import { rm } from "node:fs/promises";
import { Effect } from "effect";
import { fileSystem } from "../../platform/fileSystem.ts";
import { Git } from "../../platform/Git.ts";
import { SqlBatch } from "../../platform/Sql.ts";
import { findGarbage, type Garbage, objectsKept, pruning } from "./findGarbage.ts";

export const collectGarbage = Effect.fn("collectGarbage")(function* ({ free }: { readonly free: boolean }) {
  const found = yield* findGarbage();
  if (free) {
    yield* Effect.forEach(found, remove, { discard: true });
    yield* Effect.logInfo("freed what nothing needed", {
      bytes: found.reduce((sum, { bytes }) => sum + bytes, 0),
    });
  }
  const items = found.map(({ what, bytes, ...rest }) => ({
    what,
    bytes,
    ...("path" in rest ? { path: rest.path } : {}),
  }));
  return { items, freed: free };
});

const remove = Effect.fnUntraced(function* (garbage: Garbage) {
  switch (garbage.kind) {
    case "path": {
      const { path } = garbage;
      return yield* fileSystem(path, () => rm(path, { recursive: true, force: true, maxRetries: 3 }));
    }
    case "objects": {
      const git = yield* Git;
      yield* git.run(["prune", `--expire=${objectsKept}`], pruning(garbage.path));
      return;
    }
    case "store": {
      const sql = yield* SqlBatch;
      yield* sql.run([{ sql: "VACUUM", args: [] }]);
      yield* sql.query("PRAGMA wal_checkpoint(TRUNCATE)");
      return;
    }
  }
});
