/**
 * Writes what a translator translates: `l10n/bundle.l10n.json` from the texts in the extension's sources, and
 * `package.nls.json` from those in package.json. `npm run generate` runs it; a test says when it was forgotten.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withKeys } from "./manifestTexts.ts";

const root = join(import.meta.dirname, "..");

/** The first argument of `t(…)` and `l10n.t(…)`: a literal, which is also the key. */
const call =
  /(?<![\w.])(?:(?:vscode\.)?l10n\.)?t\(\s*("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\$]|\\.)*`)/g;

export const textsOf = (source: string): ReadonlyArray<string> =>
  [...source.matchAll(call)].map(([, literal = '""']) => unquoted(literal));

const unquoted = (literal: string): string => {
  if (literal.startsWith('"')) return JSON.parse(literal);
  const inner = literal.slice(1, -1).replace(/\\(['`])/g, "$1");
  return JSON.parse(`"${inner.replace(/(?<!\\)"/g, '\\"').replaceAll("\n", "\\n")}"`);
};

export const bundle = (): string => {
  const files = readdirSync(join(root, "extension"), { recursive: true, encoding: "utf8" });
  const texts = files
    .filter((file) => file.endsWith(".ts"))
    .flatMap((file) => textsOf(readFileSync(join(root, "extension", file), "utf8")));
  const sorted = [...new Set(texts)].sort();
  return `${JSON.stringify(Object.fromEntries(sorted.map((text) => [text, text])), null, 2)}\n`;
};

export const manifestBundle = (): string => {
  const { texts } = withKeys(JSON.parse(readFileSync(join(root, "package.json"), "utf8")));
  return `${JSON.stringify(texts, null, 2)}\n`;
};

if (import.meta.main) {
  mkdirSync(join(root, "l10n"), { recursive: true });
  writeFileSync(join(root, "l10n", "bundle.l10n.json"), bundle());
  writeFileSync(join(root, "package.nls.json"), manifestBundle());
}
