/**
 * One project that is open in this window: its client, and the model that its feed keeps up to date. Nothing is
 * asked of a repository that was never used with us; it is followed from its first use on.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as vscode from "vscode";
import { connect, type DaemonClient, findDaemon } from "../../shared/client/connect.ts";
import { dataFolder } from "../../shared/client/dataFolder.ts";
import { applyUpdate, emptyModel, everything, type ModelChange, type ProjectModel } from "./ProjectModel.ts";

/** `new` was never used with us; `down` has no daemon that answers. */
export type ProjectState = "new" | "connecting" | "live" | "down";

export interface Project {
  /** The common git directory, which is one for every worktree and subfolder. */
  readonly commonDir: string;
  /** The top folder of the worktree that it was found by: an absolute path. */
  readonly root: string;
  readonly model: () => ProjectModel;
  readonly state: () => ProjectState;
  /** Why it is down. */
  readonly problem: () => string | undefined;
  /** The daemon's client; the daemon is started when there is none. From the first use on, the project is followed. */
  readonly client: () => Promise<DaemonClient>;
  /** Fires after each update, and with `whole` when the state is another. */
  readonly onDidChange: vscode.Event<ModelChange>;
  /** When the last update came in, by `performance.now()`, for what is measured from it. */
  readonly receivedAt: () => number;
  readonly dispose: () => void;
}

/** Milliseconds between two looks for a daemon that is down: another window or a command may start it. */
const lookAgain = 2000;

export const openProject = (options: {
  readonly commonDir: string;
  readonly root: string;
  readonly log: vscode.LogOutputChannel;
}): Project => {
  const { commonDir, root, log } = options;
  const changes = new vscode.EventEmitter<ModelChange>();
  const closing = new AbortController();
  let model = emptyModel;
  const used = isUsed(commonDir);
  let state: ProjectState = used ? "connecting" : "new";
  let problem: string | undefined;
  let connected: Promise<DaemonClient> | undefined;
  let following = false;
  let receivedAt = 0;

  const become = (next: ProjectState, why?: string) => {
    if (state === next && problem === why) return;
    state = next;
    problem = why;
    changes.fire(everything);
  };

  const client = async () => {
    connected ??= connect({ start: true }).catch((cause: unknown) => {
      connected = undefined;
      throw cause;
    });
    const found = await connected;
    void follow();
    return found;
  };

  const follow = async () => {
    if (following) return;
    following = true;
    while (!closing.signal.aborted) {
      try {
        await receive(await (connected ?? client()));
      } catch (cause) {
        if (closing.signal.aborted) return;
        const why = cause instanceof Error ? cause.message : String(cause);
        if (isUnknownProject(cause)) become("new");
        else {
          log.warn(`${root}: ${why}`);
          become("down", why);
        }
      }
      await untilThere();
    }
  };

  const receive = async (daemon: DaemonClient) => {
    const updates = daemon.project.watch(
      { project: root },
      // A snapshot follows, which replaces everything.
      { signal: closing.signal, onReset: () => log.info(`${root}: the daemon's store is another`) },
    );
    for await (const { data } of updates) {
      receivedAt = performance.now();
      const applied = applyUpdate(model, data);
      model = applied.model;
      if (state === "live") changes.fire(applied.change);
      else become("live");
    }
  };

  /** A daemon that was stopped stays so until somebody wants it. */
  const untilThere = async () => {
    while (!closing.signal.aborted) {
      await sleep(lookAgain, undefined, { signal: closing.signal }).catch(() => undefined);
      if ((await findDaemon(dataFolder())) !== undefined) return;
    }
  };

  /** Another program may be the first to use the repository with us. */
  const followOnceUsed = async () => {
    while (!isUsed(commonDir)) {
      await sleep(lookAgain, undefined, { signal: closing.signal, ref: false }).catch(() => undefined);
      if (closing.signal.aborted) return;
    }
    await follow();
  };

  if (used) void client().catch((cause: Error) => become("down", cause.message));
  else void followOnceUsed();

  return {
    commonDir,
    root,
    model: () => model,
    state: () => state,
    problem: () => problem,
    client,
    onDidChange: changes.event,
    receivedAt: () => receivedAt,
    dispose: () => {
      closing.abort();
      changes.dispose();
    },
  };
};

/** The record is written at the first use. */
const isUsed = (commonDir: string): boolean => existsSync(join(commonDir, "vibe", "project.json"));

/** The daemon knows no project there yet: no swarm was started, and nothing reserved. */
const isUnknownProject = (cause: unknown): boolean => (cause as { _tag?: string })._tag === "NotFound";
