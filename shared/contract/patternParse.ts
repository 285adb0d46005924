/**
 * Reads the text of a file pattern into its alternatives: `{a,b}` is expanded, `\` undone, the rest split into
 * segments. A text that is no pattern gives the end of a sentence that says why.
 */
import { Result } from "effect";
import { anyOne, anyRun, isName, type Token, textOf, tokensOf } from "./patternSegment.ts";

/** `**`, which stands for any number of whole segments, or the tokens of one segment. */
export type RawSegment = "**" | ReadonlyArray<Token>;

export interface Alternative {
  readonly segments: ReadonlyArray<RawSegment>;
  /** The text ended in `/`: the folder and everything below it. */
  readonly folder: boolean;
}

export const maxPatternBytes = 4096;
const maxAlternatives = 256;

// Marks in the token list beside the wildcards; they are gone after the expansion.
const slash: Token = -3;
const open: Token = -4;
const comma: Token = -5;
const close: Token = -6;
const marks: Readonly<Record<string, Token>> = {
  "*": anyRun,
  "?": anyOne,
  "/": slash,
  "{": open,
  ",": comma,
  "}": close,
};
const markText = new Map(Object.entries(marks).map(([text, token]) => [token, text]));
const escapable = "*?{},\\[]()!+@#";

/** What is wrong with the text whatever its wildcards mean, or undefined. */
export const textFault = (text: string): string | undefined => {
  if (text === "") return "is empty; name a file, a folder or a pattern";
  if (new TextEncoder().encode(text).length > maxPatternBytes)
    return `is longer than ${maxPatternBytes} bytes`;
  if (/[\0\r\n]/.test(text)) return "has a NUL or a line break in it";
  return undefined;
};

export const parseAlternatives = (text: string): Result.Result<ReadonlyArray<Alternative>, string> =>
  Result.gen(function* () {
    const expanded = yield* expand(yield* scan(text));
    const alternatives: Array<Alternative> = [];
    for (const tokens of expanded) alternatives.push(yield* split(tokens));
    return alternatives;
  });

/** A text without any wildcard, as it stands. */
export const literalAlternative = (text: string): Result.Result<Alternative, string> =>
  split(Array.from(text).flatMap((character) => (character === "/" ? slash : tokensOf(character))));

/** The text that reads as exactly this alternative. Inside braces a comma needs an escape. */
export const renderAlternative = ({ segments, folder }: Alternative, inBraces: boolean): string =>
  segments
    .map((one) => (one === "**" ? one : one.map((token) => render(token, inBraces)).join("")))
    .join("/") + (folder ? "/" : "");

const render = (token: Token, inBraces: boolean): string => {
  const mark = markText.get(token);
  if (mark !== undefined) return mark;
  const text = textOf([token]);
  return "*?{}\\".includes(text) || (inBraces && text === ",") ? `\\${text}` : text;
};

const scan = (text: string): Result.Result<ReadonlyArray<Token>, string> => {
  const tokens: Array<Token> = [];
  const characters = Array.from(text);
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] as string;
    if (character !== "\\") {
      tokens.push(marks[character] ?? (character.codePointAt(0) as number));
      continue;
    }
    const escaped = characters[++at];
    if (escaped === undefined) return Result.fail("ends in a backslash; a backslash escapes what follows it");
    if (!escapable.includes(escaped)) {
      return Result.fail(
        `has a backslash before "${escaped}"; write / between folders, and \\ only before ${escapable}`,
      );
    }
    tokens.push(escaped.codePointAt(0) as number);
  }
  return Result.succeed(tokens);
};

/** Braces that pair up and have a comma of their own are alternatives; all others are literal. */
const expand = (tokens: ReadonlyArray<Token>): Result.Result<ReadonlyArray<ReadonlyArray<Token>>, string> => {
  interface Group {
    readonly done: Array<Array<Token>>;
    current: Array<Array<Token>>;
  }
  const { groups, commas } = pairBraces(tokens);
  const stack: Array<Group> = [{ done: [], current: [[]] }];
  for (const [at, token] of tokens.entries()) {
    const top = stack.at(-1) as Group;
    if (token === open && groups.has(at)) stack.push({ done: [], current: [[]] });
    else if (token === comma && commas.has(at)) {
      top.done.push(...top.current);
      top.current = [[]];
    } else if (token === close && groups.has(at)) {
      stack.pop();
      const outer = stack.at(-1) as Group;
      const choices = [...top.done, ...top.current];
      if (choices.length * outer.current.length > maxAlternatives) {
        return Result.fail(
          `has more than ${maxAlternatives} alternatives in braces; split it into several patterns`,
        );
      }
      outer.current = outer.current.flatMap((before) => choices.map((choice) => [...before, ...choice]));
    } else {
      const literal = token < slash ? (markText.get(token) as string).charCodeAt(0) : token;
      for (const one of top.current) one.push(literal);
    }
  }
  return Result.succeed((stack[0] as Group).current);
};

/** Positions of the braces that enclose alternatives, and of the commas that part them. */
const pairBraces = (tokens: ReadonlyArray<Token>) => {
  const groups = new Set<number>();
  const commas = new Set<number>();
  const opened: Array<{ readonly at: number; readonly commas: Array<number> }> = [];
  for (const [at, token] of tokens.entries()) {
    if (token === open) opened.push({ at, commas: [] });
    if (token === comma) opened.at(-1)?.commas.push(at);
    if (token !== close) continue;
    const group = opened.pop();
    if (group === undefined || group.commas.length === 0) continue;
    groups.add(group.at).add(at);
    for (const one of group.commas) commas.add(one);
  }
  return { groups, commas };
};

const split = (tokens: ReadonlyArray<Token>): Result.Result<Alternative, string> => {
  const drive = textOf(tokens.slice(0, 2));
  if (tokens[0] === slash || (/^[A-Za-z]:$/.test(drive) && tokens[0] !== anyOne)) {
    return Result.fail("is absolute; patterns are relative to the repository's root");
  }
  const parts: Array<Array<Token>> = [[]];
  for (const token of tokens) {
    if (token === slash) parts.push([]);
    else (parts.at(-1) as Array<Token>).push(token);
  }
  const folder = parts.length > 1 && parts.at(-1)?.length === 0;
  const segments: Array<RawSegment> = [];
  for (const part of parts) {
    if (part.length === 2 && part.every((token) => token === anyRun)) {
      if (segments.at(-1) !== "**") segments.push("**");
      continue;
    }
    if (part.some((token, at) => token === anyRun && part[at + 1] === anyRun)) {
      return Result.fail("has ** beside other text; ** stands for whole segments, so put slashes around it");
    }
    const text = part.some((token) => token < 0) ? undefined : textOf(part);
    if (text === "..") return Result.fail('leaves the repository with ".."');
    // `./a` and `a//b` are written often enough, and mean one thing only.
    if (text === undefined || isName(text)) segments.push(part);
  }
  if (segments.length === 0) return Result.fail("names the repository's root; write ** for everything");
  return Result.succeed({ segments, folder });
};
