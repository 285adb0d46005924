/**
 * Field stamps: a hybrid logical clock and the clone that wrote. Of two values of a field the one with the
 * greater stamp wins, on every machine alike; stamps compare as plain strings.
 *
 * A stamp is `<milliseconds, 12 hex digits>-<counter, 4 hex digits>-<clone id>`.
 */
import { Result } from "effect";

/** What a clock has seen: no stamp that it makes is less than this. */
interface Moment {
  readonly ms: number;
  readonly counter: number;
}

const maxCounter = 0xffff;
const maxMs = 0xffff_ffff_ffff;
/** A stamp further ahead than this comes from a clock that is wrong; following it would spread the error. */
export const maxAheadMs = 60 * 60 * 1000;

export const formatStamp = ({ ms, counter }: Moment, clone: string): string =>
  `${hex(ms, 12)}-${hex(counter, 4)}-${clone}`;

const hex = (value: number, digits: number) => value.toString(16).padStart(digits, "0");

export const parseStamp = (
  stamp: string,
): Result.Result<Moment & { readonly clone: string }, { readonly message: string }> => {
  const parts = /^([0-9a-f]{12})-([0-9a-f]{4})-(.+)$/.exec(stamp);
  if (parts === null) return Result.fail({ message: `${JSON.stringify(stamp)} is no field stamp.` });
  const [, ms = "", counter = "", clone = ""] = parts;
  return Result.succeed({ ms: Number.parseInt(ms, 16), counter: Number.parseInt(counter, 16), clone });
};

/** The clone that wrote it; undefined for what is no stamp. */
export const cloneOf = (stamp: string): string | undefined => Result.getOrUndefined(parseStamp(stamp))?.clone;

export interface FieldClock {
  /** A stamp greater than every one that this clock made or took notice of. */
  readonly tick: (nowMs: number) => string;
  /**
   * Takes notice of a stamp that was read. One by another clone that is more than an hour ahead never advances
   * this clock; the value that bears it is kept all the same. What is no stamp is passed over.
   */
  readonly receive: (stamp: string, nowMs: number) => void;
}

export const fieldClock = (clone: string): FieldClock => {
  let last: Moment = { ms: 0, counter: 0 };
  return {
    tick: (nowMs) => {
      last = nowMs > last.ms ? { ms: nowMs, counter: 0 } : after(last);
      return formatStamp(last, clone);
    },
    receive: (stamp, nowMs) => {
      const read = Result.getOrUndefined(parseStamp(stamp));
      if (read === undefined) return;
      if (read.clone !== clone && read.ms > nowMs + maxAheadMs) return;
      const isLater = read.ms > last.ms || (read.ms === last.ms && read.counter > last.counter);
      if (isLater) last = { ms: read.ms, counter: read.counter };
    },
  };
};

const after = ({ ms, counter }: Moment): Moment =>
  counter < maxCounter ? { ms, counter: counter + 1 } : { ms: Math.min(ms + 1, maxMs), counter: 0 };
