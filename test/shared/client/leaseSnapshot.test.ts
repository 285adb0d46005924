import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import {
  type LeaseSnapshot,
  leaseSnapshotFile,
  readLeaseSnapshot,
  type SnapshotLease,
  stateBySnapshot,
} from "../../../shared/client/leaseSnapshot.ts";
import { tempFolder } from "../../support/tempFolder.ts";

const now = Date.parse("2026-01-01T12:00:00.000Z");
const later = "2026-01-01T12:10:00.000Z";
const asking = { harness: "claude", session: "s-1", now };

const lease = (fields: Partial<SnapshotLease>): SnapshotLease => ({
  lease: "l",
  holder: "Alice",
  patterns: ["src/**"],
  exclusive: true,
  ...fields,
});

const snapshot = (...leases: ReadonlyArray<SnapshotLease>): LeaseSnapshot => ({
  store: "store",
  seq: 7,
  at: "2026-01-01T11:59:00.000Z",
  leases,
  sessions: [{ harness: "claude", session: "s-1", name: "Alice" }],
});

const stateOf = (taken: LeaseSnapshot, path = "src/a.ts", session = "s-1") =>
  stateBySnapshot(taken, { ...asking, session, path }).file;

describe("a snapshot of the leases", () => {
  it("says whose a file is", () => {
    assert.strictEqual(stateOf(snapshot()), "free");
    assert.strictEqual(stateOf(snapshot(lease({ expiresAt: later }))), "mine");
    assert.strictEqual(stateOf(snapshot(lease({})), "lib/a.ts"), "free");
    assert.strictEqual(stateOf(snapshot(lease({ holder: "Bob" }))), "other");
    assert.strictEqual(stateOf(snapshot(lease({}), lease({ holder: "Bob", exclusive: false }))), "mine");
    // A session that is not known holds nothing, and neither does one of another harness.
    assert.strictEqual(stateOf(snapshot(lease({})), "src/a.ts", "s-2"), "other");
    const odd = { ...snapshot(lease({})), sessions: [{ harness: "x", session: "s-1", name: "Alice" }] };
    assert.strictEqual(stateOf(odd), "other");
  });

  it("does not take a lease of a cell or an epic for a session's of the same name", () => {
    for (const work of [{ cell: "Alice" }, { epic: "Alice" }])
      assert.strictEqual(stateOf(snapshot(lease(work))), "other");
  });

  it("lets a lease go at its time", () => {
    const over = new Date(now).toISOString();
    assert.strictEqual(stateOf(snapshot(lease({ holder: "Bob", expiresAt: over }))), "free");
    assert.strictEqual(stateOf(snapshot(lease({ holder: "Bob", expiresAt: later }))), "other");
  });

  it("takes a pattern that it can't read for one that covers everything", () => {
    assert.strictEqual(stateOf(snapshot(lease({ holder: "Bob", patterns: ["/absolute"] }))), "other");
  });

  it.live("is read from its file, or is not there", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder;
      const file = leaseSnapshotFile(folder, "p");
      const read = Effect.promise(() => readLeaseSnapshot(folder, "p"));
      assert.isUndefined(yield* read);
      yield* Effect.promise(() => mkdir(dirname(file), { recursive: true }));
      const put = (text: string) => Effect.promise(() => writeFile(file, text));
      const good = snapshot(lease({ expiresAt: later }));
      yield* put(JSON.stringify(good));
      assert.deepStrictEqual(yield* read, good);
      // Half a file, another thing's file, a newer version's: nothing that could be relied on.
      for (const text of ["", JSON.stringify(good).slice(0, 40), "{}", "[]", '{"leases":[{}]}']) {
        yield* put(text);
        assert.isUndefined(yield* read, text);
      }
      yield* put(JSON.stringify({ ...good, more: 1 }));
      assert.deepStrictEqual((yield* read)?.leases, good.leases);
    }),
  );
});
