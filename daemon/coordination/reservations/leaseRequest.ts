/** What may be asked for, and the sentence that refuses it. */
import { Effect, Result } from "effect";
import { type Deadlock, InvalidInput, type LeaseConflictEntry } from "../../../shared/contract/errors.ts";
import type { Pattern } from "../../../shared/contract/pattern.ts";
import { type Claimant, readPattern } from "./leaseBook.ts";
import type { Wanted } from "./leaseWrites.ts";

export interface LeaseRequest extends Claimant {
  /** As in `shared/contract/pattern.ts`; they mean what they mean without the base. */
  readonly patterns: ReadonlyArray<string>;
  /** Default true. */
  readonly exclusive?: boolean;
  /** Default 3600; null: held until released. */
  readonly ttlSeconds?: number | null;
  readonly reason?: string;
  /** Asked when it is decided: whether the holder is still there. */
  readonly isThere?: () => boolean;
}

const defaultTtlSeconds = 3600;
const maxTtlSeconds = 366 * 24 * 3600;
/** Every pair of patterns of two requests may have to be compared while everybody else waits. */
export const maxPatterns = 1000;

export const readTtl = (seconds: number | null | undefined) =>
  seconds == null || (Number.isInteger(seconds) && seconds >= 1 && seconds <= maxTtlSeconds)
    ? Effect.succeed(seconds === undefined ? defaultTtlSeconds : seconds)
    : invalid(`A lease lasts 1 to ${maxTtlSeconds} whole seconds, not ${seconds}.`);

/** What is asked for, each pattern once. */
export const readRequest = Effect.fnUntraced(function* (request: LeaseRequest) {
  const { holder, patterns, cell, epic, reason, exclusive = true } = request;
  if (holder === "") return yield* invalid("A lease needs a holder; say who reserves.");
  if (patterns.length === 0)
    return yield* invalid("A lease needs at least one file pattern; name the files.");
  if (patterns.length > maxPatterns) {
    return yield* invalid(
      `${patterns.length} patterns are too many for one lease (${maxPatterns}); use wider ones.`,
    );
  }
  const ttlSeconds = yield* readTtl(request.ttlSeconds);
  if (reason !== undefined && reason.length > maxReason)
    return yield* invalid(`The reason is longer than ${maxReason} characters; shorten it.`);
  const wanted = new Map<string, Pattern>();
  for (const text of patterns) {
    const pattern = readPattern(text);
    if (Result.isFailure(pattern)) return yield* invalid(pattern.failure.message);
    wanted.set(pattern.success.text, pattern.success);
  }
  const found: Wanted = {
    holder,
    exclusive,
    compiled: [...wanted.values()],
    ttlSeconds,
    isThere: request.isThere ?? (() => true),
    ...(cell && { cell }),
    ...(epic && { epic }),
    ...(reason && { reason }),
  };
  return found;
});

const maxReason = 1000;

const invalid = (message: string) => Effect.fail(new InvalidInput({ message }));

/** Names everybody in the circle and what each waits for. */
export const deadlockMessage = (cycle: Deadlock["cycle"]): string => {
  const steps = cycle.map(({ holder, waitsFor }, at) => {
    const next = cycle[(at + 1) % cycle.length]?.holder ?? holder;
    return `${holder} waits for "${waitsFor}", which ${next} has`;
  });
  return `To wait here would never end: ${steps.join("; ")}. Give up files that another of them waits for, or ask for other files.`;
};

/** One sentence for all conflicts, and what to do. */
export const refusal = (conflicts: ReadonlyArray<LeaseConflictEntry>): string => {
  const [first] = conflicts as readonly [LeaseConflictEntry];
  const work = first.cell ?? first.epic;
  const whose = work === undefined || work === first.holder ? first.holder : `${first.holder} (${work})`;
  if (first.waiting === true) {
    return `"${first.requested}" overlaps "${first.held}", which ${whose} asked for earlier and waits for. Wait behind it, or ask for other files.`;
  }
  const until = first.expiresAt === undefined ? "until it is released" : `until ${first.expiresAt}`;
  const more = conflicts.length === 1 ? "" : ` (and ${conflicts.length - 1} more conflicts)`;
  return `"${first.requested}" overlaps "${first.held}", which ${whose} holds ${until}${more}. Wait for it, or ask for other files.`;
};
