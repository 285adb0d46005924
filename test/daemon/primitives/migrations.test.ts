import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import { SqlBatch } from "../../../daemon/platform/Sql.ts";
import { EventStore } from "../../../daemon/primitives/EventStore.ts";
import { tempFolder } from "../../support/tempFolder.ts";
import { origin, registered, storeAt, withStore } from "./storeFixture.ts";

const run = (sql: string) => Effect.flatMap(SqlBatch, (batch) => batch.run([{ sql, args: [] }]));

describe("migrations", () => {
  it.live("make events that nothing changes or deletes, except a redaction of their data", () =>
    withStore(() =>
      Effect.gen(function* () {
        const store = yield* EventStore;
        const [first] = yield* store.append(origin, [registered("a"), registered("b")]);
        const copy = (seq: string, id: string) =>
          `INSERT OR REPLACE INTO events SELECT ${seq}, ${id}, tenant, project, stream, 'x', version, '{}', actor, at,
            correlation, causation FROM events WHERE seq = 1`;
        for (const statement of [
          "DELETE FROM events WHERE seq = 2",
          "UPDATE events SET seq = 7 WHERE seq = 2",
          "UPDATE events SET stream = 'agent/z'",
          "UPDATE OR REPLACE events SET id = (SELECT id FROM events WHERE seq = 2) WHERE seq = 1",
          `UPDATE events SET data = '{"redacted":false}'`,
          `UPDATE events SET data = '{"redacted":1}', causation = 'x'`,
          `UPDATE events SET data = '{"redacted":1,"by":"person"}'`,
          `UPDATE events SET data = '{"redacted":true}'`,
          copy("1", "'another'"),
          copy("3", "id"),
        ]) {
          const error = yield* Effect.flip(run(statement));
          assert.match(error.message, /immutable|never deleted/, statement);
        }
        assert.deepStrictEqual((yield* store.readAll({}))[0], first);
        yield* run(`UPDATE events SET data = '{"redacted":1}' WHERE seq = 1`);
        const [redacted] = yield* store.readAll({});
        assert.deepStrictEqual(redacted, { ...first!, data: { redacted: 1 } });
      }),
    ),
  );

  it.live("keep the store's id, and refuse a store of a newer version without touching it", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder;
      const open = Effect.map(EventStore, (store) => store.storeId).pipe(Effect.provide(storeAt(folder)));
      const id = yield* open;
      assert.match(id, /^[0-9a-f]{16}$/);
      assert.strictEqual(yield* open, id);
      yield* run("INSERT INTO migrations (migration_id, name) VALUES (9999, 'from_the_future')").pipe(
        Effect.provide(storeAt(folder)),
      );
      const error = yield* Effect.flip(open);
      assert.strictEqual(error.code, "NEWER_DATABASE");
      assert.match(error.message, /newer version of OpenCode Vibe.*Update this one; nothing was changed/);
    }).pipe(Effect.scoped),
  );
});
