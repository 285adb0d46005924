/**
 * A swarm as it stands now: an overall bar, then one line for each worker. Pure, so that it can be tested and
 * drawn again many times a second. No line is wider than `width`.
 */
import type { SubtaskView, SwarmView } from "../../../shared/contract/swarmRoutes.ts";
import { standing, waitsFor } from "./names.ts";
import {
  clock,
  joinSpans,
  type Paint,
  pad,
  painter,
  plain,
  type Span,
  type Style,
  shorten,
  widthOf,
} from "./text.ts";

export interface SwarmLook {
  /** Columns. */
  readonly width: number;
  /** Most lines; quiet subtasks are summed up when there are more. */
  readonly height?: number;
  readonly colour: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The last line that each subtask's agent or check printed, by the subtask's id. */
  readonly progress: ReadonlyMap<string, string>;
}

export const renderSwarm = (swarm: SwarmView, look: SwarmLook): ReadonlyArray<string> => {
  const paint = painter(look.colour);
  const rows = swarm.subtasks.map((subtask, index) => ({ subtask, index, word: stateWord(swarm, subtask) }));
  const columns: Columns = {
    number: String(rows.length).length,
    title: Math.min(
      Math.max(8, ...rows.map(({ subtask }) => widthOf(plain(subtask.title)))),
      Math.max(10, Math.floor(look.width * 0.3)),
    ),
    // Wide enough from the beginning where there is room, so that columns do not move.
    word: Math.max(...rows.map(({ word }) => widthOf(word)), look.width < 100 ? 0 : 15),
    agent: Math.max(...rows.map(({ subtask }) => widthOf(subtask.agent ?? "")), 0),
  };
  const shown = visibleRows(rows, look.height === undefined ? rows.length : Math.max(1, look.height - 2));
  const rest = rows.filter((row) => !shown.includes(row));
  return [
    headline(swarm, look, paint),
    ...shown.map((row) => rowLine(row, columns, look, paint)),
    ...(rest.length === 0 ? [] : [shorten(`  … ${summedUp(rest)}`, look.width)]),
  ];
};

interface Row {
  readonly subtask: SubtaskView;
  readonly index: number;
  readonly word: string;
}

interface Columns {
  readonly number: number;
  readonly title: number;
  readonly word: number;
  readonly agent: number;
}

const headline = (swarm: SwarmView, look: SwarmLook, paint: Paint): string => {
  const merged = swarm.subtasks.filter((subtask) => subtask.status === "merged").length;
  const total = swarm.subtasks.length;
  const time = clock(
    (swarm.endedAt === null ? look.now : Date.parse(swarm.endedAt)) - Date.parse(swarm.startedAt),
  );
  const figures = `  ${merged}/${total} merged  ${time}`;
  const state = swarm.status === "running" && !swarm.paused ? "" : `  ${standing(swarm)}`;
  const free = look.width - widthOf(figures) - widthOf(state);
  const barWidth = Math.min(24, Math.max(0, Math.floor(free / 3)));
  const full = total === 0 ? 0 : Math.round((barWidth * merged) / total);
  const title = shorten(plain(swarm.title), Math.max(8, free - barWidth - 2));
  const spans: ReadonlyArray<Span> = [
    { text: title, style: "bold" },
    { text: "  " },
    { text: "━".repeat(full), style: "green" },
    { text: "─".repeat(barWidth - full), style: "dim" },
    { text: figures },
    { text: state, style: swarm.status === "ready" || swarm.status === "landed" ? "green" : "yellow" },
  ];
  return joinSpans(spans, look.width, paint);
};

const rowLine = ({ subtask, index, word }: Row, columns: Columns, look: SwarmLook, paint: Paint): string => {
  const { symbol, style } = marks[subtask.status];
  const spans: Array<Span> = [
    { text: ` ${symbol} `, style },
    { text: `${String(index + 1).padStart(columns.number)} ` },
    { text: `${pad(shorten(plain(subtask.title), columns.title), columns.title)}  ` },
    { text: pad(word, columns.word), style },
  ];
  if (subtask.startedAt !== null) {
    const end = subtask.endedAt === null ? look.now : Date.parse(subtask.endedAt);
    spans.push({ text: `  ${clock(end - Date.parse(subtask.startedAt)).padStart(5)}`, style: "dim" });
    const room = look.width - spans.reduce((sum, { text }) => sum + widthOf(text), 0);
    spans.push(...details(subtask, columns, look, room));
  }
  return joinSpans(spans, look.width, paint);
};

