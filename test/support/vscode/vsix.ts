/**
 * The two VSIX that tests install, each made once from what it is made of: the one that ships, packaged from `dist/`,
 * and the test-only probe. The files are kept by a hash of their sources below `node_modules/.cache`.
 */
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createVSIX } from "@vscode/vsce";
import { build } from "esbuild";
import { thisTarget } from "../../../scripts/nativePackage.ts";
import { packageVsix } from "../../../scripts/packageVsix.ts";

const root = join(import.meta.dirname, "..", "..", "..");
const cache = join(root, "node_modules", ".cache", "vsix");

/** Milliseconds. */
const anHour = 3_600_000;

/** What ships, from the bundles as they stand in `dist/`. */
export const shippedVsix = (): Promise<string> =>
  once(
    "opencode-vibe",
    hashOf([
      "dist/**/*.{js,json}",
      "package*.json",
      "scripts/{packageVsix,nativePackage,manifestTexts}.ts",
      "extension/media/**",
      "schemas/*",
      "l10n/*",
      "*.md",
    ]),
    async (draft) => {
      const { file } = await packageVsix(thisTarget(), draft);
      return file;
    },
  );

export const probeVsix = (): Promise<string> => {
  const source = "test/vscode/probe-extension";
  return once("probe", hashOf([`${source}/*`]), async (draft) => {
    await build({
      entryPoints: [join(root, source, "extension.ts")],
      outfile: join(draft, "extension.js"),
      bundle: true,
      format: "esm",
      platform: "node",
      target: "node24",
      external: ["vscode"],
      logLevel: "warning",
    });
    cpSync(join(root, source, "package.json"), join(draft, "package.json"));
    cpSync(join(root, "LICENSE"), join(draft, "LICENSE"));
    writeFileSync(join(draft, "README.md"), "The tests' own.\n");
    const packagePath = join(draft, "probe.vsix");
    await createVSIX({ cwd: draft, packagePath, dependencies: false, allowMissingRepository: true });
    return packagePath;
  });
};

const once = async (
  name: string,
  hash: string,
  make: (draft: string) => Promise<string>,
): Promise<string> => {
  const file = join(cache, `${name}-${hash}.vsix`);
  if (existsSync(file)) {
    markUsed(file);
    return file;
  }
  mkdirSync(cache, { recursive: true });
  const draft = mkdtempSync(join(tmpdir(), "ocvibe-vsix-"));
  try {
    const made = await make(draft);
    // Perhaps on another disk than the cache, where it has to be whole at once.
    cpSync(made, `${file}.${process.pid}`);
    renameSync(`${file}.${process.pid}`, file);
    for (const old of globSync([`${name}-*.vsix`, "extensions-*"], { cwd: cache })) {
      // Another checkout that shares this folder may be installing a newer one.
      if (Date.now() - statSync(join(cache, old)).mtimeMs > anHour)
        rmSync(join(cache, old), { recursive: true, force: true });
    }
    return file;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
};

/** What was not used for long goes when a new one is made. */
export const markUsed = (path: string): void => utimesSync(path, new Date(), new Date());

const hashOf = (patterns: ReadonlyArray<string>): string => {
  const digest = createHash("sha256");
  for (const path of globSync([...patterns], { cwd: root, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()) {
    digest.update(path).update(readFileSync(path));
  }
  return digest.digest("hex").slice(0, 16);
};
