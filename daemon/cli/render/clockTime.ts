/** A time as the person's clock shows it; with the day when it is not today. */
export const clockTime = (iso: string, now = new Date()): string => {
  const at = new Date(iso);
  const two = (value: number) => String(value).padStart(2, "0");
  const time = `${two(at.getHours())}:${two(at.getMinutes())}`;
  if (at.toDateString() === now.toDateString()) return time;
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${time}`;
};
