/** Closes a database again and again while its reader prepares and runs statements that nobody waits for any more. */
import { Effect, Fiber } from "effect";
import { SqlBatch, sqlLayer } from "../../../daemon/platform/Sql.ts";

const [, , folder = ""] = process.argv;
const rounds = 15;
for (let round = 0; round < rounds; round++) {
  await Effect.runPromise(
    Effect.gen(function* () {
      const sql = yield* SqlBatch;
      yield* sql.read("SELECT 1");
      const reading = yield* Effect.forkChild(
        Effect.forEach(
          Array.from({ length: 3000 }, (_, n) => `SELECT ${n}, '${round}'`),
          (text) => sql.read(text),
          { concurrency: "unbounded", discard: true },
        ),
        { startImmediately: true },
      );
      yield* Effect.sleep(3 + round);
      yield* Fiber.interrupt(reading);
    }).pipe(Effect.provide(sqlLayer({ file: `${folder}/store.db` }))),
  );
}
process.stdout.write(`closed ${rounds} times`);
