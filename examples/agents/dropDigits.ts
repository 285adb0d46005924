/**
 * Agent, a codemod: `parseMoney` and `formatMoney` no longer take the number of digits, they look it up in the
 * currency table. Changes the two functions, every call of them, the examples in doc comments, and constants that
 * nobody reads any more.
 *
 * It goes through the whole repository and does not look at `$OCVIBE_FILES`, so its first attempt also changes
 * README.md, which is not in its lease. It reads the gate's findings, and leaves alone what they name.
 */
import { readFile, writeFile } from "node:fs/promises";
import { closingBracket, splitAtCommas, type Token, tokenize } from "./tokenize.ts";
import { listFiles, progress, readFindings } from "./workplace.ts";

/** The functions, and where each has the currency's code at hand. */
const functions = new Map([
  ["parseMoney", "currency"],
  ["formatMoney", "money.currency"],
]);
const parameter = "digits";
const home = "src/money.ts";

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

const apply = (source: string, edits: ReadonlyArray<Edit>): string =>
  edits
    .toSorted((a, b) => b.start - a.start)
    .reduce((text, edit) => text.slice(0, edit.start) + edit.text + text.slice(edit.end), source);

let calls = 0;

/** Removes the second argument or parameter between the brackets, with the comma before it. */
const dropSecond = (tokens: ReadonlyArray<Token>, open: number, close: number): Edit | undefined => {
  const [first, second, ...more] = splitAtCommas(tokens, open, close);
  const [start, end] = [first?.at(-1)?.end, second?.at(-1)?.end];
  return start === undefined || end === undefined || more.length > 0 ? undefined : { start, end, text: "" };
};

/** Inside the function, each use of the parameter becomes a look-up. */
const lookUps = (tokens: ReadonlyArray<Token>, close: number, currency: string): ReadonlyArray<Edit> => {
  const body = tokens.findIndex((token, at) => at > close && token.text === "{");
  return tokens
    .slice(body, closingBracket(tokens, body))
    .filter((token) => token.kind === "word" && token.text === parameter)
    .map(({ start, end }) => ({ start, end, text: `digitsOf(${currency})` }));
};

const rewriteCode = (source: string): string => {
  const tokens = tokenize(source).filter((token) => token.kind !== "comment");
  const edits = tokens.flatMap((token, at): ReadonlyArray<Edit> => {
    const currency = token.kind === "word" ? functions.get(token.text) : undefined;
    if (currency === undefined || tokens[at + 1]?.text !== "(" || tokens[at - 1]?.text === ".") return [];
    const close = closingBracket(tokens, at + 1);
    const edit = dropSecond(tokens, at + 1, close);
    if (edit === undefined) return [];
    if (tokens[at - 1]?.text === "function") return [edit, ...lookUps(tokens, close, currency)];
    calls++;
    return [edit];
  });
  // Edits never overlap: a number of digits has no call in it.
  return apply(source, edits);
};

const rewriteExamples = (source: string): string =>
  source.replace(
    /(\* @example )(.+?)( \/\/ )/g,
    (_, before, code, after) => before + rewriteCode(code) + after,
  );

/** Constants that were read before and are not now. */
const dropUnread = (before: string, after: string): string => {
  const uses = (source: string, name: string) =>
    tokenize(source).filter((token) => token.text === name).length;
  return after.replace(/^const (\w+) = \d+;\n\n?/gm, (line, name) =>
    uses(before, name) > 1 && uses(after, name) === 1 ? "" : line,
  );
};

const addImport = (source: string): string =>
  source.replace(/^import /m, 'import { digitsOf } from "./currencies.ts";\nimport ');

const rewriteModule = (path: string, source: string): string => {
  const code = rewriteExamples(rewriteCode(source));
  if (code === source) return source;
  return path === home ? addImport(code) : dropUnread(source, code);
};

const rewriteMarkdown = (source: string): string =>
  source.replace(/(?<=^```ts\n)[\s\S]*?(?=^```$)/gm, (code) => rewriteCode(code));

const findings = await readFindings();
const refused = findings.flatMap(({ kind, path }) =>
  kind === "outside-lease" && path !== undefined ? [path] : [],
);
if (refused.length > 0) await progress(`the gate refused ${refused.join(", ")}: leaving that to its owner`);

const files = (await listFiles()).filter((path) => /\.(ts|md)$/.test(path) && !refused.includes(path));
await progress(`reading ${files.length} files for calls of ${[...functions.keys()].join(" and ")}`);

const changed: Array<string> = [];
for (const path of files) {
  const source = await readFile(path, "utf8");
  const text = path.endsWith(".md") ? rewriteMarkdown(source) : rewriteModule(path, source);
  if (text === source) continue;
  await writeFile(path, text);
  changed.push(path);
}
await progress(`rewrote ${calls} calls in ${changed.length} files: ${changed.join(", ")}`);
