/** Where a built program keeps its compiled code: beside itself, or else where its data is, and never in a folder of its making. */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import { programs } from "../../support/sandbox.ts";
import { tempFolder } from "../../support/tempFolder.ts";

/** A copy of the programs, and how to run it. */
const copied = Effect.map(tempFolder, (folder) => {
  const copy = join(folder, "programs");
  const home = join(folder, "home");
  cpSync(programs, copy, {
    recursive: true,
    filter: (path) => !path.endsWith(".map") && !path.startsWith(join(programs, "cache")),
  });
  // The suite has a place of its own for all programs under test.
  const { NODE_COMPILE_CACHE: _, ...env } = process.env;
  const run = () =>
    execFileSync(process.execPath, [join(copy, "ocvibe.js"), "--version"], {
      env: { ...env, OCVIBE_HOME: home },
    });
  return { home, run, beside: join(copy, "cache"), inData: join(home, "cache", "code") };
});

describe("compiled code", () => {
  it.live("is kept beside the program, also before there is any data", () =>
    Effect.gen(function* () {
      const { home, run, beside, inData } = yield* copied;
      run();
      assert.isNotEmpty(readdirSync(beside));
      assert.isFalse(existsSync(home));
      mkdirSync(home);
      run();
      assert.isFalse(existsSync(inData));
    }).pipe(Effect.scoped),
  );

  it.live("is kept in the data folder where nothing can be written beside the program, if there is one", () =>
    Effect.gen(function* () {
      const { home, run, beside, inData } = yield* copied;
      writeFileSync(beside, "");
      run();
      assert.isFalse(existsSync(home));
      mkdirSync(home);
      run();
      assert.isNotEmpty(readdirSync(inData));
    }).pipe(Effect.scoped),
  );
});
