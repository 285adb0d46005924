/** What a caller may ask of a lock, and the sentences for what it may not. */
import { Duration, Effect, Option } from "effect";
import { InvalidInput, LockHeld, LockNotHeld } from "../../shared/contract/errors.ts";
import type { Held, LockOptions } from "./Lock.ts";

export const defaultTtl = Duration.minutes(1);
const longestTtl = Duration.toMillis(Duration.days(366));

/** Milliseconds; NaN for what is no duration. */
const millis = (input: Duration.Input) =>
  Option.match(Duration.fromInput(input), { onNone: () => Number.NaN, onSome: Duration.toMillis });

/** `ttl` and `wait` in milliseconds. */
export const readLockOptions = Effect.fnUntraced(function* (name: string, options: LockOptions) {
  const ttl = millis(options.ttl ?? defaultTtl);
  const wait = millis(options.wait ?? 0);
  const invalid = (message: string) => new InvalidInput({ message });
  if (!isName(name))
    return yield* invalid("A lock needs a name of 1 to 200 characters, without line breaks.");
  if (!isName(options.holder))
    return yield* invalid(
      "A lock needs a holder of 1 to 200 characters, without line breaks; say who acquires it.",
    );
  if (!(ttl >= 1 && ttl <= longestTtl))
    return yield* invalid(`A lock lasts from a millisecond to 366 days, not ${ttl} ms.`);
  if (!(wait >= 0)) return yield* invalid(`One can't wait ${wait} ms for a lock; give 0 or more.`);
  return { holder: options.holder, ttl: Math.ceil(ttl), wait };
});

const isName = (text: string) => text !== "" && text.length <= 200 && !/[\0\r\n]/.test(text);

export const lockHeld = (lock: Held | undefined, name: string, holder: string) => {
  const until = new Date(lock?.expiresAt ?? 0).toISOString();
  if (lock === undefined) {
    const message = `The lock ${name} went to somebody who came first. Wait for it, or try again.`;
    return new LockHeld({ message, holder: "", expiresAt: until });
  }
  const message =
    lock.holder === holder
      ? `${holder} holds the lock ${name} already, until ${until}; it is not re-entrant. Release it, or go on under the one you have.`
      : `The lock ${name} is held by ${lock.holder} until ${until}. Wait for it, or try again later.`;
  return new LockHeld({ message, holder: lock.holder, expiresAt: until });
};

export const lockNotHeld = ({ name, token }: Pick<Held, "name" | "token">) =>
  new LockNotHeld({
    message: `The lock ${name.slice(0, 200)} is not held under token ${token} any more: it was released, or expired and may be another's. Acquire it again before you go on.`,
  });
