/**
 * Takes secrets out of a stream of bytes, also where one is cut in two by the chunks. For output of programs that
 * were given a token: logs and events are kept, and a token must not be in them.
 */

const replacement = "[redacted]";

export interface Redactor {
  /** The chunk without secrets; what could be the beginning of one is held back. */
  readonly write: (chunk: Buffer) => Buffer;
  /** What was held back, when nothing more comes. */
  readonly end: () => Buffer;
}

export const redactor = (secrets: ReadonlyArray<string>): Redactor => {
  // Each byte as one character, so that no character is cut.
  const needles = secrets
    .filter((secret) => secret !== "")
    .map((secret) => Buffer.from(secret).toString("latin1"));
  let held = "";
  const end = () => {
    const rest = Buffer.from(held, "latin1");
    held = "";
    return rest;
  };
  const write = (chunk: Buffer) => {
    if (needles.length === 0) return chunk;
    const text = needles.reduce(
      (now, needle) => now.replaceAll(needle, replacement),
      held + chunk.toString("latin1"),
    );
    const keep = Math.max(...needles.map((needle) => beginningAtEnd(text, needle)));
    held = text.slice(text.length - keep);
    return Buffer.from(text.slice(0, text.length - keep), "latin1");
  };
  return { write, end };
};

/** How many characters at the end of the text are the beginning of the needle. */
const beginningAtEnd = (text: string, needle: string): number => {
  for (let length = Math.min(needle.length - 1, text.length); length > 0; length--) {
    if (text.endsWith(needle.slice(0, length))) return length;
  }
  return 0;
};
