/**
 * When the person is told that something waits: once for each thing, together for all that came meanwhile, and only
 * in the window that is in front. A pure step, so that it can be tried without a window.
 */
export interface Announced {
  /** Keys of what waits and was told. */
  readonly told: ReadonlySet<string>;
  /** Something new waits, and this window is the one to say so. */
  readonly now: boolean;
}

export const announce = (
  told: ReadonlySet<string>,
  waiting: ReadonlyArray<string>,
  focused: boolean,
): Announced => {
  // What waits no more is told again when it comes back.
  const still = waiting.filter((key) => told.has(key));
  if (!focused || still.length === waiting.length) return { told: new Set(still), now: false };
  return { told: new Set(waiting), now: true };
};
