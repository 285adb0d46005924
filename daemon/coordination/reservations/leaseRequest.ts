/** What may be asked for, and the sentence that refuses it. */
import { Effect, Result } from "effect";
import { InvalidInput, type LeaseConflictEntry } from "../../../shared/contract/errors.ts";
import type { Pattern } from "../../../shared/contract/pattern.ts";
import { type Claimant, readPattern } from "./leaseBook.ts";

export interface LeaseRequest extends Claimant {
  /** As in `shared/contract/pattern.ts`; they mean what they mean without the base. */
  readonly patterns: ReadonlyArray<string>;
  /** Default true. */
  readonly exclusive?: boolean;
  /** Default 3600; null: held until released. */
  readonly ttlSeconds?: number | null;
  readonly reason?: string;
}

export const defaultTtlSeconds = 3600;
const maxTtlSeconds = 366 * 24 * 3600;
const maxPatterns = 10_000;

/** The patterns asked for, each once. */
export const readRequest = Effect.fnUntraced(function* (request: LeaseRequest) {
  const { holder, patterns, ttlSeconds } = request;
  if (holder === "") return yield* invalid("A lease needs a holder; say who reserves.");
  if (patterns.length === 0)
    return yield* invalid("A lease needs at least one file pattern; name the files.");
  if (patterns.length > maxPatterns) {
    return yield* invalid(
      `${patterns.length} patterns are too many for one lease (${maxPatterns}); use wider ones.`,
    );
  }
  if (
    ttlSeconds != null &&
    !(Number.isInteger(ttlSeconds) && ttlSeconds >= 1 && ttlSeconds <= maxTtlSeconds)
  ) {
    return yield* invalid(`A lease lasts 1 to ${maxTtlSeconds} whole seconds, not ${ttlSeconds}.`);
  }
  const wanted = new Map<string, Pattern>();
  for (const text of patterns) {
    const pattern = readPattern(text);
    if (Result.isFailure(pattern)) return yield* invalid(pattern.failure.message);
    wanted.set(pattern.success.text, pattern.success);
  }
  return [...wanted.values()];
});

const invalid = (message: string) => new InvalidInput({ message });

/** One sentence for all conflicts, and what to do. */
export const refusal = (conflicts: ReadonlyArray<LeaseConflictEntry>): string => {
  const [first] = conflicts as readonly [LeaseConflictEntry];
  const work = first.cell ?? first.epic;
  const whose = work === undefined || work === first.holder ? first.holder : `${first.holder} (${work})`;
  const until = first.expiresAt === undefined ? "until it is released" : `until ${first.expiresAt}`;
  const more = conflicts.length === 1 ? "" : ` (and ${conflicts.length - 1} more conflicts)`;
  return `"${first.requested}" overlaps "${first.held}", which ${whose} holds ${until}${more}. Wait for it, or ask for other files.`;
};
