/**
 * Redacts event `seq` of the store in `folder` and ends itself by SIGKILL right before the `calls`th call of the
 * database, or prints "done" when there are not that many.
 */
import { Effect, Layer } from "effect";
import { SqlBatch, sqlLayer } from "../../../daemon/platform/Sql.ts";
import { EventStore } from "../../../daemon/primitives/EventStore.ts";
import { tally } from "./pastFixture.ts";
import { agentsSeen } from "./storeFixture.ts";

const [, , folder = "", seq = "", calls = ""] = process.argv;

let left = Number.POSITIVE_INFINITY;
const counting = <A, E>(call: Effect.Effect<A, E>) =>
  Effect.suspend(() => {
    if (left-- <= 0) process.kill(process.pid, "SIGKILL");
    return call;
  });

const dying = Layer.effect(
  SqlBatch,
  Effect.map(SqlBatch, (sql) => ({
    ...sql,
    run: (statements) => counting(sql.run(statements)),
    query: (statement, args) => counting(sql.query(statement, args)),
    read: (statement, args) => counting(sql.read(statement, args)),
  })),
);

await Effect.runPromise(
  Effect.gen(function* () {
    const store = yield* EventStore;
    // What the store does by itself after it was opened.
    yield* Effect.sleep(50);
    left = Number(calls);
    yield* store.redact({ actor: "person" }, Number(seq), "a secret");
    process.stdout.write("done");
  }).pipe(
    Effect.provide(
      EventStore.layer([agentsSeen, tally], [], 4).pipe(
        Layer.provideMerge(dying.pipe(Layer.provideMerge(sqlLayer({ file: `${folder}/store.db` })))),
      ),
    ),
  ),
);
