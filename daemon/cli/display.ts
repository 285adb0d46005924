/** Shows a swarm while it works: redrawn in place on a terminal, a line for each thing that happens elsewhere. */
import type { StoredEvent } from "../../shared/contract/events.ts";
import type { SwarmUpdate, SwarmView } from "../../shared/contract/swarmRoutes.ts";
import { describeEvent } from "./render/describeEvent.ts";
import { renderSwarm } from "./render/renderSwarm.ts";
import { painter, plain, shorten, widthOf } from "./render/text.ts";
import type { Screen } from "./Screen.ts";
import type { Session } from "./Session.ts";

export interface Display {
  readonly update: (update: SwarmUpdate) => void;
  /** Leaves the terminal as it was found. */
  readonly close: () => void;
}

export const openDisplay = (session: Session): Display =>
  session.screen.animate && !session.json ? liveDisplay(session.screen) : plainDisplay(session.say);

export const plainDisplay = (say: (line: string) => void): Display => {
  let swarm: SwarmView | undefined;
  return {
    update: (update) => {
      if (update.kind === "state") swarm = update.swarm;
      if (update.kind !== "event") return;
      const line = describeEvent(update.event, swarm);
      if (line !== undefined) say(line);
    },
    close: () => undefined,
  };
};

/** What happened that the person would want to find above when the display has moved on. */
const kept: ReadonlySet<string> = new Set([
  "gate_failed",
  "gate_held",
  "lease_lost",
  "subtask_blocked",
  "subtask_added",
  "target_merged",
  "landing_refused",
  "revert_refused",
]);

const frameMs = 100;
const hideCursor = "\u001b[?25l";
const showCursor = "\u001b[?25h";
// A terminal that knows these shows a frame whole; others pass over them.
const beginFrame = "\u001b[?2026h";
const endFrame = "\u001b[?2026l";

type Terminal = Pick<Screen["Service"], "draw" | "columns" | "rows" | "colour">;

export const liveDisplay = (screen: Terminal): Display => {
  const paint = painter(screen.colour);
  const progress = new Map<string, string>();
  let swarm: SwarmView | undefined;
  let drawn: ReadonlyArray<string> = [];
  let news: Array<string> = [];
  let dirty = false;
  let second = 0;

  /** Back to the frame's first line; the terminal may have become narrower and wrapped what we drew. */
  const rewind = () => {
    const columns = screen.columns();
    const lines = drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / columns)), 0);
    return lines === 0 ? "\r" : `\u001b[${lines}A\r`;
  };
  const frame = () => {
    if (swarm === undefined) return;
    // A line that fills the last column wraps on some terminals.
    const width = screen.columns() - 1;
    const height = screen.rows() - 1;
    const lines = renderSwarm(swarm, { width, height, colour: screen.colour, now: Date.now(), progress });
    const above = news.map((line) => paint("yellow", shorten(line, width)));
    const text = [...above, ...lines].map((line) => `${line}\u001b[K\n`).join("");
    screen.draw(`${beginFrame}${rewind()}${text}\u001b[J${endFrame}`);
    drawn = lines;
    news = [];
    dirty = false;
  };
  const tick = () => {
    const now = Math.floor(Date.now() / 1000);
    if (!dirty && now === second) return;
    second = now;
    frame();
  };
  const note = (event: StoredEvent) => {
    const line = kept.has(event.type) ? describeEvent(event, swarm) : undefined;
    if (line !== undefined) news.push(line);
  };

  const restore = () => screen.draw(showCursor);
  process.on("exit", restore);
  screen.draw(hideCursor);
  const timer = setInterval(tick, frameMs);
  return {
    update: (update) => {
      if (update.kind === "state") swarm = update.swarm;
      else if (update.kind === "event") note(update.event);
      else progress.set(update.cell, plain(update.line));
      dirty = true;
    },
    close: () => {
      clearInterval(timer);
      if (news.length > 0) frame();
      screen.draw(`${rewind()}\u001b[J${showCursor}`);
      process.off("exit", restore);
    },
  };
};
