import { cp, mkdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import { projectRecord, readProjectRecord } from "../../../../daemon/orchestration/swarm/UserRepository.ts";
import { tempFolder } from "../../../support/tempFolder.ts";

describe("the project's record", () => {
  it.live("stays with a repository that is moved, and is not shared by a copy", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder;
      const at = (name: string) => join(folder, name);
      yield* Effect.promise(() => mkdir(at("one")));
      const first = yield* projectRecord(at("one"));
      assert.deepStrictEqual(yield* projectRecord(at("one")), first);

      yield* Effect.promise(() => cp(at("one"), at("copy"), { recursive: true }));
      assert.isUndefined(yield* readProjectRecord(at("copy")));
      const copy = yield* projectRecord(at("copy"));
      assert.notStrictEqual(copy.id, first.id);
      assert.deepStrictEqual(yield* projectRecord(at("copy")), copy);
      assert.strictEqual((yield* projectRecord(at("one"))).id, first.id);

      yield* Effect.promise(() => rename(at("one"), at("moved")));
      assert.strictEqual((yield* projectRecord(at("moved"))).id, first.id);
    }).pipe(Effect.scoped),
  );
});
