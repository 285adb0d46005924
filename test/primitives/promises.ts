/** What must hold of a log and of what its clients were told, whatever was killed. */
import { Result } from "effect";
import { assert } from "vitest";
import type { Row } from "../../daemon/primitives/Projection.ts";
import { isKnown, type StoredEvent } from "../../shared/contract/events.ts";
import { intersects, type Pattern, parsePattern } from "../../shared/contract/pattern.ts";

/** One answer that a client got. */
export interface Told {
  readonly by: string;
  readonly did: "acquire" | "release" | "reserve" | "send" | "ack" | "create" | "settle" | "position";
  readonly name?: string;
  readonly token?: number;
  readonly id?: string;
  readonly recipient?: string;
  readonly how?: string;
  readonly value?: number;
  readonly seq?: number;
}

const parse = (text: string): Pattern => Result.getOrThrow(parsePattern(text));

/** Fails with what is broken, and counts what there was. */
export const checkPromises = (
  events: ReadonlyArray<StoredEvent>,
  told: ReadonlyArray<Told>,
  mail: ReadonlyArray<Row>,
) => {
  const holders = new Map<string, number>();
  /** By token: a renewal may only move it on. */
  const promisedUntil = new Map<number, number>();
  const leases = new Map<string, { readonly holder: string; readonly patterns: ReadonlyArray<Pattern> }>();
  const sent = new Map<string, { readonly seq: number; readonly to: ReadonlyArray<string> }>();
  const acked = new Set<string>();
  const dead = new Set<string>();
  const traces = new Map<string, number>();
  const outcomes = new Map<string, readonly [how: string, value: unknown]>();
  const created = new Set<string>();
  const counts = { locks: 0, leases: 0, messages: 0, acks: 0, worked: 0, consumed: 0, settled: 0 };

  for (const [index, event] of events.entries()) {
    assert.strictEqual(event.seq, index + 1, "seq has a gap");
    if (!isKnown(event)) continue;
    const { data, seq } = event;
    switch (event.type) {
      case "lock_acquired": {
        const { name } = event.data;
        assert.isUndefined(holders.get(name), `two holders of ${name} at once, at ${seq}`);
        holders.set(name, seq);
        promisedUntil.set(seq, Date.parse(event.data.expiresAt));
        counts.locks += 1;
        break;
      }
      case "lock_released":
      case "lock_expired": {
        const { name, token } = event.data;
        assert.strictEqual(holders.get(name), token, `${name} ended under another token, at ${seq}`);
        const early = (promisedUntil.get(token) ?? 0) - Date.parse(event.at);
        // The clocks of two processes, read as awake time, differ by a little.
        if (event.type === "lock_expired") assert.isBelow(early, 50, `${name} expired too early, at ${seq}`);
        holders.delete(name);
        break;
      }
      case "lease_granted": {
        const { lease, holder } = event.data;
        const patterns = event.data.patterns.map(parse);
        for (const other of leases.values()) {
          const clash =
            other.holder !== holder &&
            other.patterns.some((left) => patterns.some((right) => intersects(left, right)));
          assert.isFalse(clash, `${holder} and ${other.holder} hold the same files, at ${seq}`);
        }
        leases.set(lease, { holder, patterns });
        counts.leases += 1;
        break;
      }
      case "lease_released":
      case "lease_expired":
        assert.isTrue(leases.delete(event.data.lease), `a lease ended twice, at ${seq}`);
        break;
      case "mail_sent":
        assert.isUndefined(sent.get(event.data.id), `a message was sent twice, at ${seq}`);
        sent.set(event.data.id, { seq, to: event.data.to });
        counts.messages += 1;
        break;
      case "mail_acked": {
        const key = `${event.data.id} ${event.data.recipient}`;
        assert.isFalse(acked.has(key) || dead.has(key), `a message ended twice, at ${seq}`);
        acked.add(key);
        counts.acks += 1;
        break;
      }
      case "mail_dead": {
        const key = `${event.data.id} ${event.data.recipient}`;
        assert.isFalse(acked.has(key) || dead.has(key), `a message ended twice, at ${seq}`);
        dead.add(key);
        break;
      }
      case "agent_ended":
        traces.set(event.data.name, (traces.get(event.data.name) ?? 0) + 1);
        break;
      case "deferred_created":
        created.add(event.data.id);
        break;
      case "deferred_resolved":
      case "deferred_rejected":
      case "deferred_expired": {
        assert.isUndefined(outcomes.get(event.data.id), `a deferred was settled twice, at ${seq}`);
        const value = "value" in data ? data.value : "reason" in data ? Number(data.reason) : undefined;
        outcomes.set(event.data.id, [event.type.slice("deferred_".length), value]);
        counts.settled += 1;
        break;
      }
      default:
        break;
    }
  }

  // Nothing is lost: a message is acked, dead, or in an inbox.
  const waiting = new Set(mail.map((row) => `${row.id} ${row.recipient}`));
  for (const [id, { seq, to }] of sent) {
    for (const recipient of to) {
      const key = `${id} ${recipient}`;
      assert.isTrue(acked.has(key) || dead.has(key) || waiting.has(key), `the message ${id} is lost`);
      const worked = traces.get(`worked-${id}`) ?? 0;
      if (recipient === "worker") {
        assert.strictEqual(worked, acked.has(key) ? 1 : 0, `the message ${id} was worked on`);
        counts.worked += worked;
      }
    }
    const consumed = traces.get(`consumed-${seq}`) ?? 0;
    assert.strictEqual(consumed, 1, `the event ${seq} was consumed`);
    counts.consumed += consumed;
  }

  // What a client was told is so.
  const bySeq = new Map(events.map((event) => [event.seq, event]));
  const reached = new Map<string, number>();
  for (const one of told) {
    switch (one.did) {
      case "acquire":
        assert.strictEqual(bySeq.get(one.token ?? 0)?.type, "lock_acquired", JSON.stringify(one));
        break;
      case "release":
        assert.notStrictEqual(holders.get(one.name ?? ""), one.token, JSON.stringify(one));
        break;
      case "reserve":
        assert.strictEqual(bySeq.get(one.token ?? 0)?.type, "lease_granted", JSON.stringify(one));
        break;
      case "send":
        assert.isDefined(sent.get(one.id ?? ""), JSON.stringify(one));
        break;
      case "ack":
        assert.isTrue(acked.has(`${one.id} ${one.recipient}`), JSON.stringify(one));
        break;
      case "create":
        assert.isTrue(created.has(one.id ?? ""), JSON.stringify(one));
        break;
      case "settle":
        assert.deepStrictEqual(outcomes.get(one.id ?? ""), [one.how ?? "", one.value], JSON.stringify(one));
        break;
      case "position":
        assert.isAtLeast(one.seq ?? 0, reached.get(one.by) ?? 0, "a checkpoint moved back");
        reached.set(one.by, one.seq ?? 0);
        break;
    }
  }
  return counts;
};
