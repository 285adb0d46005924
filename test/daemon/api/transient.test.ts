/** What the daemon does when another program holds its database: calls that only look are made again, others fail. */
import { join } from "node:path";
import { assert, describe, it } from "@effect/vitest";
import { Context, Effect, Schema, type Scope } from "effect";
import Database from "libsql";
import { encodeFailure, isTransient, refuseRequest } from "../../../daemon/api/encodeFailure.ts";
import { SqlBatch, sqlLayer } from "../../../daemon/platform/Sql.ts";
import { type AnyError, NotNow, StorageError } from "../../../shared/contract/errors.ts";
import { o, read } from "../../../shared/contract/route.ts";
import { createPlainHandler } from "../../../shared/router/createPlainHandler.ts";
import { createRouter } from "../../../shared/router/createRouter.ts";
import { implement } from "../../../shared/router/implement.ts";
import { tempFolder } from "../../support/tempFolder.ts";

const Empty = Schema.Struct({});
const table = createRouter({
  look: read("person").input(Empty).output(Schema.Int),
  act: o({ access: "person" }).input(Empty).output(Schema.Int),
});

const insert = [{ sql: "INSERT INTO calls VALUES (1)", args: [] }];
const noHeaders = { get: () => null, has: () => false, [Symbol.iterator]: () => [][Symbol.iterator]() };

/** Calls a route of a daemon whose database another connection holds until it has been refused once. */
const callWhileHeld = (path: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlBatch;
    const { file } = yield* Place;
    yield* sql.run([{ sql: "CREATE TABLE calls (n INTEGER)", args: [] }]);
    const other = yield* Effect.acquireRelease(
      Effect.sync(() => new Database(file)),
      (open) => Effect.sync(() => open.close()),
    );
    other.exec("BEGIN IMMEDIATE");
    const refused: Array<string> = [];
    // Both write, since that is what another's lock keeps from happening.
    const write = Effect.as(sql.run(insert), refused.length).pipe(
      Effect.tapError(({ code }) =>
        Effect.sync(() => {
          refused.push(code);
          if (other.inTransaction) other.exec("ROLLBACK");
        }),
      ),
    );
    const answer = createPlainHandler<null, AnyError, never>({
      routes: implement<typeof table, null, AnyError, never>(table, { look: () => write, act: () => write }),
      services: Context.empty(),
      context: () => Effect.succeed(null),
      refuse: refuseRequest,
      transient: isTransient,
      encodeFailure: encodeFailure(() => undefined),
    });
    const url = `http://localhost/api/${path}`;
    const { status, body } = yield* Effect.promise((signal) =>
      answer({ method: "POST", url, headers: noHeaders, body: [Buffer.from("{}")] }, signal),
    );
    const [row] = yield* sql.query("SELECT count(*) AS count FROM calls");
    return { status, answer: JSON.parse(String(body)), refused, written: row?.count };
  });

class Place extends Context.Service<Place, { readonly file: string }>()("test/Place") {}

const withStore = <A, E>(use: Effect.Effect<A, E, SqlBatch | Place | Scope.Scope>) =>
  Effect.gen(function* () {
    const file = join(yield* tempFolder, "store.db");
    return yield* use.pipe(Effect.provideService(Place, { file }), Effect.provide(sqlLayer({ file })));
  }).pipe(Effect.scoped);

describe("a database that another program holds", () => {
  it.live("costs a call that only looks nothing but time", () =>
    withStore(
      Effect.gen(function* () {
        const { status, refused, written } = yield* callWhileHeld("look");
        assert.deepStrictEqual([status, refused, written], [200, ["SQLITE_BUSY"], 1]);
      }),
    ),
  );

  it.live("fails one that acts, with a sentence", () =>
    withStore(
      Effect.gen(function* () {
        const { status, refused, written, answer } = yield* callWhileHeld("act");
        assert.deepStrictEqual([status, refused, written], [500, ["SQLITE_BUSY"], 0]);
        assert.include(answer, { _tag: "StorageError", code: "SQLITE_BUSY" });
        assert.match(answer.message, /Another program holds the database; close it\.$/);
      }),
    ),
  );

  it("is the only failure that passes by itself", () => {
    const failed = (code: string) => isTransient(new StorageError({ code, message: "" }));
    assert.isTrue(failed("SQLITE_BUSY_SNAPSHOT"));
    for (const code of ["SQLITE_FULL", "SQLITE_CORRUPT", "SQLITE_READONLY", "THREAD_ENDED"]) {
      assert.isFalse(failed(code), code);
    }
    assert.isFalse(isTransient(new NotNow({ message: "" })));
  });
});
