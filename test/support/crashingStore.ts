/**
 * A store that a test closes, kills and opens again, with services on top. Killed means: what goes on is the files as
 * they lie on the disk at that moment, and nobody hears more of what was under way.
 */
import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { type Context, Effect, Exit, Layer, Result, Scope } from "effect";
import { sqlLayer } from "../../daemon/platform/Sql.ts";
import { AwakeClock } from "../../daemon/primitives/AwakeClock.ts";
import { EventStore } from "../../daemon/primitives/EventStore.ts";
import type { Projection } from "../../daemon/primitives/Projection.ts";
import { projections, stateTables } from "../../daemon/tables.ts";
import { collectStore } from "./collectStore.ts";
import { tempFolder } from "./tempFolder.ts";

/** Its row can't be written: a transaction with such an event fails, with everything that was decided in it. */
const fragile: Projection = {
  name: "fragile",
  version: 1,
  tables: [{ name: "fragile", columns: { name: "text" }, key: ["name"] }],
  types: ["agent_ended"],
  apply: () => [{ table: "fragile", key: { name: null as unknown as string }, set: {} }],
};

/** An append that fails in the database. */
export const failingAppend = (store: EventStore["Service"]) =>
  Effect.ignore(
    store.append({ project: "p", actor: "daemon" }, [
      { stream: "agent/x", type: "agent_ended", data: { name: "x", reason: "none" } },
    ]),
  );

/** Returns when what was begun is written, and what follows from it too. */
export const quiet = Effect.fnUntraced(function* (store: EventStore["Service"]) {
  for (let round = 0; round < 4; round++) {
    yield* Effect.promise(() => setImmediate());
    yield* Effect.promise(() => setImmediate());
    yield* Effect.ignore(
      store.decide({ project: "p", actor: "daemon" }, () =>
        Result.succeed({ events: [], answer: () => undefined }),
      ),
    );
  }
});

export const crashingStore = Effect.fnUntraced(function* <S, E>(
  layer: Layer.Layer<S, E, EventStore | AwakeClock>,
) {
  const base = yield* tempFolder;
  let copies = 0;
  let folder = join(base, "0");
  mkdirSync(folder);
  let scope: Scope.Closeable | undefined;
  const close = Effect.suspend(() => {
    const open = scope;
    scope = undefined;
    return open === undefined ? Effect.void : Scope.close(open, Exit.void);
  });
  yield* Effect.addFinalizer(() =>
    Effect.andThen(
      close,
      Effect.sync(() => collectStore(join(folder, "store.db"))),
    ),
  );
  const open = Effect.gen(function* () {
    yield* close;
    scope = yield* Scope.make();
    const whole = layer.pipe(
      Layer.provideMerge(EventStore.layer([...projections, fragile], stateTables)),
      Layer.provide(sqlLayer({ file: join(folder, "store.db") })),
      Layer.provideMerge(AwakeClock.layer),
    );
    const parts: Context.Context<S | EventStore | AwakeClock> = yield* Layer.buildWithScope(whole, scope);
    return parts;
  });
  const kill = Effect.suspend(() => {
    const next = join(base, String(++copies));
    mkdirSync(next);
    // The log first: what of it moves into the file meanwhile is then there twice, and not missing.
    for (const name of ["store.db-wal", "store.db"])
      if (existsSync(join(folder, name))) copyFileSync(join(folder, name), join(next, name));
    folder = next;
    return close;
  });
  return { open, close, kill };
});
