/**
 * Agent, a test writer: finds the modules that have no test and writes one from their doc comments. Each
 * `@example` becomes an assertion, and where a module has both `parseX` and `formatX`, what is written must be read
 * back and come out the same. The tests are run, and must reach every line of the module.
 */
import { readFile, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { type Exported, exportsOf } from "./exportsOf.ts";
import { listFiles, progress, runNode } from "./workplace.ts";

const testOf = (title: string, assertions: ReadonlyArray<string>): ReadonlyArray<string> =>
  assertions.length === 0
    ? []
    : ["", `test(${JSON.stringify(title)}, () => {`, ...assertions.map((line) => `  ${line}`), "});"];

const given = (one: Exported) => one.examples.filter(({ result }) => result !== undefined);

/** For a `formatX` with a `parseX` beside it: what it writes is read and written again. */
const roundTrip = (one: Exported, all: ReadonlyArray<Exported>): ReadonlyArray<string> => {
  const reader = one.name.replace(/^format/, "parse");
  if (reader === one.name || !all.some(({ name }) => name === reader)) return [];
  return [
    `for (const text of [${given(one)
      .map(({ result }) => result)
      .join(", ")}]) {`,
    `  assert.equal(${one.name}(${reader}(text)), text);`,
    "}",
  ];
};

const testFile = (module: string, all: ReadonlyArray<Exported>): string => {
  const functions = all.filter(({ kind }) => kind === "function");
  const names = functions.map(({ name }) => name).sort();
  return [
    'import assert from "node:assert/strict";',
    'import { test } from "node:test";',
    `import { ${names.join(", ")} } from "../src/${module}.ts";`,
    ...functions.flatMap((one) => [
      ...testOf(
        `${one.name} gives what its examples say`,
        given(one).map(({ call, result }) => `assert.deepEqual(${call}, ${result});`),
      ),
      ...testOf(
        `${one.name} refuses what it can't take`,
        one.examples.flatMap(({ call, throws }) =>
          throws === undefined ? [] : [`assert.throws(() => ${call}, ${throws});`],
        ),
      ),
      ...testOf(`what ${one.name} writes can be read`, roundTrip(one, functions)),
    ]),
    "",
  ].join("\n");
};

const files = await listFiles();
// Nobody wrote tests for these; a module that another agent adds meanwhile is none of this one's business.
const untested = (process.env.OCVIBE_FILES ?? "")
  .split("\n")
  .map((path) => basename(path, ".test.ts"))
  .filter((module) => files.includes(`src/${module}.ts`) && !files.includes(`test/${module}.test.ts`));
await progress(`modules without a test: ${untested.map((module) => `src/${module}.ts`).join(", ")}`);

let assertions = 0;
for (const module of untested) {
  const text = testFile(module, exportsOf(await readFile(`src/${module}.ts`, "utf8")));
  assertions += text.split("assert.").length - 1;
  await writeFile(`test/${module}.test.ts`, text);
}
await progress(`wrote ${untested.length} test files with ${assertions} assertions`);

const { passed, output } = await runNode([
  "--test",
  "--experimental-test-coverage",
  "--test-reporter=tap",
  ...untested.map((module) => `test/${module}.test.ts`),
]);
if (!passed) throw new Error(`the new tests fail:\n${output}`);
for (const module of untested) {
  const covered = new RegExp(`\\b${module}\\.ts\\s*\\|\\s*([\\d.]+)`).exec(output)?.[1];
  if (covered !== "100.00") throw new Error(`the new tests reach ${covered ?? "none"} % of src/${module}.ts`);
}
await progress("ran them: all pass, and reach every line");
