/**
 * What `doctor` sees of the data folder, its tokens, its socket and its daemon from outside, without a daemon: it
 * must have something to say when none can start.
 */
import { accessSync, constants, existsSync, lstatSync, readFileSync, type Stats, statfsSync } from "node:fs";
import { dirname, join } from "node:path";
import { findDaemon } from "../../../shared/client/connect.ts";
import { socketPath } from "../../../shared/client/dataFolder.ts";
import type { Diagnosis } from "../../../shared/contract/daemonRoutes.ts";
import { type DaemonAddress, OLDEST_PROTOCOL, PROTOCOL } from "../../../shared/contract/protocol.ts";
import { version } from "../../../shared/contract/version.ts";
import { quoted } from "../ownCommand.ts";
import { fileSize } from "../render/text.ts";

type Line = typeof Diagnosis.Type;

const shell = (...words: ReadonlyArray<string>) =>
  `\`${words.map((word) => quoted(word, process.platform)).join(" ")}\``;

export const folderLines = (folder: string): ReadonlyArray<Line> => [
  folderLine(folder),
  ...["person.token", "launcher.token"].flatMap((name) => tokenLine(join(folder, name))),
];

const folderLine = (folder: string): Line => {
  const what = "data folder";
  // A folder that does not exist yet is made in the nearest one that does.
  let nearest = folder;
  while (!existsSync(nearest) && dirname(nearest) !== nearest) nearest = dirname(nearest);
  const info = lstatOf(nearest);
  const isFolder = info?.isDirectory() === true || info?.isSymbolicLink() === true;
  if (!isFolder || !isWritable(nearest)) {
    const remedy = `Make ${nearest} a folder that you can write, or set OCVIBE_HOME to another folder.`;
    return { what, ok: false, detail: `${folder} can't be written`, remedy };
  }
  if (nearest !== folder) return { what, ok: true, detail: `${folder} (made when first needed)` };
  const open = openTo(info);
  if (open === undefined) return { what, ok: true, detail: folder };
  return { what, ok: false, detail: `${folder} is ${open}`, remedy: `Run ${shell("chmod", "700", folder)}.` };
};

const tokenLine = (file: string): ReadonlyArray<Line> => {
  const what = "token";
  const info = lstatOf(file);
  // The daemon makes them when it first starts.
  if (info === undefined) return [];
  if (!info.isFile() || readFileSync(file, "utf8").trim() === "") {
    const remedy = `Stop the daemon and remove it with ${shell("rm", file)}: the next start makes a new one.`;
    return [{ what, ok: false, detail: `${file} holds no token`, remedy }];
  }
  const open = openTo(info);
  if (open === undefined) return [{ what, ok: true, detail: `${file} is yours alone` }];
  return [{ what, ok: false, detail: `${file} is ${open}`, remedy: `Run ${shell("chmod", "600", file)}.` }];
};

/** Who listens on the socket; to be asked after the daemon was, as that may have started it. */
export const socketLines = async (folder: string): Promise<ReadonlyArray<Line>> => {
  const daemon = await findDaemon(folder);
  const socket = daemon?.socket ?? socketPath(folder);
  return [socketLine(socket, daemon), ...(daemon === undefined ? leftBehind(folder) : versionLine(daemon))];
};

