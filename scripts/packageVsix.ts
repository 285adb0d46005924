/**
 * Makes a VSIX from what `scripts/build.ts` left in `dist/`. What a user needs is laid out in a folder of its own first,
 * so that nothing else of the repository can slip in: the bundles that the programs load by the bundler's own
 * account, one native addon, and what the manifest names.
 */
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { createVSIX } from "@vscode/vsce";
import { withKeys } from "./manifestTexts.ts";
import { nativePackage, type Target } from "./nativePackage.ts";
import { thirdPartyLicences } from "./thirdPartyLicences.ts";

const root = join(import.meta.dirname, "..");

/** What the extension starts. The demonstration, `start`, needs the samples and stays out. */
const programs = ["extension", "ocvibe", "daemon", "sqlWorker", "shim"];

/** Beside the manifest and what it names: found by their names alone, or by the extension's code. */
const byName = [
  "CHANGELOG.md",
  "LICENSE",
  "package.nls*.json",
  "l10n/bundle.l10n*.json",
  "extension/media/**",
];

/** Bytes. */
const largest = 15 * 1024 * 1024;

interface Meta {
  readonly outputs: Readonly<
    Record<string, { readonly imports: ReadonlyArray<{ readonly path: string }>; readonly inputs: object }>
  >;
}

/** Makes it in `folder` and answers where it is and its size in bytes; too large a one is an error. */
export const packageVsix = async (
  target: Target,
  folder: string,
): Promise<{ readonly file: string; readonly bytes: number }> => {
  const work = mkdtempSync(join(tmpdir(), "ocvibe-vsix-"));
  try {
    const stage = join(work, "stage");
    const { name, version } = layOut(stage, target, join(work, "native"));
    mkdirSync(folder, { recursive: true });
    const file = join(folder, `${name}-${target}-${version}.vsix`);
    await createVSIX({
      cwd: stage,
      packagePath: file,
      target,
      dependencies: false,
      rewriteRelativeLinks: false,
      allowMissingRepository: true,
    });
    const bytes = statSync(file).size;
    if (bytes > largest)
      throw new Error(`${file} has ${megabytes(bytes)} MB, and at most ${megabytes(largest)} are allowed.`);
    return { file, bytes };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
};

export const megabytes = (bytes: number): string => (bytes / 1024 / 1024).toFixed(1);

const layOut = (stage: string, target: Target, temporary: string) => {
  const copy = (path: string, to = path) => {
    mkdirSync(dirname(join(stage, to)), { recursive: true });
    cpSync(join(root, path), join(stage, to), { recursive: true });
  };
  for (const path of bundles()) copy(path);
  const native = nativePackage(target, temporary);
  // Node looks for it from `dist/` upwards. A node_modules at the top would be left out by vsce.
  cpSync(native.folder, join(stage, "dist", "node_modules", native.name), { recursive: true });
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Record<string, unknown>;
  for (const path of [
    ...globSync(byName, { cwd: root }),
    ...namedFiles(manifest.contributes),
    ...namedFiles(manifest.icon),
  ]) {
    if (!existsSync(join(root, path))) throw new Error(`package.json names ${path}, which is not there.`);
    if (statSync(join(root, path)).isFile()) copy(path);
  }
  // The repository's own is for who builds it, and links to what is not here.
  copy("extension/README.md", "README.md");
  writeFileSync(join(stage, "THIRD-PARTY-LICENCES.txt"), thirdPartyLicences(root, inputsOf(bundles())));
  const { name, version } = manifest as { readonly name: string; readonly version: string };
  // What is for those who build it has no place in what is installed.
  const { scripts, dependencies, devDependencies, bin, private: _, ...shipped } = manifest;
  const { manifest: translatable } = withKeys(shipped);
  writeFileSync(
    join(stage, "package.json"),
    JSON.stringify({ ...translatable, files: ["**"] }, undefined, 2),
  );
  return { name, version };
};

const readMeta = (): Meta => {
  const meta = join(root, "dist", "meta.json");
  if (!existsSync(meta)) throw new Error("There is no dist/meta.json. Run `npm run build` first.");
  return JSON.parse(readFileSync(meta, "utf8")) as Meta;
};

/** What these bundles are made of. */
const inputsOf = (files: ReadonlySet<string>): ReadonlyArray<string> => {
  const { outputs } = readMeta();
  return [...files].flatMap((file) => Object.keys(outputs[file]?.inputs ?? {}));
};

/** The files in `dist/` that the programs can load. */
const bundles = (): ReadonlySet<string> => {
  const { outputs } = readMeta();
  const found = new Set<string>();
  const visit = (path: string) => {
    if (found.has(path) || !(path in outputs)) return;
    found.add(path);
    for (const imported of outputs[path]?.imports ?? []) visit(imported.path);
  };
  for (const program of programs) {
    const path = `dist/${program}.js`;
    if (!(path in outputs)) throw new Error(`dist/ has no ${basename(path)}. Run \`npm run build\` first.`);
    visit(path);
  }
  return found;
};

/** The files that a part of the manifest names: icons, schemas, pages of the walkthrough. */
const namedFiles = (part: unknown): ReadonlyArray<string> => {
  if (typeof part === "string") return /^[\w./-]+\.(svg|png|md|json)$/.test(part) ? [part] : [];
  if (typeof part !== "object" || part === null) return [];
  return Object.values(part).flatMap(namedFiles);
};
