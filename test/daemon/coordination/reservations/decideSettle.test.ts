import { assert, describe, it } from "vitest";
import { decideSettle } from "../../../../daemon/coordination/reservations/decideSettle.ts";
import { leaseBook } from "../../../../daemon/coordination/reservations/leaseBook.ts";
import { leaseTickets } from "../../../../daemon/coordination/reservations/leaseTables.ts";
import type { StoredEvent } from "../../../../shared/contract/events.ts";

const project = "p";
const clock = {
  now: () => 0,
  wallOf: (awake: number) => awake,
  awakeOf: (wall: number) => wall,
  onJump: () => {
    throw new Error("not used");
  },
  sleepUntil: () => {
    throw new Error("not used");
  },
};
const iso = (at: number) => new Date(at).toISOString();

const granted = (seq: number, holder: string, patterns: ReadonlyArray<string>, until: number) =>
  ({
    seq,
    project,
    stream: "lease",
    type: "lease_granted",
    data: { lease: `lease${seq}`, holder, patterns, exclusive: true, expiresAt: iso(until) },
  }) as unknown as StoredEvent;

const waits = (position: number, holder: string, patterns: ReadonlyArray<string>) => ({
  table: leaseTickets.name,
  tenant: "local",
  project,
  key: { ticket: `ticket${position}` },
  set: {
    position,
    holder,
    cell: null,
    epic: null,
    patterns,
    exclusive: 1,
    reason: null,
    ttl_seconds: 60,
    seen_at: iso(0),
  },
});

describe("serving the queue", () => {
  it("ends a lease that is over once, also when it was in the way of several", () => {
    const book = leaseBook(clock);
    book.applyEvent(granted(1, "A", ["src/**"], 1000));
    book.applyState(waits(1, "B", ["src/b.ts"]));
    book.applyState(waits(2, "C", ["src/c.ts"]));
    let ids = 0;
    const [settled, { events }] = decideSettle({ book, clock, project, now: 2000 }, () => `fresh${++ids}`);
    assert.strictEqual(settled.granted.length, 2);
    assert.deepStrictEqual(
      events.map(({ type }) => type),
      ["lease_expired", "lease_granted", "lease_granted"],
    );
  });

  it("does nothing for those who must wait still", () => {
    const book = leaseBook(clock);
    book.applyEvent(granted(1, "A", ["src/**"], 5000));
    book.applyState(waits(1, "B", ["src/b.ts"]));
    const [settled, writes] = decideSettle({ book, clock, project, now: 2000 }, () => "fresh");
    assert.deepStrictEqual([settled.granted, writes], [[], { events: [], state: [] }]);
  });
});
