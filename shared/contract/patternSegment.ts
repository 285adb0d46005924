/**
 * One segment of a file pattern: characters, `?` for any one, `*` for any number, none included. The texts that
 * a segment stands for are names of files: never empty, never `.` or `..`.
 */
import { type Meeting, meet } from "./patternMeet.ts";

/** A code point, or one of the two wildcards below. */
export type Token = number;
export const anyOne: Token = -1;
export const anyRun: Token = -2;

export interface Segment {
  readonly tokens: ReadonlyArray<Token>;
  /** Its only text, when it has no wildcard. */
  readonly literal: string | undefined;
}

export const segment = (tokens: ReadonlyArray<Token>): Segment => ({
  tokens,
  literal: tokens.every((token) => token >= 0) ? textOf(tokens) : undefined,
});

/** `*`: any name at all. */
export const anySegment: Segment = segment([anyRun]);

export const literalSegment = (text: string): Segment => ({ tokens: tokensOf(text), literal: text });

export const tokensOf = (text: string): ReadonlyArray<Token> =>
  Array.from(text, (character) => character.codePointAt(0) as number);

/** Stands for "any character will do" where a text has to be shown. */
const filler = 0x78;

export const textOf = (tokens: ReadonlyArray<Token>): string =>
  tokens.map((token) => String.fromCodePoint(token < 0 ? filler : token)).join("");

const characters: Meeting<Token, Token> = {
  isStar: (token) => token === anyRun,
  both: (left, right) => (left === anyOne ? right : right === anyOne || left === right ? left : undefined),
  alone: (token) => token,
};

export const isName = (text: string): boolean => text !== "" && text !== "." && text !== "..";

/** A name that both segments stand for, or undefined when there is none. */
export const segmentWitness = (left: Segment, right: Segment): string | undefined => {
  if (left.literal !== undefined && right.literal !== undefined) {
    return left.literal === right.literal ? left.literal : undefined;
  }
  const met = meet(left.tokens, right.tokens, characters);
  if (met === undefined) return undefined;
  const text = textOf(met);
  return isName(text) ? text : otherName(left, right);
};

export const sampleName = (of: Segment): string => of.literal ?? segmentWitness(of, anySegment) ?? "";

const standsFor = (of: Segment, text: string): boolean =>
  meet(of.tokens, tokensOf(text), characters) !== undefined;

/**
 * Another text that both stand for, when the first one found is no name (empty, `.` or `..`). Both segments are
 * then tiny, and a name of at most three characters exists if any does: a star can take one more, and without
 * one the length is that of the text.
 */
const otherName = (left: Segment, right: Segment): string | undefined => {
  const alphabet = [...new Set([filler, ...left.tokens, ...right.tokens])]
    .filter((token) => token >= 0)
    .map((token) => String.fromCodePoint(token));
  let texts = [""];
  for (let length = 1; length <= 3; length++) {
    texts = texts.flatMap((text) => alphabet.map((character) => text + character));
    const found = texts.find((text) => isName(text) && standsFor(left, text) && standsFor(right, text));
    if (found !== undefined) return found;
  }
  return undefined;
};
