/** What client and daemon must agree on before they speak. */

/**
 * The protocol's version, apart from the package's. A daemon accepts its own and the one before, and a client
 * never replaces a newer daemon by an older one.
 */
export const PROTOCOL = 1;
export const OLDEST_PROTOCOL = 1;

export const headers = {
  protocol: "ocvibe-protocol",
  /** The caller's process id, for the refusal of the person's acts from inside a worker's process tree. */
  pid: "ocvibe-pid",
} as const;

/** `daemon.json` in the data folder: how to reach the daemon that wrote it. */
export interface DaemonAddress {
  readonly pid: number;
  readonly protocol: number;
  readonly version: string;
  /** Path of the Unix socket, or name of the Windows pipe. */
  readonly socket: string;
}
