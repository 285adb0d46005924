/** Closes a database again and again while its reader opens it or is inside a statement, and whoever asked has gone. */
import { Effect, Fiber } from "effect";
import { SqlBatch, sqlLayer } from "../../../daemon/platform/Sql.ts";

const [, , folder = ""] = process.argv;
const many = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
  SELECT i, hex(randomblob(20)) AS text FROM n`;

const rounds = 40;
for (let round = 0; round < rounds; round++) {
  await Effect.runPromise(
    Effect.gen(function* () {
      const sql = yield* SqlBatch;
      if (round % 3 === 0) yield* sql.read("SELECT 1");
      const reading = yield* Effect.forkChild(sql.read(many), { startImmediately: true });
      yield* Effect.sleep(round);
      yield* Fiber.interrupt(reading);
    }).pipe(Effect.provide(sqlLayer({ file: `${folder}/store.db` }))),
  );
}
process.stdout.write(`closed ${rounds} times`);
