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
  statSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { DaemonUnreachable, FileSystemError, NotAllowed, ProtocolMismatch } from "../contract/errors.ts";
import { type DaemonAddress, OLDEST_PROTOCOL, PROTOCOL } from "../contract/protocol.ts";
import { type Contract, contract } from "../contract/routes.ts";
import { type Client, createClient } from "../router/createClient.ts";
import { dataFolder } from "./dataFolder.ts";
import { rotateFile } from "./rotateFile.ts";
import type { Address } from "./send.ts";
import { isHealthy, type Revive, socketTransport } from "./transport.ts";

export type DaemonClient = Client<Contract>;

export interface ConnectOptions {
  /** Start a daemon when there is none; otherwise that is `DaemonUnreachable`. */
  readonly start: boolean;
  readonly folder?: string;
  /** Whose token speaks. Left out: the agent's that is in the environment, else the person's. */
  readonly as?: Speaker;
  /** The trace that calls are part of (W3C); left out, that of the program that started this one, if any. */
  readonly traceparent?: string | undefined;
}

/** The launcher is the program that a harness's hooks and its MCP bridge are: it registers sessions. */
export type Speaker = "launcher" | { readonly token: string };

const patience = 20_000;
/** Milliseconds that a stream waits for somebody to start the daemon again when it ended in order. */
const restartMs = 3000;

export const connect = async (options: ConnectOptions): Promise<DaemonClient> => {
  const folder = options.folder ?? dataFolder();
  const running = await findDaemon(folder);
  if (running === undefined && !options.start) {
    throw new DaemonUnreachable({
      message: "No daemon is running. Any command that needs one starts it, for instance `daemon start`.",
    });
  }
  const { traceparent = process.env.TRACEPARENT } = options;
  const ready = (address: DaemonAddress) => ({ ...readyTo(folder, address, options.as), traceparent });
  const first = ready(running ?? (await startDaemon(folder)));
  return createClient(contract, socketTransport(first, reviver(folder, options.start, ready)));
};

/** What is needed to speak to this daemon. */
const readyTo = (folder: string, address: DaemonAddress, as: Speaker | undefined): Address => {
  if (address.protocol < OLDEST_PROTOCOL || address.protocol > PROTOCOL + 1) {
    throw new ProtocolMismatch({
      message: `The daemon (${address.version}) speaks protocol ${address.protocol}, this program ${PROTOCOL}. Update the older one; \`daemon stop\` ends the daemon.`,
    });
  }
  return { socket: address.socket, token: typeof as === "object" ? as.token : readToken(folder, as) };
};

/**
 * Finds the daemon that is there now, and starts one when a call needs it, or when one was killed. A stream starts
 * none after a daemon that ended in order: somebody wanted that.
 */
const reviver = (folder: string, start: boolean, ready: (address: DaemonAddress) => Address): Revive => {
  let starting: Promise<DaemonAddress> | undefined;
  let stoppedAt: number | undefined;
  return async (what) => {
    const running = await findDaemon(folder);
    const stopped = running === undefined && readAddress(folder) === undefined;
    stoppedAt = stopped ? (stoppedAt ?? performance.now()) : undefined;
    if (running !== undefined) return ready(running);
    if (what === "stream" && stoppedAt !== undefined) {
      if (performance.now() - stoppedAt < restartMs) return undefined;
      throw new DaemonUnreachable({
        message: "The daemon was stopped. Any command that needs one starts it, for instance `daemon start`.",
      });
    }
    if (!start) return undefined;
    // All that wait on this client wait for the same one.
    starting ??= startDaemon(folder).finally(() => {
      starting = undefined;
    });
    return ready(await starting);
  };
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
const readToken = (folder: string, as: "launcher" | undefined): string => {
  const agent = process.env.OCVIBE_AGENT_TOKEN;
  if (as === undefined && agent !== undefined && agent !== "") return agent;
  const file = join(folder, as === undefined ? "person.token" : "launcher.token");
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    throw new NotAllowed({
      message: `The token ${file} can't be read. It is made by the daemon; check its owner and mode.`,
    });
  }
};

const refusalFile = (folder: string) => join(folder, "daemon-refused.txt");

const startDaemon = async (folder: string): Promise<DaemonAddress> => {
  try {
    return await bringUp(folder);
  } catch (cause) {
    throw fullDisk(folder, cause) ?? unwritable(folder, cause) ?? cause;
  }
};

/** What the file system itself says, for instance that the disk is read-only. */
const unwritable = (folder: string, cause: unknown): DaemonUnreachable | undefined => {
  if (cause instanceof DaemonUnreachable || (cause as NodeJS.ErrnoException).code === undefined)
    return undefined;
  return new DaemonUnreachable({
    message: `The data folder ${folder} can't be made or written (${(cause as Error).message}). Set OCVIBE_HOME to another.`,
  });
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
  makeFolder(join(folder, "logs"));
  rmSync(refusalFile(folder), { force: true });
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

/** With its parents. Node's own `recursive` never returns where a folder can't be made in one that is there (/proc). */
const makeFolder = (path: string): void => {
  try {
    makeInParent(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT" || dirname(path) === path) throw cause;
    makeFolder(dirname(path));
    makeInParent(path);
  }
};

/** Another client may make it at the same moment, the second time as well. */
const makeInParent = (path: string): void => {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "EEXIST" || !statSync(path).isDirectory()) throw cause;
  }
};

/** Bytes. A daemon prints nothing unless something is wrong with it. */
const largeOutput = 1024 * 1024;

const launch = (folder: string) => {
  const output = join(folder, "logs", "daemon.out");
  if (existsSync(output) && statSync(output).size > largeOutput) rotateFile(output);
  const log = openSync(output, "a", 0o600);
  const from = fstatSync(log).size;
  const child = spawn(process.execPath, [daemonProgram()], {
    detached: true,
    stdio: ["ignore", log, log],
    // With glibc each of a dozen threads keeps freed memory to itself, unless they share: a third of all memory.
    env: {
      MALLOC_ARENA_MAX: "2",
      ...process.env,
      OCVIBE_HOME: folder,
      ELECTRON_RUN_AS_NODE: "1",
      OCVIBE_AGENT_TOKEN: "",
    },
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
