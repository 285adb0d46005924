/** Where the daemon of this user keeps its data and listens. Client and daemon must agree, so both ask here. */
import { createHash } from "node:crypto";
import { realpathSync } from "node:fs";
import { homedir, tmpdir, userInfo } from "node:os";
import { join, resolve } from "node:path";

/** `OCVIBE_HOME`, else the platform's folder for data of programs + `opencode-vibe`. */
export const dataFolder = (env: NodeJS.ProcessEnv = process.env): string => {
  const given = env.OCVIBE_HOME;
  if (given !== undefined && given !== "") return resolve(given);
  const home = homedir();
  switch (process.platform) {
    case "darwin":
      return join(home, "Library", "Application Support", "opencode-vibe");
    case "win32":
      return join(env.LOCALAPPDATA ?? join(home, "AppData", "Local"), "opencode-vibe");
    default:
      return join(env.XDG_DATA_HOME ?? join(home, ".local", "share"), "opencode-vibe");
  }
};

/**
 * The folder of the socket, for this user only. Not the data folder: a socket's path must stay under about
 * 100 bytes.
 */
export const runtimeFolder = (env: NodeJS.ProcessEnv = process.env): string => {
  const given = env.XDG_RUNTIME_DIR;
  if (given !== undefined && given !== "" && isShort(given)) return join(given, "ocvibe");
  const base = isShort(tmpdir()) ? tmpdir() : "/tmp";
  return join(base, `ocvibe-${process.getuid?.() ?? userInfo().username}`);
};

const isShort = (path: string) => Buffer.byteLength(path) < 60;

/** The Unix socket, or the Windows pipe, of the daemon of a data folder. */
export const socketPath = (folder: string, env: NodeJS.ProcessEnv = process.env): string => {
  const name = createHash("sha256").update(realPathOf(folder)).digest("hex").slice(0, 16);
  return process.platform === "win32"
    ? `\\\\.\\pipe\\ocvibe-${name}`
    : join(runtimeFolder(env), `${name}.sock`);
};

/** Two names of one folder are one folder; one that does not exist yet has one name. */
const realPathOf = (folder: string): string => {
  try {
    return realpathSync(folder);
  } catch {
    return resolve(folder);
  }
};
