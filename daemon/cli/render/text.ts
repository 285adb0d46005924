/**
 * Text for a terminal: cleaning what others wrote, fitting it to a width, painting it. Everything that comes
 * from a plan, an agent or a check passes through `plain`, so that no one can move the person's cursor.
 */
import { stripVTControlCharacters } from "node:util";
// Without `Intl.Segmenter`, whose loading takes longer than all else that a short command does.
import truncatedWidth from "fast-string-truncated-width";

export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

const codes: Readonly<Record<Style, readonly [on: number, off: number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
};

/** One line without control characters: escape sequences go, tabs and line ends become spaces. */
export const plain = (text: string): string =>
  stripVTControlCharacters(text)
    .replace(/[\t\r\n\v\f]+/g, " ")
    // C0, DEL and C1, and the characters that change the direction of writing.
    .replace(/[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, "");

/** The same for text of several lines. */
export const plainLines = (text: string): ReadonlyArray<string> =>
  stripVTControlCharacters(text)
    .replace(/\s+$/, "")
    .split(/\r\n|\n|\r/)
    .map((line) => plain(line.replaceAll("\t", "  ")).trimEnd());

export const widthOf = (text: string): number => truncatedWidth(text).width;

/** At most `width` columns; what was cut shows as `…`. */
export const shorten = (text: string, width: number): string => {
  if (width <= 0) return "";
  const { index, ellipsed } = truncatedWidth(text, { limit: width, ellipsis: "…" });
  if (!ellipsed) return text;
  let cut = [...text.slice(0, index)];
  // A wide character across the edge counts as its first half.
  while (widthOf(cut.join("")) >= width) cut = cut.slice(0, -1);
  return `${cut.join("")}…`;
};

export const pad = (text: string, width: number): string =>
  text + " ".repeat(Math.max(0, width - widthOf(text)));

/** Breaks a line between words so that each part fits; a word that is wider than `width` stays whole. */
export const wrap = (line: string, width: number): ReadonlyArray<string> => {
  const parts: Array<string> = [];
  let part = "";
  for (const word of line.split(" ")) {
    const longer = part === "" ? word : `${part} ${word}`;
    if (part !== "" && widthOf(longer) > width) {
      parts.push(part);
      part = word;
    } else part = longer;
  }
  return [...parts, part];
};

export type Paint = (style: Style, text: string) => string;

export const painter =
  (colour: boolean): Paint =>
  (style, text) =>
    colour && text !== "" ? `\u001b[${codes[style][0]}m${text}\u001b[${codes[style][1]}m` : text;

/** A stretch of a line; a line is cut by its visible text, never inside an escape sequence. */
export interface Span {
  readonly text: string;
  readonly style?: Style | undefined;
}

export const joinSpans = (spans: ReadonlyArray<Span>, width: number, paint: Paint): string => {
  let line = "";
  let left = width;
  for (const { text, style } of spans) {
    const part = shorten(text, left);
    line += style === undefined ? part : paint(style, part);
    left -= widthOf(part);
    if (part !== text || left <= 0) break;
  }
  return line.trimEnd();
};

/** `0:07`, `12:40`, `1:02:03`. */
export const clock = (milliseconds: number): string => {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const two = (value: number) => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
};

/** `1 file`, `12 files`. */
export const count = (amount: number, one: string, many = `${one}s`): string =>
  `${amount} ${amount === 1 ? one : many}`;

/** `512 B`, `1.5 kB`, `340 MB`: in powers of 1000. */
export const fileSize = (bytes: number): string => {
  const steps = bytes < 1000 ? 0 : Math.min(4, Math.floor(Math.log10(bytes) / 3));
  const amount = bytes / 1000 ** steps;
  return `${steps === 0 || amount >= 10 ? Math.round(amount) : amount.toFixed(1)} ${["B", "kB", "MB", "GB", "TB"][steps]}`;
};

/** The first few, and how many more there are. */
export const listed = (items: ReadonlyArray<string>, most = 4): string =>
  items.length <= most
    ? items.join(", ")
    : `${items.slice(0, most).join(", ")} and ${items.length - most} more`;

export const shortCommit = (oid: string): string => oid.slice(0, 7);
