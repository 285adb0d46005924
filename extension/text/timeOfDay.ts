/**
 * A point in time as a person reads it: "15:42", and with the day when that is not today. Never a countdown: what is
 * shown would be wrong a moment later, and the daemon's clock is not this machine's.
 */
export const timeOfDay = (iso: string, now = new Date()): string => {
  const at = new Date(iso);
  // A clock or a file that is broken: what it says is still the best there is.
  if (Number.isNaN(at.getTime())) return iso.slice(0, 40);
  const time = at.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  if (at.toDateString() === now.toDateString()) return time;
  const sameYear = at.getFullYear() === now.getFullYear();
  const day = at.toLocaleDateString(undefined, {
    day: "numeric",
    month: "short",
    ...(sameYear ? {} : { year: "numeric" }),
  });
  return `${day}, ${time}`;
};
