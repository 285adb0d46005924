/**
 * An esbuild plugin: what is imported from a barrel of `effect` comes from its own module. Code that several programs
 * have in common is put into common files by what each file imports, and through a barrel every file imports
 * everything: then the smallest command would load all of it.
 */
import { readFile } from "node:fs/promises";
import type { Plugin } from "esbuild";

const ours = /[\\/](daemon|shared|test)[\\/].*\.ts$/;
const imported = /^import \{([^}]*)\} from "effect((?:\/[a-z-]+)?)";$/gm;

export const pastBarrels: Plugin = {
  name: "past-barrels",
  setup: ({ onLoad }) => {
    onLoad({ filter: ours }, async ({ path }) => ({
      loader: "ts",
      contents: (await readFile(path, "utf8")).replace(imported, (line, names: string, folder: string) =>
        // The number of lines stays, for source maps.
        [
          ...rewritten(names, folder),
          ...line
            .split("\n")
            .slice(1)
            .map(() => "\n"),
        ].join(""),
      ),
    }));
  },
};

const rewritten = (names: string, folder: string): ReadonlyArray<string> =>
  names
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "" && !name.startsWith("type "))
    .map((name) => {
      const [original = name, local = original] = name.split(" as ");
      return /^[A-Z]/.test(original)
        ? `import * as ${local} from "effect${folder}/${original}";`
        : `import { ${name} } from "effect/Function";`;
    });
