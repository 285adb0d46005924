import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import { tempFolder } from "../../support/tempFolder.ts";

describe("closing the database", () => {
  it.live("waits for what the reader was given, also when whoever asked has gone", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder;
      const script = join(import.meta.dirname, "closeWhileReading.ts");
      const { stdout } = yield* Effect.promise(() =>
        promisify(execFile)("node", [script, folder], { timeout: 50_000 }),
      );
      assert.strictEqual(stdout, "closed 15 times");
    }).pipe(Effect.scoped),
  );
});
