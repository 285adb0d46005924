import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import { EventStore } from "../../../daemon/primitives/EventStore.ts";
import { tempFolder } from "../../support/tempFolder.ts";
import { origin, registered, storeAt } from "./storeFixture.ts";

const kills = process.env.OCVIBE_TEST_TIER === "full" ? 25 : 4;

/** Lets a process append until it has been acknowledged at least so many lines, then kills it. */
const appendAndKill = async (folder: string, lines: number): Promise<ReadonlyArray<string>> => {
  const child = spawn("node", [join(import.meta.dirname, "appendForever.ts"), folder], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  let killed = false;
  child.stdout.on("data", (part: Buffer) => {
    output += part.toString();
    if (!killed && output.split("\n").length > lines) killed = child.kill("SIGKILL");
  });
  await once(child, "close");
  assert.isTrue(killed, "the process ended by itself");
  // The last line may be cut off.
  return output.split("\n").slice(0, -1);
};

describe("EventStore after kill -9", () => {
  it.live("has every event that was acknowledged, seq without gaps, and projections that equal the log", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder;
      const acknowledged: Array<string> = [];
      const seed = Math.floor(Math.random() * 1_000_000);
      for (let round = 0; round < kills; round++) {
        const lines = 20 + ((seed * (round + 1) * 7919) % 400);
        acknowledged.push(...(yield* Effect.promise(() => appendAndKill(folder, lines))));
        yield* Effect.gen(function* () {
          const store = yield* EventStore;
          const events = yield* store.readAll({});
          assert.deepStrictEqual(
            events.map((event) => event.seq),
            events.map((_, index) => index + 1),
            `seed ${seed}, round ${round}`,
          );
          const stored = new Set(events.map(({ seq, id }) => `${seq} ${id}`));
          assert.deepStrictEqual(
            acknowledged.filter((line) => !stored.has(line)),
            [],
            `seed ${seed}, round ${round}`,
          );
          for (const { equal, rows } of yield* store.rebuild) {
            assert.isTrue(equal, `seed ${seed}, round ${round}`);
            assert.isAbove(rows, 0);
          }
          const [next] = yield* store.append(origin, [registered(`after-${round}`)]);
          assert.strictEqual(next?.seq, events.length + 1);
        }).pipe(Effect.provide(storeAt(folder)));
      }
    }).pipe(Effect.scoped),
  );
});
