/**
 * Text that comes from agents, plans, cells and mail, made harmless for the place where it is shown. VS Code renders
 * links with commands in notifications, icons in labels and status items, and a terminal obeys escape codes.
 */

/** Control characters, escape codes, and characters that turn or hide what is beside them. */
const unseen = /\p{Cc}|[\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu;
/** Terminal escape codes: CSI, OSC and the like, whole, so that their parameters do not stay behind as text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const escapes = /\u001b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[ -/]*[0-~])/g;

const longest = 500;

/** For notifications, tooltips in plain text, and tree labels: one line, no icons, no links. */
export const asPlainText = (text: string, length = longest): string => {
  const line = text.replace(escapes, "").replace(/\s+/g, " ").replace(unseen, "").trim();
  // `$(name)` is an icon and `[text](target)` a link; a zero-width break in them shows the same characters.
  const harmless = line.replaceAll("$(", "$\u2060(").replaceAll("](", "]\u2060(");
  return harmless.length > length ? `${[...harmless].slice(0, length - 1).join("")}…` : harmless;
};

/** For a terminal: line breaks and tabs stay, nothing that it would obey does. */
export const forTerminal = (text: string): string =>
  text
    .replace(escapes, "")
    .replace(/\r?\n|\r/g, "\n")
    .replace(/[^\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069]/gu, "")
    .replaceAll("\n", "\r\n");
