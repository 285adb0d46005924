/** Durations as one writes them: Effect's own (`"30 seconds"`, `{ minutes: 1 }`, milliseconds), or short, `"30s"`. */
import { Duration } from "effect";

export type RouteDuration = Duration.Input | `${number}${keyof typeof units}`;

const units = { ms: Duration.millis, s: Duration.seconds, m: Duration.minutes, h: Duration.hours } as const;

/** Throws for what is no duration. */
export const toDuration = (input: RouteDuration): Duration.Duration => {
  const [, amount, unit] = (typeof input === "string" && /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(input)) || [];
  if (unit === undefined) return Duration.fromInputUnsafe(input as Duration.Input);
  return units[unit as keyof typeof units](Number(amount));
};
