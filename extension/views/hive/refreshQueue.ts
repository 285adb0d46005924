/**
 * Says when to draw again: at once when nothing was drawn lately, else when the pause is over, and then once for all
 * that was asked meanwhile.
 */
export interface RefreshQueue {
  readonly ask: () => void;
  /** Draws what was asked for, without waiting for the pause to end. */
  readonly flush: () => void;
  /** Something was asked for and not drawn yet. */
  readonly isPending: () => boolean;
  readonly dispose: () => void;
}

/** `pause` in milliseconds. */
export const refreshQueue = (draw: () => void, pause: number): RefreshQueue => {
  let resting: NodeJS.Timeout | undefined;
  let asked = false;

  const drawNow = () => {
    asked = false;
    clearTimeout(resting);
    resting = setTimeout(() => {
      resting = undefined;
      if (asked) drawNow();
    }, pause);
    draw();
  };

  return {
    ask: () => {
      asked = true;
      if (resting === undefined) drawNow();
    },
    flush: () => {
      if (asked) drawNow();
    },
    isPending: () => asked,
    dispose: () => clearTimeout(resting),
  };
};
