/** The store's id, made with it: a client that comes back with the sequence number of another store is told so. */
import { randomBytes } from "node:crypto";
import { Effect } from "effect";
import { SqlBatch } from "../platform/Sql.ts";

export const storeId = Effect.fn("storeId")(function* () {
  const sql = yield* SqlBatch;
  const fresh = randomBytes(8).toString("hex");
  yield* sql.run([
    { sql: "INSERT INTO store (key, value) VALUES ('id', ?) ON CONFLICT (key) DO NOTHING", args: [fresh] },
  ]);
  const [row] = yield* sql.query("SELECT value FROM store WHERE key = 'id'");
  return String(row?.value);
});
