/**
 * Splits TypeScript into tokens, so that a change meets code and never the inside of a string or a comment.
 * Template literals come in pieces: the text up to `${`, then the tokens of the expression, then the rest.
 * It is no parser: it knows brackets, but not types from expressions.
 */

export interface Token {
  readonly kind: "comment" | "string" | "template" | "number" | "word" | "regex" | "punctuation";
  readonly text: string;
  /** Offsets into the source; `end` is exclusive. */
  readonly start: number;
  readonly end: number;
}

const comment = /\/\/[^\n]*|\/\*[\s\S]*?\*\//y;
const string = /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/y;
const word = /[\p{ID_Start}$_#][\p{ID_Continue}$]*/uy;
const number = /(?:0[xob][\da-f_]+|\d[\d_]*(?:\.[\d_]+)?(?:e[+-]?\d+)?)n?/iy;
const regex = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
const templateText = /(?:[^`\\$]|\\[\s\S]|\$(?!\{))*(?:`|\$\{)/y;
const punctuation = /=>|\.\.\.|[=!]==?|[<>]=|&&|\|\||\?\?|\?\.|\*\*|[-+*/%]=|[\s\S]/y;

/** After these a slash begins a regular expression; after a value it divides. */
const beforeRegex = /^(?:return|typeof|case|in|of|=>|[({[,;:=!&|?+\-*%<>~^]|[=!]==?|&&|\|\||\?\?)$/;

export const tokenize = (source: string): ReadonlyArray<Token> => {
  const tokens: Array<Token> = [];
  // One entry for each `${` that is open: how many braces were opened inside it.
  const templates: Array<number> = [];
  let at = 0;
  const take = (kind: Token["kind"], pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    const text = pattern.exec(source)?.[0];
    if (text === undefined) return false;
    tokens.push({ kind, text, start: at, end: at + text.length });
    at += text.length;
    return true;
  };
  const template = (): void => {
    const start = at;
    templateText.lastIndex = at + 1;
    const text = templateText.exec(source)?.[0];
    if (text === undefined) throw new SyntaxError(`a template literal at offset ${start} has no end`);
    at = start + 1 + text.length;
    tokens.push({ kind: "template", text: source.slice(start, at), start, end: at });
    if (text.endsWith("${")) templates.push(0);
  };
  while (at < source.length) {
    const character = source[at] ?? "";
    if (/\s/.test(character)) at++;
    else if (character === "`") template();
    else if (character === "}" && templates.at(-1) === 0) {
      templates.pop();
      template();
    } else if (take("comment", comment) || take("string", string) || take("word", word)) continue;
    else if (take("number", number)) continue;
    else if (character === "/" && regexMayStart(tokens) && take("regex", regex)) continue;
    else {
      const open = templates.length - 1;
      if (open >= 0)
        templates[open] = (templates[open] ?? 0) + (character === "{" ? 1 : character === "}" ? -1 : 0);
      take("punctuation", punctuation);
    }
  }
  return tokens;
};

const regexMayStart = (tokens: ReadonlyArray<Token>): boolean => {
  const before = tokens.findLast((token) => token.kind !== "comment");
  if (before === undefined || before.kind === "template") return before?.text.endsWith("${") ?? true;
  return beforeRegex.test(before.text);
};

/** The position of the bracket that closes the one at `open`; template expressions count as brackets. */
export const closingBracket = (tokens: ReadonlyArray<Token>, open: number): number => {
  let depth = 0;
  for (let at = open; at < tokens.length; at++) {
    const token = tokens[at];
    if (token === undefined) break;
    if (token.kind === "template") {
      depth += (token.text.endsWith("${") ? 1 : 0) - (token.text.startsWith("}") ? 1 : 0);
    } else if (token.kind === "punctuation") {
      if ("([{".includes(token.text)) depth++;
      else if (")]}".includes(token.text)) depth--;
    }
    if (depth === 0) return at;
  }
  throw new SyntaxError(`the bracket at offset ${tokens[open]?.start} is never closed`);
};

/** What stands between two brackets, split at the commas that are in no inner bracket. */
export const splitAtCommas = (
  tokens: ReadonlyArray<Token>,
  open: number,
  close: number,
): ReadonlyArray<ReadonlyArray<Token>> => {
  const parts: Array<Array<Token>> = [];
  let part: Array<Token> = [];
  for (let at = open + 1; at < close; at++) {
    const token = tokens[at];
    if (token === undefined) break;
    if (token.text === "," && token.kind === "punctuation") {
      parts.push(part);
      part = [];
      continue;
    }
    const opens = token.kind === "punctuation" ? "([{".includes(token.text) : token.text.endsWith("${");
    const end =
      opens && token.kind !== "string" && token.kind !== "comment" ? closingBracket(tokens, at) : at;
    part.push(...tokens.slice(at, end + 1));
    at = end;
  }
  if (part.length > 0) parts.push(part);
  return parts;
};
