/** The pauses of a route's `retry`: they double from a base on, and are jittered, since many may fail at once. */
import { Schedule } from "effect";
import type { Retry } from "./o.ts";

export const retrySchedule = (retry: Retry) => {
  const { times, base } = retry === "exponential" ? { times: 3, base: "100 millis" as const } : retry;
  return { times, schedule: Schedule.jittered(Schedule.exponential(base)) };
};