/** Agent, files and what was printed last, as far as there is room: the files matter most, they are what is held. */
const details = (
  subtask: SubtaskView,
  columns: Columns,
  look: SwarmLook,
  room: number,
): ReadonlyArray<Span> => {
  const touched = plain((subtask.status === "merged" ? subtask.changed : subtask.files).join(" "));
  // One that waits is told why when its program can't be started.
  const says = isActive(subtask) || subtask.status === "waiting";
  const printed = says ? plain(look.progress.get(subtask.id) ?? "").trim() : "";
  const spans: Array<Span> = [];
  let left = room;
  const forAgent = columns.agent + 2;
  if (left - forAgent >= Math.min(widthOf(touched), leastFiles) + 2) {
    spans.push({ text: `  ${pad(subtask.agent ?? "", columns.agent)}` });
    left -= forAgent;
  }
  if (left < leastFiles) return spans;
  const forFiles = Math.min(widthOf(touched), Math.max(leastFiles, Math.floor(left * 0.4)));
  const both = printed !== "" && left - forFiles - 4 >= leastPrinted;
  spans.push({ text: `  ${shorten(touched, both ? forFiles : left - 2)}`, style: "cyan" });
  if (both) spans.push({ text: `  ${printed}`, style: "dim" });
  return spans;
};

const leastFiles = 12;
const leastPrinted = 14;

const isActive = ({ status }: SubtaskView) =>
  status === "starting" || status === "running" || status === "gate" || status === "merging";

const marks: Readonly<Record<SubtaskView["status"], { readonly symbol: string; readonly style?: Style }>> = {
  waiting: { symbol: "·", style: "dim" },
  starting: { symbol: "▸", style: "cyan" },
  running: { symbol: "▸", style: "cyan" },
  gate: { symbol: "▸", style: "cyan" },
  "needs-you": { symbol: "?", style: "yellow" },
  merging: { symbol: "▸", style: "cyan" },
  merged: { symbol: "✓", style: "green" },
  blocked: { symbol: "✗", style: "red" },
  cancelled: { symbol: "–", style: "dim" },
};

const words: Readonly<Record<SubtaskView["status"], string>> = {
  waiting: "waiting",
  starting: "starting",
  running: "working",
  gate: "checking",
  "needs-you": "needs you",
  merging: "merging",
  merged: "merged",
  blocked: "blocked",
  cancelled: "cancelled",
};

const stateWord = (swarm: SwarmView, subtask: SubtaskView): string => {
  const before = subtask.status === "waiting" ? waitsFor(swarm, subtask) : [];
  if (before.length > 0) return `after ${before.join(", ")}`;
  if (subtask.status === "waiting" && subtask.attempts > 0) return `try ${subtask.attempts + 1} soon`;
  return isActive(subtask) && subtask.attempts > 1
    ? `${words[subtask.status]}, try ${subtask.attempts}`
    : words[subtask.status];
};

/** The rows for which there is room, the ones where something happens first, in the plan's order. */
const visibleRows = (rows: ReadonlyArray<Row>, room: number): ReadonlyArray<Row> => {
  if (rows.length <= room + 1) return rows;
  const rank = ({ subtask }: Row) =>
    isActive(subtask) ? 0 : subtask.status === "needs-you" || subtask.status === "blocked" ? 1 : 2;
  const chosen = new Set(rows.toSorted((a, b) => rank(a) - rank(b) || a.index - b.index).slice(0, room));
  return rows.filter((row) => chosen.has(row));
};

const summedUp = (rows: ReadonlyArray<Row>): string => {
  const counts = new Map<string, number>();
  for (const { subtask } of rows)
    counts.set(words[subtask.status], (counts.get(words[subtask.status]) ?? 0) + 1);
  return `and ${[...counts].map(([word, amount]) => `${amount} ${word}`).join(", ")}`;
};
