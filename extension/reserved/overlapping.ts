/** The leases that share a path with what somebody wants, as the daemon decides it: for commands, not for each file. */
import { Result } from "effect";
import { intersects, type Pattern, parsePattern } from "../../shared/contract/pattern.ts";
import type { LeaseView } from "../../shared/contract/reservationRoutes.ts";
import { platformFoldsCase } from "./LeaseLookup.ts";

export const overlapping = (
  leases: ReadonlyMap<string, LeaseView>,
  wanted: ReadonlyArray<string>,
  caseInsensitive = platformFoldsCase,
): ReadonlyArray<LeaseView> => {
  const read = (texts: ReadonlyArray<string>): ReadonlyArray<Pattern> =>
    texts.flatMap((text) => Result.getOrUndefined(parsePattern(text, { caseInsensitive })) ?? []);
  const own = read(wanted);
  return [...leases.values()]
    .filter(({ patterns }) => read(patterns).some((held) => own.some((one) => intersects(one, held))))
    .sort((a, b) => a.token - b.token);
};
