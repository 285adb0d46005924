/**
 * Agent, a bug fixer: takes the bug report out of its task, lines such as `formatDuration(60_000) gives "60s",
 * should give "1m"`, writes them down as a test and sees it fail. Then it searches for the repair: small changes
 * of one token each, tried one after the other, until the report and all the module's tests hold.
 */

import { readFile, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { type Token, tokenize } from "./tokenize.ts";
import { progress, readTask, runNode } from "./workplace.ts";

const source = "src/duration.ts";
const tests = "test/duration.test.ts";

interface Case {
  readonly name: string;
  readonly call: string;
  readonly args: ReadonlyArray<unknown>;
  readonly gives: unknown;
  readonly expected: string;
}

/** A number or a string, as JSON but with `_` between digits. */
const literal = (text: string): unknown => JSON.parse(text.replace(/(?<=\d)_(?=\d)/g, ""));

const casesOf = (task: string): ReadonlyArray<Case> =>
  [...task.matchAll(/\b(\w+)\(([^()]*)\) gives ("[^"]*"|[\d_]+), should give ("[^"]*"|[\d_]+)/g)].map(
    ([, name = "", args = "", gives = "", expected = ""]) => ({
      name,
      call: `${name}(${args})`,
      args: literal(`[${args}]`) as ReadonlyArray<unknown>,
      gives: literal(gives),
      expected,
    }),
  );

/** What may stand in a token's place: a comparison's neighbours, the other sign, the next number, the other rounding. */
const alternatives = (token: Token): ReadonlyArray<string> => {
  const operators: Record<string, ReadonlyArray<string>> = {
    ">": [">=", "<"],
    ">=": [">", "<="],
    "<": ["<=", ">"],
    "<=": ["<", ">="],
    "+": ["-"],
    "-": ["+"],
    floor: ["ceil", "round"],
    ceil: ["floor", "round"],
    round: ["floor", "ceil"],
  };
  if (token.kind === "punctuation" || token.kind === "word") return operators[token.text] ?? [];
  if (token.kind !== "number" || !/^\d+$/.test(token.text)) return [];
  return [String(Number(token.text) + 1), String(Number(token.text) - 1)];
};

/** Only inside the function that the report is about. */
const tokensOf = (code: string, name: string): ReadonlyArray<Token> => {
  const tokens = tokenize(code).filter((token) => token.kind !== "comment");
  const start = tokens.findIndex((token, at) => token.text === "function" && tokens[at + 1]?.text === name);
  const next = tokens.findIndex((token, at) => at > start && token.text === "export");
  return start === -1 ? [] : tokens.slice(start, next === -1 ? undefined : next);
};

let loads = 0;

/** Whether the module, as it is on disk now, gives what is asked. One that can't be loaded does not. */
const holds = async (cases: ReadonlyArray<Case>, wanted: (one: Case) => unknown): Promise<boolean> => {
  try {
    const module = await import(`${pathToFileURL(resolve(source)).href}?load=${loads++}`);
    return cases.every((one) => isDeepStrictEqual(module[one.name](...one.args), wanted(one)));
  } catch {
    return false;
  }
};

const cases = casesOf(await readTask());
const [first] = cases;
if (first === undefined) throw new Error("the task has no line of the form: call(…) gives X, should give Y");
const code = await readFile(source, "utf8");
if (!(await holds(cases, (one) => one.gives)))
  throw new Error(`the report does not hold for ${source} as it is`);

const regression = [
  "",
  `test(${JSON.stringify(`as reported: ${first.call} gives ${JSON.parse(first.expected)}`)}, () => {`,
  ...cases.map((one) => `  assert.equal(${one.call}, ${one.expected});`),
  "});",
  "",
];
await writeFile(tests, (await readFile(tests, "utf8")) + regression.join("\n"));
if ((await runNode(["--test", tests])).passed) throw new Error(`${tests} passes, though the report holds`);
await progress(`reproduced ${first.call} in ${tests}: fails as reported`);

let tried = 0;
const repair = async (): Promise<string | undefined> => {
  for (const token of tokensOf(code, first.name)) {
    for (const text of alternatives(token)) {
      tried++;
      await writeFile(source, code.slice(0, token.start) + text + code.slice(token.end));
      const fits = await holds(cases, (one) => literal(one.expected));
      if (!fits || !(await runNode(["--test", tests])).passed) continue;
      return `${source}:${code.slice(0, token.start).split("\n").length}: "${token.text}" becomes "${text}"`;
    }
  }
  return undefined;
};
const found = await repair();
if (found === undefined) {
  await writeFile(source, code);
  throw new Error(`none of ${tried} changes of one token repairs ${source}`);
}
await progress(`tried ${tried} changes of one token until all tests held`);
await progress(found);