const socketLine = (socket: string, daemon: DaemonAddress | undefined): Line => {
  const what = "socket";
  const place = dirname(socket);
  const windows = process.platform === "win32";
  const runtime = windows ? undefined : lstatOf(place);
  const open = runtime === undefined ? undefined : openTo(runtime);
  if (runtime !== undefined && !runtime.isDirectory()) {
    const remedy = `Remove ${place}, or set XDG_RUNTIME_DIR to a folder of yours.`;
    return { what, ok: false, detail: `${place} is not a folder`, remedy };
  }
  if (open !== undefined) {
    const remedy = `Run ${shell("chmod", "700", place)}, or set XDG_RUNTIME_DIR to a folder of yours.`;
    return { what, ok: false, detail: `${place} is ${open}`, remedy };
  }
  if (daemon === undefined) return { what, ok: true, note: true, detail: `nobody listens on ${socket}` };
  const info = windows ? undefined : lstatOf(socket);
  const loose = info === undefined ? undefined : openTo(info);
  if (loose !== undefined) {
    return {
      what,
      ok: false,
      detail: `${socket} is ${loose}`,
      remedy: `Run ${shell("chmod", "600", socket)}.`,
    };
  }
  return { what, ok: true, detail: `${socket}, where process ${daemon.pid} listens` };
};

const versionLine = (daemon: DaemonAddress): ReadonlyArray<Line> => {
  const what = "daemon";
  const detail = `version ${daemon.version}, protocol ${daemon.protocol}`;
  const kill = `End it with ${shell("kill", String(daemon.pid))}: the next command starts one of this version.`;
  if (daemon.protocol < OLDEST_PROTOCOL) {
    return [{ what, ok: false, detail: `${detail}: too old for this program (${version})`, remedy: kill }];
  }
  if (daemon.protocol > PROTOCOL + 1) {
    const remedy = "Update this program: a daemon is never replaced by an older one.";
    return [{ what, ok: false, detail: `${detail}: too new for this program (${version})`, remedy }];
  }
  if (daemon.version === version) return [{ what, ok: true, detail }];
  return [{ what, ok: true, note: true, detail: `${detail}; this program is ${version}`, remedy: kill }];
};

/** A daemon that is there and does not answer. What one that was killed left is cleared by the next start. */
const leftBehind = (folder: string): ReadonlyArray<Line> => {
  const pid = announcedPid(folder);
  if (pid === undefined || !isOurDaemon(pid)) return [];
  const remedy = `End it with ${shell("kill", "-9", String(pid))}: nothing that was finished is lost.`;
  return [{ what: "daemon", ok: false, detail: `process ${pid} holds the data and does not answer`, remedy }];
};

const announcedPid = (folder: string): number | undefined => {
  try {
    const { pid } = JSON.parse(readFileSync(join(folder, "daemon.json"), "utf8"));
    return Number.isInteger(pid) ? pid : undefined;
  } catch {
    return undefined;
  }
};

/** The number of a process that is gone may be another's now. Linux says what a process is; elsewhere nobody is named. */
const isOurDaemon = (pid: number): boolean => {
  try {
    return /daemon(\.js|\/main\.ts)\0/.test(readFileSync(`/proc/${pid}/cmdline`, "utf8"));
  } catch {
    return false;
  }
};

const littleSpace = 1024 ** 3;

/** Of the disk, for when no daemon tells. */
export const diskLine = (folder: string): ReadonlyArray<Line> => {
  try {
    const { bavail, bsize } = statfsSync(existsSync(folder) ? folder : dirname(folder));
    const free = bavail * bsize;
    const detail = `${fileSize(free)} free where the data folder is`;
    if (free > littleSpace) return [{ what: "disk", ok: true, detail }];
    return [{ what: "disk", ok: false, detail, remedy: "Free some space: checkouts and the store need it." }];
  } catch {
    return [];
  }
};

/** Undefined as well for what is below a file, or in a folder that can't be looked into. */
const lstatOf = (path: string): Stats | undefined => {
  try {
    return lstatSync(path);
  } catch {
    return undefined;
  }
};

/** What is wrong with who may use it, if something is. Windows keeps the user's folders to the user. */
const openTo = (info: Stats | undefined): string | undefined => {
  if (info === undefined || process.platform === "win32") return undefined;
  if (info.uid !== process.getuid?.()) return "another user's";
  return (info.mode & 0o077) === 0 || info.isSymbolicLink() ? undefined : "open to other users";
};

const isWritable = (path: string): boolean => {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
};
