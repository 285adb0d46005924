import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { assert, describe, it } from "@effect/vitest";
import { Effect, Layer, Logger, Stream } from "effect";
import { SqlBatch, sqlLayer } from "../../../daemon/platform/Sql.ts";
import { EventStore, type NewEvent } from "../../../daemon/primitives/EventStore.ts";
import { isRedacted } from "../../../shared/contract/events.ts";
import { tempFolder } from "../../support/tempFolder.ts";
import { asText, liveRows, replayed, tally } from "./pastFixture.ts";
import { agentsSeen, ended, origin, registered } from "./storeFixture.ts";

const full = process.env.OCVIBE_TEST_TIER === "full";
const secret = "hunter2-Qx9vKz";
const person = { actor: "person" } as const;

const open = (folder: string) =>
  EventStore.layer([agentsSeen, tally], [], 4).pipe(
    Layer.provideMerge(sqlLayer({ file: `${folder}/store.db` })),
    Layer.provideMerge(Logger.layer([])),
  );

/** Names of the files below the folder that have the text in them. */
const holding = (folder: string, text: string) =>
  readdirSync(folder).filter((name) => readFileSync(join(folder, name)).includes(text));

/** The secret is in an event, in the rows and snapshots made of it, and in pages of rows that were deleted. */
const spill = Effect.gen(function* () {
  const store = yield* EventStore;
  for (let n = 0; n < 12; n++) yield* store.append(origin, [registered(`a${n}`), ended(`a${n}`, "bye")]);
  const [told] = yield* store.append(origin, [ended("a1", `${secret} ${"x".repeat(9000)}`)]);
  yield* store.append(origin, [registered("z"), registered("a1"), ended("a2", "bye")]);
  // Rows with it are written over and deleted.
  for (let n = 0; n < 20; n++) yield* store.append(origin, [ended("a1", `later ${n}`)]);
  yield* store.rebuild;
  return told!.seq;
});

const whole = Effect.gen(function* () {
  const store = yield* EventStore;
  const events = yield* store.readAll({});
  assert.deepStrictEqual(
    events.map(({ seq }) => seq),
    events.map((_, index) => index + 1),
  );
  assert.deepStrictEqual(yield* liveRows, replayed(events));
  for (const seq of [events.length, events.length - 9, 30, 25, 24, 7]) {
    const { tables } = yield* store.stateAt({ seq });
    assert.deepStrictEqual(asText(tables), replayed(events.slice(0, seq)), `as of ${seq}`);
  }
  for (const { equal, projection } of yield* store.rebuild) assert.isTrue(equal, projection);
  return events;
});

