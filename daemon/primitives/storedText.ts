/**
 * A text as a column can hold it. The driver cuts a text off at a NUL, and UTF-8 has no halves of surrogate pairs:
 * such characters are shown by others, the same ones wherever a row is made. The log itself, which is JSON, has the
 * text as it was.
 */
export const storedText = (text: string): string => text.replaceAll("\0", "\u2400").toWellFormed();
