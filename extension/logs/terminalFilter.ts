/**
 * What an agent printed, as a terminal may show it: no escape code of it is obeyed, whatever the pieces are that it
 * arrives in. A code that never ends cannot hide what follows: a line break ends it.
 */

type State =
  | "text"
  /** After ESC. */
  | "escape"
  /** In a control sequence (`ESC [ …`): parameters until a final letter. */
  | "sequence"
  /** In a string (`ESC ]`, `ESC P`, `ESC X`, `ESC ^`, `ESC _`): anything until BEL or ESC \. */
  | "string"
  /** After ESC in a string. */
  | "stringEscape"
  /** After `ESC (` and the like: one more character. */
  | "intermediate";

/** Characters that turn or hide what is beside them, and control characters. */
const unseen = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;

/** Answers what is to be shown of each piece, with line ends as a terminal wants them. */
export const terminalFilter = (): ((piece: string) => string) => {
  let state: State = "text";
  let afterReturn = false;

  const ofText = (character: string): string => {
    const followsReturn = afterReturn;
    afterReturn = character === "\r";
    switch (character) {
      case "\r":
        return "\r\n";
      case "\n":
        // The line end was shown with the carriage return.
        return followsReturn ? "" : "\r\n";
      case "\t":
        return "\t";
      case "\u001b":
        state = "escape";
        return "";
      default:
        return unseen.test(character) ? "" : character;
    }
  };

  const show = (character: string): string => {
    if (state === "text") return ofText(character);
    if (character === "\n" || character === "\r") {
      state = "text";
      return ofText(character);
    }
    switch (state) {
      case "escape":
        if (character === "[") state = "sequence";
        else if ("]PX^_".includes(character)) state = "string";
        else if (character >= " " && character <= "/") state = "intermediate";
        // ESC ESC: the second begins anew.
        else if (character !== "\u001b") state = "text";
        return "";
      case "sequence":
        if (character === "\u001b") state = "escape";
        else if (character >= "@" && character <= "~") state = "text";
        // Not part of a sequence: that one was broken off, and this is text.
        else if (!(character >= " " && character <= "?")) {
          state = "text";
          return ofText(character);
        }
        return "";
      case "intermediate":
        if (character === "\u001b") state = "escape";
        else if (!(character >= " " && character <= "/")) state = "text";
        return "";
      case "string":
        if (character === "\u0007") state = "text";
        else if (character === "\u001b") state = "stringEscape";
        return "";
      case "stringEscape":
        // ESC \ ends it; any other escape code ends it as well, and begins.
        state = character === "\\" ? "text" : "escape";
        return state === "escape" ? show(character) : "";
    }
  };

  return (piece) => {
    let shown = "";
    for (const character of piece) shown += show(character);
    return shown;
  };
};
