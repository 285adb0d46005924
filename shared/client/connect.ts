/**
 * Finds the daemon of this user's data folder, or starts one, and gives a client that is typed by the routes.
 * Many may do so at once: each starts a daemon, one of those wins the lock, the others leave, and all clients
 * find the winner.
 */
import { spawn } from "node:child_process";
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statfsSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DaemonUnreachable, FileSystemError, NotAllowed, ProtocolMismatch } from "../contract/errors.ts";
import { type DaemonAddress, OLDEST_PROTOCOL, PROTOCOL } from "../contract/protocol.ts";
import { type Contract, contract } from "../contract/routes.ts";
import { type Client, createClient } from "../router/createClient.ts";
import { dataFolder } from "./dataFolder.ts";
import { isHealthy, socketTransport } from "./transport.ts";

export type DaemonClient = Client<Contract>;

export interface ConnectOptions {
  /** Start a daemon when there is none; otherwise that is `DaemonUnreachable`. */
  readonly start: boolean;
  readonly folder?: string;
}

const patience = 20_000;

export const connect = async (options: ConnectOptions): Promise<DaemonClient> => {
  const folder = options.folder ?? dataFolder();
  const running = await findDaemon(folder);
  if (running === undefined && !options.start) {
    throw new DaemonUnreachable({
      message: "No daemon is running. Any command that needs one starts it, for instance `daemon start`.",
    });
  }
  const address = running ?? (await startDaemon(folder));
  if (address.protocol < OLDEST_PROTOCOL || address.protocol > PROTOCOL + 1) {
    throw new ProtocolMismatch({
      message: `The daemon (${address.version}) speaks protocol ${address.protocol}, this program ${PROTOCOL}. Update the older one; \`daemon stop\` ends the daemon.`,
    });
  }
  return createClient(contract, socketTransport({ socket: address.socket, token: readToken(folder) }));
};

/** The daemon that answers now, or undefined. */
export const findDaemon = async (folder: string): Promise<DaemonAddress | undefined> => {
  const address = readAddress(folder);
  return address !== undefined && (await isHealthy(address.socket)) ? address : undefined;
};

const readAddress = (folder: string): DaemonAddress | undefined => {
  try {
    return JSON.parse(readFileSync(join(folder, "daemon.json"), "utf8")) as DaemonAddress;
  } catch {
    // Absent, or being written: there is no daemon to be found yet.
    return undefined;
  }
};

/** An agent's token where there is one, so that an agent never speaks with the person's authority by accident. */
const readToken = (folder: string): string => {
  const agent = process.env.OCVIBE_AGENT_TOKEN;
  if (agent !== undefined && agent !== "") return agent;
  const file = join(folder, "person.token");
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    throw new NotAllowed({
      message: `Your token ${file} can't be read. It is made by the daemon; check its owner and mode.`,
    });
  }
};

const refusalFile = (folder: string) => join(folder, "daemon-refused.txt");

const startDaemon = async (folder: string): Promise<DaemonAddress> => {
  try {
    return await bringUp(folder);
  } catch (cause) {
    throw fullDisk(folder, cause) ?? cause;
  }
};

/** On a full disk anything may have gone wrong first, and the daemon may not have been able to write what. */
const fullDisk = (folder: string, cause: unknown): FileSystemError | undefined => {
  const isFull = () => {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize < 64 * 1024;
  };
  const code = (cause as NodeJS.ErrnoException).code;
  if (code !== "ENOSPC" && !(existsSync(folder) && isFull())) return undefined;
  const message = `The disk of the data folder ${folder} is full. Free some space, or set OCVIBE_HOME to a folder on another disk.`;
  return new FileSystemError({ message, path: folder, code: "ENOSPC" });
};

const bringUp = async (folder: string): Promise<DaemonAddress> => {
  try {
    mkdirSync(join(folder, "logs"), { recursive: true, mode: 0o700 });
    rmSync(refusalFile(folder), { force: true });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOSPC") throw cause;
    throw new DaemonUnreachable({
      message: `The data folder ${folder} can't be made or written (${(cause as Error).message}). Set OCVIBE_HOME to another.`,
    });
  }
  const deadline = Date.now() + patience;
  let launched = launch(folder);
  let relaunchAt = 0;
  let pause = 100;
  while (Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 15));
    const address = await findDaemon(folder);
    if (address !== undefined) return address;
    if (!launched.hasEnded()) continue;
    const refusal = readRefusal(folder) ?? launched.crash();
    if (refusal !== undefined) throw new DaemonUnreachable({ message: refusal });
    // It lost the race for the lock to one that will answer soon, or that is on its way out.
    if (relaunchAt === 0) relaunchAt = Date.now() + pause;
    if (Date.now() < relaunchAt) continue;
    launched = launch(folder);
    relaunchAt = 0;
    pause = Math.min(pause * 2, 1000);
  }
  throw new DaemonUnreachable({
    message: `The daemon did not answer within ${patience / 1000} seconds. ${join(folder, "logs", "daemon.log")} says why.`,
  });
};

const launch = (folder: string) => {
  const output = join(folder, "logs", "daemon.out");
  const log = openSync(output, "a", 0o600);
  const from = fstatSync(log).size;
  const child = spawn(process.execPath, [daemonProgram()], {
    detached: true,
    stdio: ["ignore", log, log],
    env: { ...process.env, OCVIBE_HOME: folder, ELECTRON_RUN_AS_NODE: "1", OCVIBE_AGENT_TOKEN: "" },
    cwd: folder,
  });
  closeSync(log);
  child.unref();
  let failure: string | undefined;
  child.on("error", (cause) => {
    failure = cause.message;
  });
  return {
    hasEnded: () => failure !== undefined || child.exitCode !== null || child.signalCode !== null,
    /** Why it ended, when that was neither the loss of the lock (status 0) nor a signal. */
    crash: () => {
      if (failure === undefined && (child.exitCode ?? 0) === 0) return undefined;
      const printed = readFileSync(output).subarray(from).toString("utf8");
      const line = failure ?? /^\w*Error.*$/m.exec(printed)?.[0] ?? `it ended with status ${child.exitCode}`;
      return `The daemon can't start: ${line}. ${output} has the rest.`;
    },
  };
};

/** Beside the bundle this runs in, or the source when run from source. */
const daemonProgram = (): string => {
  const bundled = fileURLToPath(new URL("./daemon.js", import.meta.url));
  return existsSync(bundled) ? bundled : fileURLToPath(new URL("../../daemon/main.ts", import.meta.url));
};

/** A daemon that can't run says why in this file before it ends. */
const readRefusal = (folder: string): string | undefined => {
  try {
    const text = readFileSync(refusalFile(folder), "utf8").trim();
    return text === "" ? undefined : text;
  } catch {
    return undefined;
  }
};
