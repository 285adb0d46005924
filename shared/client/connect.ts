/**
 * Finds the daemon of this user's data folder, or starts one, and gives a client that is typed by the routes.
 * Many may do so at once: each starts a daemon, one of those wins the lock, the others leave, and all clients
 * find the winner.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DaemonUnreachable, NotAllowed, ProtocolMismatch } from "../contract/errors.ts";
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
    mkdirSync(join(folder, "logs"), { recursive: true, mode: 0o700 });
    rmSync(refusalFile(folder), { force: true });
  } catch (cause) {
    throw new DaemonUnreachable({
      message: `The data folder ${folder} can't be made or written (${(cause as Error).message}). Set OCVIBE_HOME to another.`,
    });
  }
  const deadline = Date.now() + patience;
  let child = launch(folder);
  while (Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 15));
    const address = await findDaemon(folder);
    if (address !== undefined) return address;
    if (child.exitCode !== null || child.signalCode !== null) {
      const refusal = readRefusal(folder);
      if (refusal !== undefined) throw new DaemonUnreachable({ message: refusal });
      // It lost the race for the lock, or the one that held the lock is on its way out: look again, then try again.
      await new Promise((resolve) => setTimeout(resolve, 100));
      if ((await findDaemon(folder)) === undefined) child = launch(folder);
    }
  }
  throw new DaemonUnreachable({
    message: `The daemon did not answer within ${patience / 1000} seconds. ${join(folder, "logs", "daemon.log")} says why.`,
  });
};

const launch = (folder: string) => {
  const log = openSync(join(folder, "logs", "daemon.out"), "a", 0o600);
  const child = spawn(process.execPath, [daemonProgram()], {
    detached: true,
    stdio: ["ignore", log, log],
    env: { ...process.env, OCVIBE_HOME: folder, ELECTRON_RUN_AS_NODE: "1", OCVIBE_AGENT_TOKEN: "" },
    cwd: folder,
  });
  child.unref();
  return child;
};

/** Beside the bundle this runs in, or the source when run from source. */
const daemonProgram = (): string => {
  const bundled = fileURLToPath(new URL("./daemon.js", import.meta.url));
  return existsSync(bundled) ? bundled : fileURLToPath(new URL("../../daemon/main.ts", import.meta.url));
};

/** A daemon that can't run says why in this file before it ends. */
const readRefusal = (folder: string): string | undefined => {
  try {
    return readFileSync(refusalFile(folder), "utf8").trim();
  } catch {
    return undefined;
  }
};
