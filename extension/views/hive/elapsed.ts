/**
 * How long something takes, as a person says it. In minutes: a tree whose seconds run is drawn again every second,
 * and read out as often.
 */
import { t } from "../../text/t.ts";

export const elapsed = (from: string, to: string | number): string => {
  const until = typeof to === "number" ? to : Date.parse(to);
  const minutes = Math.floor((until - Date.parse(from)) / 60_000);
  // Not a date, or a clock that was set back.
  if (!(minutes >= 1)) return t("<1 min");
  if (minutes < 60) return t("{0} min", minutes);
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? t("{0} h", hours) : t("{0} h {1} min", hours, minutes % 60);
  return t("{0} d {1} h", Math.floor(hours / 24), hours % 24);
};
