/** What the parts of one running swarm share. A run lives as long as this daemon works on the swarm. */
import { join } from "node:path";
import type { Queue, Semaphore } from "effect";
import { safeName } from "../../coordination/hive/cellId.ts";
import type { OpenProject } from "./Projects.ts";
import type { SwarmLog } from "./SwarmLog.ts";

export interface SwarmRun {
  readonly project: OpenProject;
  readonly epicId: string;
  readonly log: SwarmLog;
  /** The branch in the workshop on which merged work collects. */
  readonly branch: string;
  /** Below this folder every attempt and every gate has a folder of its own. */
  readonly folder: string;
  /** Where the output of agents is kept. */
  readonly logs: string;
  /**
   * How many attempts are under way, twice as many as there are workers: checkouts are made while others work,
   * so that a worker that becomes free has something to begin with at once.
   */
  readonly attempts: Semaphore.Semaphore;
  /** How many checkouts are made at once, the first to come first. */
  readonly preparing: Semaphore.Semaphore;
  /** How many agents work at once. */
  readonly workers: Semaphore.Semaphore;
  /** How many gates run their checks at once. */
  readonly gates: Semaphore.Semaphore;
  /** One merge at a time, so that each is judged on what it is merged with. */
  readonly mergeTurn: Semaphore.Semaphore;
  /** One landing at a time in all of this daemon: two in one checkout would be in each other's way. */
  readonly landingTurn: Semaphore.Semaphore;
  /** Tells the scheduler to look again. */
  readonly wake: Queue.Queue<void>;
  /** Shows a line of an agent's output to whoever watches; it is kept in the log file only. */
  readonly progress: (cell: string, line: string) => void;
  /** Tells those who read that file that there is more of it. */
  readonly wrote: (cell: string) => void;
}

export const epicBranch = (epicId: string): string => `refs/heads/swarm/${epicId}`;

/** What the agents of a swarm printed, a file for each attempt. */
export const logsFolder = (dataFolder: string, epicId: string): string =>
  join(dataFolder, "logs", "swarms", safeName(epicId));

export const logFile = (folder: string, cell: string, attempt: number): string =>
  join(folder, `${safeName(cell)}.${attempt}.log`);
