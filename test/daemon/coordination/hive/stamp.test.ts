import fc from "fast-check";
import { assert, describe, it } from "vitest";
import { fieldClock, formatStamp, maxAheadMs } from "../../../../daemon/coordination/hive/stamp.ts";

const now = 1_760_000_000_000;

describe("field stamps", () => {
  it("order as plain strings by time, then counter, then clone", () => {
    const moment = fc.record({
      ms: fc.nat(2 ** 31),
      counter: fc.nat(0xffff),
      clone: fc.constantFrom("a", "b", "c"),
    });
    fc.assert(
      fc.property(moment, moment, (a, b) => {
        const [left, right] = [formatStamp(a, a.clone), formatStamp(b, b.clone)];
        const expected = a.ms - b.ms || a.counter - b.counter || a.clone.localeCompare(b.clone);
        assert.strictEqual(Math.sign(left < right ? -1 : left > right ? 1 : 0), Math.sign(expected));
      }),
    );
  });

  it("grow at each tick, whatever the clock does and whatever was received", () => {
    const step = fc.oneof(
      fc.record({ tick: fc.integer({ min: -5_000_000, max: 5_000_000 }) }),
      fc.record({
        receive: fc.integer({ min: -5_000_000, max: maxAheadMs }),
        clone: fc.constantFrom("us", "them"),
      }),
    );
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const clock = fieldClock("us");
        let greatest = "";
        for (const one of steps) {
          if ("tick" in one) {
            const stamp = clock.tick(now + one.tick);
            assert.isTrue(stamp > greatest);
            greatest = stamp;
          } else {
            const stamp = formatStamp({ ms: now + one.receive, counter: 7 }, one.clone);
            clock.receive(stamp, now);
            if (stamp > greatest) greatest = stamp;
          }
        }
      }),
    );
  });

  it("do not follow another clone's clock that is more than an hour ahead, and do follow our own", () => {
    const ahead = formatStamp({ ms: now + maxAheadMs + 1, counter: 0 }, "them");
    const clock = fieldClock("us");
    clock.receive(ahead, now);
    assert.isTrue(clock.tick(now) < ahead);
    const own = formatStamp({ ms: now + maxAheadMs + 1, counter: 0 }, "us");
    clock.receive(own, now);
    assert.isTrue(clock.tick(now) > own);
  });

  it("go on when the counter is full or what is received is no stamp", () => {
    const clock = fieldClock("us");
    const full = formatStamp({ ms: now, counter: 0xffff }, "us");
    clock.receive(full, now);
    clock.receive("", now);
    clock.receive("nonsense", now);
    const next = clock.tick(now);
    assert.isTrue(next > full);
    assert.strictEqual(next.length, full.length);
  });
});
