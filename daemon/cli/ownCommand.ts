/**
 * How this program is called, for commands that are printed to be copied: as the launcher that started us says,
 * else `ocvibe` where a shell would find it, else Node with the path of this very file.
 */
import { realpathSync } from "node:fs";
import { isAbsolute, relative, sep } from "node:path";
import { findOnPath } from "./findOnPath.ts";

export interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** The Node that runs us. */
  readonly execPath: string;
  /** This program's own file. */
  readonly script: string;
  readonly platform: NodeJS.Platform;
}

export const surroundings = (): Surroundings => ({
  env: process.env,
  cwd: process.cwd(),
  execPath: process.execPath,
  script: process.argv[1] ?? "ocvibe",
  platform: process.platform,
});

/** The words as a command line that works where the person is; `project` is named only when that is elsewhere. */
export const ownCommand = (words: ReadonlyArray<string>, project: string, around: Surroundings): string => {
  const where = isInside(realPath(around.cwd), realPath(project)) ? [] : ["--project", project];
  const all = [...words, ...where].map((word) => quoted(word, around.platform));
  return [program(around), ...all].join(" ");
};

const program = (around: Surroundings): string => {
  const given = around.env.OCVIBE_COMMAND;
  if (given !== undefined && given !== "") return quoted(given, around.platform);
  if (onPath("ocvibe", around) !== undefined) return "ocvibe";
  const node = onPath("node", around);
  const same = node !== undefined && realPath(node) === realPath(around.execPath);
  return `${same ? "node" : quoted(around.execPath, around.platform)} ${quoted(around.script, around.platform)}`;
};

/** On the PATH of the person's shell: npm puts its own folders in front while it runs a script. */
const onPath = (name: string, around: Surroundings): string | undefined =>
  findOnPath(
    around.platform === "win32" ? [`${name}.cmd`, `${name}.exe`] : [name],
    around.env,
    (folder) => !/[\\/](node_modules[\\/]\.bin|node-gyp-bin)[\\/]?$/.test(folder),
  );

const isInside = (path: string, folder: string): boolean => {
  const way = relative(folder, path);
  return way === "" || (way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way));
};

const realPath = (path: string): string => {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
};

/** One word for a POSIX shell, or for cmd and PowerShell. */
export const quoted = (word: string, platform: NodeJS.Platform): string => {
  if (/^[\w@%+=:,./\\-]+$/.test(word) && (platform === "win32" || !word.includes("\\"))) return word;
  return platform === "win32" ? `"${word.replaceAll('"', '""')}"` : `'${word.replaceAll("'", "'\\''")}'`;
};
