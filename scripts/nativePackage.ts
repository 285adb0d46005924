/**
 * The folder of libSQL's native addon for a VSIX target: the one installed here, or for another platform one that npm
 * brings into a temporary folder (`keep` says for how long). VS Code's names of targets are not libSQL's.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import packageJson from "../package.json" with { type: "json" };

const natives = {
  "linux-x64": "linux-x64-gnu",
  "linux-arm64": "linux-arm64-gnu",
  "linux-armhf": "linux-arm-gnueabihf",
  "alpine-x64": "linux-x64-musl",
  "alpine-arm64": "linux-arm64-musl",
  "darwin-x64": "darwin-x64",
  "darwin-arm64": "darwin-arm64",
  "win32-x64": "win32-x64-msvc",
} as const;

export type Target = keyof typeof natives;

export const targets = Object.keys(natives) as ReadonlyArray<Target>;

export const isTarget = (name: string): name is Target => name in natives;

/** The target of the machine this runs on. */
export const thisTarget = (): Target => {
  const name =
    process.platform !== "linux"
      ? `${process.platform}-${process.arch}`
      : process.arch === "arm"
        ? "linux-armhf"
        : `${isMusl() ? "alpine" : "linux"}-${process.arch}`;
  if (isTarget(name)) return name;
  throw new Error(`libSQL has no native package for ${name}. It has for ${targets.join(", ")}.`);
};

const isMusl = (): boolean => {
  const { header } = process.report.getReport() as {
    readonly header: { readonly glibcVersionRuntime?: string };
  };
  return header.glibcVersionRuntime === undefined;
};

export const nativePackage = (
  target: Target,
  keep: string,
): { readonly name: string; readonly folder: string } => {
  const name = `@libsql/${natives[target]}`;
  const installed = join(import.meta.dirname, "..", "node_modules", name);
  if (existsSync(installed)) return { name, folder: installed };
  const what = `${name}@${packageJson.dependencies.libsql}`;
  // By force: npm would not install what is for another machine.
  const args = ["install", "--force", "--prefix", keep, "--ignore-scripts", "--no-audit"];
  const { status, stderr, error } = spawnSync("npm", [...args, "--no-fund", "--loglevel", "error", what], {
    encoding: "utf8",
    stdio: ["ignore", "ignore", "pipe"],
    shell: process.platform === "win32",
  });
  const folder = join(keep, "node_modules", name);
  if (status === 0 && existsSync(folder)) return { name, folder };
  throw new Error(`npm can't bring ${what}, which ${target} needs: ${error?.message ?? stderr.trim()}`);
};
