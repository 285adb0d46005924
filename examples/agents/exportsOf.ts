/**
 * What a module of the library exports, with what its doc comments say: the first sentence, and each `@example`
 * as a call and what it gives. Reads `export function`, `const`, `interface` and `type`, as the library writes them.
 */
import { closingBracket, type Token, tokenize } from "./tokenize.ts";

export interface Example {
  /** The call, as code. */
  readonly call: string;
  /** What it gives, as code; of an example that throws, nothing. */
  readonly result: string | undefined;
  /** The error's class, of an example that throws. */
  readonly throws: string | undefined;
}

export interface Exported {
  readonly kind: "function" | "const" | "interface" | "type";
  readonly name: string;
  /** For a function `name(parameter: type): type`, else the name. */
  readonly signature: string;
  readonly summary: string;
  readonly examples: ReadonlyArray<Example>;
}

export const exportsOf = (source: string): ReadonlyArray<Exported> => {
  const tokens = tokenize(source);
  const code = tokens.filter((token) => token.kind !== "comment");
  return code.flatMap((token, at): ReadonlyArray<Exported> => {
    const kind = kindOf(code[at + 1]?.text);
    const name = code[at + 2]?.text;
    if (token.text !== "export" || kind === undefined || name === undefined) return [];
    const doc = docBefore(tokens, token);
    const signature = kind === "function" ? signatureOf(source, code, at + 2) : name;
    return [{ kind, name, signature, summary: summaryOf(doc), examples: examplesOf(doc) }];
  });
};

const kindOf = (text: string | undefined): Exported["kind"] | undefined =>
  text === "function" || text === "const" || text === "interface" || text === "type" ? text : undefined;

/** From the function's name to the brace that opens its body. */
const signatureOf = (source: string, code: ReadonlyArray<Token>, name: number): string => {
  const close = closingBracket(code, name + 1);
  const body = code.findIndex((token, at) => at > close && token.text === "{");
  return source.slice(code[name]?.start, code[body]?.start).replace(/\s+/g, " ").trim();
};

const docBefore = (tokens: ReadonlyArray<Token>, token: Token): ReadonlyArray<string> => {
  const before = tokens[tokens.indexOf(token) - 1];
  if (before?.kind !== "comment" || !before.text.startsWith("/**")) return [];
  const lines = before.text.slice(3, -2).split("\n");
  return lines.map((line) => line.replace(/^\s*\*?\s?/, "").trimEnd()).filter((line) => line !== "");
};

const summaryOf = (doc: ReadonlyArray<string>): string => {
  const text = doc.filter((line) => !line.startsWith("@")).join(" ");
  return (/^.*?[.](?=\s|$)/.exec(text)?.[0] ?? text).trim();
};

const examplesOf = (doc: ReadonlyArray<string>): ReadonlyArray<Example> =>
  doc.flatMap((line) => {
    const [, call, answer] = /^@example (.+?) \/\/ (.+)$/.exec(line) ?? [];
    if (call === undefined || answer === undefined) return [];
    const throws = /^throws (\w+)$/.exec(answer)?.[1];
    return [{ call, result: throws === undefined ? answer : undefined, throws }];
  });
