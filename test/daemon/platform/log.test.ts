/** The daemon's log file: it is rotated between lines, and a line is whole whatever happened before it. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import { fileLog } from "../../../daemon/platform/log.ts";
import { tempFolder } from "../../support/tempFolder.ts";

const linesOf = (file: string): ReadonlyArray<Readonly<Record<string, unknown>>> => {
  const text = readFileSync(file, "utf8");
  assert.isTrue(text.endsWith("\n"), `${file} ends with a line`);
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
};

describe("the daemon's log", () => {
  it.effect("keeps three old parts of whole lines, and loses none of what it keeps", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder;
      const file = join(folder, "daemon.log");
      // Two bytes a letter: a file is as large as its bytes are.
      const padding = "ü".repeat(50_000);
      const entries = 300;
      yield* Effect.gen(function* () {
        for (let n = 0; n < entries; n++) yield* Effect.logInfo("entry", { n, padding });
      }).pipe(Effect.provide(fileLog(file)));
      assert.sameMembers(readdirSync(folder), ["daemon.log", "daemon.log.1", "daemon.log.2", "daemon.log.3"]);
      const numbers = [".3", ".2", ".1", ""].flatMap((part) => {
        const lines = linesOf(`${file}${part}`);
        assert.isBelow(lines.length, 60, "5 MB are 50 such lines");
        return lines.map(({ n }) => Number(n));
      });
      const [first = 0] = numbers;
      assert.deepStrictEqual(
        numbers,
        Array.from({ length: entries - first }, (_, n) => first + n),
      );
    }),
  );

  it.effect("begins a line of its own after one that was cut off", () =>
    Effect.gen(function* () {
      const file = join(yield* tempFolder, "daemon.log");
      writeFileSync(file, '{"whole":1}\n{"cut');
      yield* Effect.logInfo("after").pipe(Effect.provide(fileLog(file)));
      const [whole, cut, after] = readFileSync(file, "utf8").split("\n");
      assert.deepStrictEqual([whole, cut], ['{"whole":1}', '{"cut']);
      assert.strictEqual(JSON.parse(after ?? "").message, "after");
    }),
  );

  it.effect("goes on when the file could not be written for a while, and says how much is missing", () =>
    Effect.gen(function* () {
      const file = join(yield* tempFolder, "daemon.log");
      yield* Effect.gen(function* () {
        mkdirSync(file);
        yield* Effect.logInfo("lost");
        yield* Effect.logInfo("lost too");
        rmdirSync(file);
        yield* Effect.logInfo("kept");
        yield* Effect.logInfo("last");
      }).pipe(Effect.provide(fileLog(file)));
      assert.isTrue(existsSync(file));
      const said = linesOf(file).map(({ message, lostEntries }) => [message, lostEntries]);
      assert.deepStrictEqual(said, [
        ["kept", 2],
        ["last", undefined],
      ]);
    }),
  );
});