describe("redact", () => {
  it.live("takes the data away everywhere, keeps that it happened, and is recorded", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder;
      yield* Effect.gen(function* () {
        const seq = yield* spill;
        const store = yield* EventStore;
        assert.includeMembers(holding(folder, secret), ["store.db-wal"]);
        const [before] = yield* store.readAll({ after: seq - 1, upTo: seq });
        const { redaction } = yield* store.redact(person, seq, "a password");
        const events = yield* whole;
        assert.deepStrictEqual(events[seq - 1], { ...before!, data: { redacted: 1 } });
        const record = events[redaction - 1];
        assert.deepInclude(record, { stream: "store", type: "event_redacted", actor: "person" });
        assert.deepStrictEqual(record?.data, { redacted: seq, type: "agent_ended", reason: "a password" });
        assert.deepStrictEqual(holding(folder, secret), [], "while the store is open");
        // Whoever follows the log from memory does not see it either.
        const followed = yield* Stream.runCollect(store.subscribe({ upTo: redaction }));
        assert.notInclude(JSON.stringify(followed), secret);
        // Again is the same.
        assert.deepStrictEqual(yield* store.redact(person, seq, "again"), { seq, redaction });
        assert.strictEqual(yield* store.head, redaction);
      }).pipe(Effect.provide(open(folder)));
      assert.deepStrictEqual(holding(folder, secret), [], "when it is closed");
    }).pipe(Effect.scoped),
  );

  it.live("keeps the id of the event known: the same append tried again is still the same event", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder;
      yield* Effect.gen(function* () {
        const store = yield* EventStore;
        const event: NewEvent = registered("a", "0198f000-0000-7000-8000-000000000001");
        yield* store.append(origin, [event]);
        yield* store.redact(person, 1, "a name");
        const [again] = yield* store.append(origin, [event]);
        assert.deepInclude(again, { seq: 1, data: { redacted: 1 } });
        const other = yield* Effect.flip(store.append(origin, [{ ...event, stream: "agent/b" }]));
        assert.strictEqual(other._tag, "EventRejected");
        assert.strictEqual(yield* store.head, 2);
      }).pipe(Effect.provide(open(folder)));
    }).pipe(Effect.scoped),
  );

  it.live("lets a view that decides forget it", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder;
      yield* Effect.gen(function* () {
        const store = yield* EventStore;
        let seen: ReadonlyArray<unknown> = [];
        yield* store.attach({
          load: Effect.map(store.rows("seen"), (rows) => {
            seen = rows.map(({ name }) => name);
          }),
          applyEvent: (event) => {
            if (event.type === "agent_registered" && !isRedacted(event)) seen = [...seen, event.stream];
          },
        });
        yield* store.append(origin, [registered("a"), registered("b")]);
        assert.deepStrictEqual(seen, ["agent/a", "agent/b"]);
        yield* store.redact(person, 1, "a name");
        assert.deepStrictEqual(seen, ["b"]);
      }).pipe(Effect.provide(open(folder)));
    }).pipe(Effect.scoped),
  );

  it.live("refuses what is not there, and the record of a redaction", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder;
      yield* Effect.gen(function* () {
        const store = yield* EventStore;
        yield* store.append(origin, [registered("a")]);
        yield* store.redact(person, 1, "a name");
        for (const seq of [0, -1, 3, 1.5, Number.NaN]) {
          const error = yield* Effect.flip(store.redact(person, seq, "x"));
          assert.strictEqual(error._tag, "NotFound", String(seq));
          assert.include(error.message, "`ocvibe events`");
        }
        assert.strictEqual((yield* Effect.flip(store.redact(person, 2, "x")))._tag, "InvalidInput");
        assert.strictEqual(yield* store.head, 2);
      }).pipe(Effect.provide(open(folder)));
    }).pipe(Effect.scoped),
  );

  it.live(
    "is whole or never begun after kill -9 at any of its steps, once the store was opened again",
    () =>
      Effect.gen(function* () {
        const made = yield* tempFolder;
        const seq = yield* spill.pipe(Effect.provide(open(made)));
        const script = join(import.meta.dirname, "redactAndDie.ts");
        const found = { before: 0, after: 0 };
        // In the quick tier every fourth step, from another one each time.
        const stride = full ? 1 : 4;
        for (let calls = Math.floor(Math.random() * stride); ; calls += stride) {
          const folder = yield* tempFolder;
          yield* Effect.promise(() => cp(made, folder, { recursive: true }));
          const output = yield* Effect.promise(() =>
            promisify(execFile)("node", [script, folder, String(seq), String(calls)]).then(
              ({ stdout }) => stdout,
              (cause) => {
                assert.strictEqual(cause.signal, "SIGKILL", cause.stderr);
                return "";
              },
            ),
          );
          const events = yield* whole.pipe(Effect.provide(open(folder)));
          const records = events.filter(({ type }) => type === "event_redacted");
          assert.strictEqual(records.length, isRedacted(events[seq - 1]!) ? 1 : 0, `before call ${calls}`);
          if (records.length === 1)
            assert.deepStrictEqual(holding(folder, secret), [], `before call ${calls}`);
          found[records.length === 1 ? "after" : "before"]++;
          if (output === "done") break;
        }
        assert.isAtLeast(found.before, full ? 2 : 0);
        assert.isAtLeast(found.after, full ? 6 : 1);
      }).pipe(Effect.scoped),
    120_000,
  );

  it.live("comes between nothing: appends of others go on around it", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder;
      yield* Effect.gen(function* () {
        const store = yield* EventStore;
        const sql = yield* SqlBatch;
        yield* store.append(origin, [ended("a", secret), registered("b")]);
        const others = Effect.forEach(
          Array.from({ length: 60 }, (_, n) => `n${n % 9}`),
          (name, n) => store.append(origin, [n % 2 === 0 ? registered(name) : ended(name, "bye")]),
          { concurrency: 6, discard: true },
        );
        yield* Effect.all([others, store.redact(person, 1, "x"), store.redact(person, 1, "y")], {
          concurrency: 3,
        });
        const events = yield* whole;
        assert.strictEqual(events.filter(({ type }) => type === "event_redacted").length, 1);
        assert.deepStrictEqual(yield* sql.query("SELECT key FROM store WHERE key = 'cleaning'"), []);
        assert.deepStrictEqual(holding(folder, secret), []);
      }).pipe(Effect.provide(open(folder)));
    }).pipe(Effect.scoped),
  );
});
