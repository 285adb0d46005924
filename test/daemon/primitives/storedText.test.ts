/** Texts that a column can't hold as they are: live rows, a rebuild and a state of the past agree on them. */
import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import fc from "fast-check";
import { EventStore } from "../../../daemon/primitives/EventStore.ts";
import { tempFolder } from "../../support/tempFolder.ts";
import { asText, liveRows, tally } from "./pastFixture.ts";
import { agentsSeen, ended, origin, registered, storeAt } from "./storeFixture.ts";

/** Any string of JavaScript's, with what is special in it more often than by chance. */
const anyText = fc
  .array(fc.oneof(fc.constantFrom("\0", "\ud800", "\udc00", "𝕏", "a", "\ufffd", "␀"), fc.string()), {
    minLength: 1,
    maxLength: 6,
  })
  .map((parts) => parts.join(""));

const agree = (names: ReadonlyArray<string>) =>
  Effect.flatMap(tempFolder, (folder) =>
    Effect.gen(function* () {
      const store = yield* EventStore;
      for (const name of names) yield* store.append(origin, [registered(name), ended(name, "bye")]);
      const live = yield* liveRows;
      const { tables } = yield* store.stateAt({ seq: yield* store.head });
      assert.deepStrictEqual(asText(tables), live);
      for (const { equal, projection } of yield* store.rebuild) assert.isTrue(equal, projection);
      assert.deepStrictEqual(yield* liveRows, live);
      const events = yield* store.readAll({});
      assert.deepStrictEqual(
        events
          .filter(({ type }) => type === "agent_registered")
          .map(({ data }) => (data as { name: string }).name),
        names,
        "the log has what was said",
      );
    }).pipe(Effect.provide(storeAt(folder, [agentsSeen, tally]))),
  ).pipe(Effect.scoped);

describe("storedText", () => {
  it.live("a text is nowhere cut off at a NUL, and half a surrogate pair is the same everywhere", () =>
    Effect.gen(function* () {
      yield* agree(["a\0b", "a", "\0", "x\ud800y", "\udc00"]);
      yield* Effect.promise(() =>
        fc.assert(
          fc.asyncProperty(fc.uniqueArray(anyText, { minLength: 1, maxLength: 5 }), (names) =>
            Effect.runPromise(agree(names)),
          ),
          { numRuns: 6 },
        ),
      );
    }),
  );

  it.live("a row is asked for by the text that was said, and another is not found by it", () =>
    Effect.flatMap(tempFolder, (folder) =>
      Effect.gen(function* () {
        const store = yield* EventStore;
        yield* store.append(origin, [registered("a"), registered("b\0c"), registered("d\ud800")]);
        const found = (name: string) =>
          Effect.map(store.rows("seen", { name }), (rows) => rows.map((row) => row.name));
        assert.deepStrictEqual(yield* found("a\0z"), []);
        assert.deepStrictEqual(yield* found("b\0c"), ["b␀c"]);
        assert.deepStrictEqual(yield* found("d\ud800"), ["d\ufffd"]);
        assert.strictEqual(yield* store.count("seen", { name: "a\0z" }), 0);
      }).pipe(Effect.provide(storeAt(folder))),
    ).pipe(Effect.scoped),
  );
});
