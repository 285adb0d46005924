/**
 * Agent: writes the usage and the table of the API in README.md, both from the sources' doc comments. Every
 * example is run first, so that the page shows no call that gives something else.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type Exported, exportsOf } from "./exportsOf.ts";
import { listFiles, progress, runNode } from "./workplace.ts";

const page = "README.md";

interface Module {
  readonly path: string;
  readonly name: string;
  readonly exported: ReadonlyArray<Exported>;
}

const runExamples = async (modules: ReadonlyArray<Module>): Promise<void> => {
  const lines = modules.flatMap(({ path, name, exported }) => [
    `import * as ${name} from ${JSON.stringify(pathToFileURL(resolve(path)).href)};`,
    ...exported.flatMap((one) =>
      one.examples.map(({ call, result, throws }) =>
        throws === undefined
          ? `assert.deepEqual(${name}.${call}, ${result}, ${JSON.stringify(call)});`
          : `assert.throws(() => ${name}.${call}, ${throws});`,
      ),
    ),
  ]);
  const folder = await mkdtemp(join(tmpdir(), "examples-"));
  try {
    const program = join(folder, "examples.mjs");
    await writeFile(program, ['import assert from "node:assert/strict";', ...lines, ""].join("\n"));
    const { passed, output } = await runNode([program]);
    if (!passed) throw new Error(`an example in a doc comment does not hold:\n${output}`);
  } finally {
    await rm(folder, { recursive: true });
  }
};

/** The first example of each function that gives a value, below the import it needs. */
const usageOf = (modules: ReadonlyArray<Module>): string => {
  const blocks = modules.flatMap(({ name, exported }) => {
    const shown = exported.flatMap((one) => {
      const example = one.examples.find(({ result }) => result !== undefined);
      return example === undefined ? [] : [{ one, example }];
    });
    if (shown.length === 0) return [];
    const names = shown.map(({ one }) => one.name).sort();
    return [
      [
        `import { ${names.join(", ")} } from "amounts/${name}";`,
        ...shown.map(({ example }) => `${example.call}; // ${example.result}`),
      ].join("\n"),
    ];
  });
  return `\`\`\`ts\n${blocks.join("\n\n")}\n\`\`\``;
};

const cell = (text: string) => text.replaceAll("|", "\\|");

const tableOf = (modules: ReadonlyArray<Module>): string =>
  modules
    .map(({ name, exported }) =>
      [
        `### amounts/${name}`,
        "",
        "| export | what it is |",
        "| --- | --- |",
        ...exported.map((one) => `| \`${cell(one.signature)}\` | ${cell(one.summary)} |`),
      ].join("\n"),
    )
    .join("\n\n");

/** Puts a text between the two marks of a section, in place of what was there. */
const fill = (text: string, section: string, content: string): string => {
  const [start, end] = [`<!-- ${section}:start -->`, `<!-- ${section}:end -->`];
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  if (from === -1 || to < from) throw new Error(`${page} has no section "${section}"`);
  return `${text.slice(0, from + start.length)}\n${content}\n${text.slice(to)}`;
};

const paths = (await listFiles("src")).filter((path) => path.endsWith(".ts"));
const modules: Array<Module> = [];
for (const path of paths) {
  modules.push({ path, name: basename(path, ".ts"), exported: exportsOf(await readFile(path, "utf8")) });
}
const all = modules.flatMap(({ exported }) => exported);
await progress(`reading ${modules.length} modules: ${all.length} exports`);

await runExamples(modules);
await progress(`ran ${all.flatMap(({ examples }) => examples).length} examples from doc comments: all hold`);

const text = await readFile(page, "utf8");
await writeFile(page, fill(fill(text, "usage", usageOf(modules)), "api", tableOf(modules)));
await progress(`wrote the usage and the API table in ${page}`);
