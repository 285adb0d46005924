/**
 * File patterns: which paths a lease covers, and whether two leases can ever cover the same path.
 *
 * A pattern is anchored at the repository's root. `*` and `?` stay within a segment and match a leading dot too;
 * `**` is any number of whole segments (at the end at least one); `{a,b}` are alternatives; a pattern that ends
 * in `/`, or names a folder of the base, is that folder and everything below it. `[ ] ( ) + ! @` are literal, `\`
 * escapes, and a text that names an existing path is literal. Paths are compared in NFC, with case folded for a
 * root that is case-insensitive. `intersects` is exact: true if and only if some path matches both.
 *
 * What a pattern means can depend on the base. `Pattern.text` does not: it reads as the same pattern without the
 * base, so it is what to store and to hand on.
 */
import { Result } from "effect";
import { type Meeting, meet } from "./patternMeet.ts";
import {
  type Alternative,
  literalAlternative,
  parseAlternatives,
  type RawSegment,
  renderAlternative,
  textFault,
} from "./patternParse.ts";
import {
  anySegment,
  isName,
  literalSegment,
  type Segment,
  sampleName,
  segment,
  segmentWitness,
  textOf,
  tokensOf,
} from "./patternSegment.ts";

/** `**` or one segment. */
export type PathElement = "**" | Segment;

export interface Pattern {
  readonly text: string;
  readonly caseInsensitive: boolean;
  readonly alternatives: ReadonlyArray<ReadonlyArray<PathElement>>;
}

export interface PatternOptions {
  /** The root's file system does not tell upper from lower case. */
  readonly caseInsensitive?: boolean;
  /** Whether a path, relative to the root and without a slash at its end, is a folder of the base. */
  readonly isDirectory?: (path: string) => boolean;
  /** Whether such a path is anything at all in the base. */
  readonly exists?: (path: string) => boolean;
}

/** A failure's message is a whole sentence that quotes the pattern. */
export const parsePattern = (
  text: string,
  options: PatternOptions = {},
): Result.Result<Pattern, { readonly message: string }> => {
  const normal = text.normalize("NFC");
  const fault = textFault(normal);
  return (fault === undefined ? read(normal, options) : Result.fail(fault)).pipe(
    Result.mapError((why) => ({ message: `The pattern ${JSON.stringify(shorten(text))} ${why}.` })),
  );
};

const shorten = (text: string) => (text.length > 200 ? `${text.slice(0, 200)}…` : text);

const read = (normal: string, options: PatternOptions): Result.Result<Pattern, string> => {
  const { caseInsensitive = false, exists, isDirectory } = options;
  const asItStands = literalAlternative(normal);
  const isLiteral = Result.isSuccess(asItStands) && exists?.(pathOf(asItStands.success) ?? "") === true;
  const parsed = isLiteral ? Result.map(asItStands, (one) => [one]) : parseAlternatives(normal);
  return Result.flatMap(parsed, (alternatives) => {
    const based = alternatives.map((one) => {
      const path = one.folder ? undefined : pathOf(one);
      return path !== undefined && isDirectory?.(path) === true ? { ...one, folder: true } : one;
    });
    const baseMattered = isLiteral || based.some((one, at) => one !== alternatives[at]);
    const rendered = baseMattered ? render(based) : normal;
    const fault = textFault(rendered);
    if (fault !== undefined) return Result.fail(`${fault} with its folders written out`);
    return Result.succeed({
      text: rendered,
      caseInsensitive,
      alternatives: based.map((one) => compile(one, caseInsensitive)),
    });
  });
};

/** The one path that an alternative without wildcards names. */
const pathOf = ({ segments }: Alternative): string | undefined => {
  const names = segments.map((one) => (one === "**" ? undefined : segment(one).literal));
  return names.includes(undefined) ? undefined : names.join("/");
};

const render = (alternatives: ReadonlyArray<Alternative>): string => {
  const [first] = alternatives;
  if (first !== undefined && alternatives.length === 1) return renderAlternative(first, false);
  return `{${alternatives.map((one) => renderAlternative(one, true)).join(",")}}`;
};

const compile = ({ segments, folder }: Alternative, caseInsensitive: boolean): ReadonlyArray<PathElement> => {
  const fold = caseInsensitive ? foldToken : (token: number) => token;
  const elements = segments.map(
    (one: RawSegment): PathElement => (one === "**" ? one : segment(one.map(fold))),
  );
  if (folder && elements.at(-1) !== "**") return [...elements, "**"];
  // `a/**` is what lies below `a`, not `a` itself.
  return elements.at(-1) === "**" ? [...elements.slice(0, -1), anySegment, "**"] : elements;
};

/** One character for one, so that `?` keeps its meaning: `ß` stays what it is. */
const foldToken = (token: number): number => {
  if (token < 0) return token;
  const upper = tokensOf(textOf([token]).toUpperCase());
  const lower = tokensOf(textOf(upper.length === 1 ? upper : [token]).toLowerCase());
  return lower.length === 1 ? (lower[0] as number) : token;
};

/** The segments of a path as compared, or undefined for what is no path below the root. */
export const pathElements = (path: string, caseInsensitive: boolean): ReadonlyArray<Segment> | undefined => {
  const names = path.normalize("NFC").split("/");
  if (!names.every(isName)) return undefined;
  return names.map((name) =>
    caseInsensitive ? segment(tokensOf(name).map(foldToken)) : literalSegment(name),
  );
};

const segments: Meeting<PathElement, string> = {
  isStar: (element) => element === "**",
  both: (left, right) => (left === "**" || right === "**" ? undefined : segmentWitness(left, right)),
  alone: (element) => (element === "**" ? "" : sampleName(element)),
};

/** `path` is relative to the root, with `/` between folders. */
export const matches = (pattern: Pattern, path: string): boolean => {
  const elements = pathElements(path, pattern.caseInsensitive);
  if (elements === undefined) return false;
  return pattern.alternatives.some((alternative) => meet(alternative, elements, segments) !== undefined);
};

/** Whether some path matches both. */
export const intersects = (left: Pattern, right: Pattern): boolean => witness(left, right) !== undefined;

/** A path that matches both, undefined when there is none. Its case is folded where one of them folds. */
export const witness = (left: Pattern, right: Pattern): string | undefined => {
  const folds = left.caseInsensitive || right.caseInsensitive;
  for (const a of alternativesOf(left, folds)) {
    for (const b of alternativesOf(right, folds)) {
      const met = meet(a, b, segments);
      if (met !== undefined) return met.join("/");
    }
  }
  return undefined;
};

const alternativesOf = (pattern: Pattern, folds: boolean): Pattern["alternatives"] =>
  folds === pattern.caseInsensitive
    ? pattern.alternatives
    : pattern.alternatives.map((elements) =>
        elements.map((one) => (one === "**" ? one : segment(one.tokens.map(foldToken)))),
      );
