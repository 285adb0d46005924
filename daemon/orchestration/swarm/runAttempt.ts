/**
 * One attempt: a fresh checkout, one agent process under its shim, and what it leaves behind, taken as a tree.
 * The folder goes when the attempt is over; the tree stays in the workshop.
 */
import { randomBytes } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Effect } from "effect";
import type { EventDataOf } from "../../../shared/contract/events.ts";
import type { SubtaskState } from "../../../shared/contract/swarmState.ts";
import { traceparent } from "../../../shared/telemetry/traceparent.ts";
import { Agents } from "../../coordination/agents/Agents.ts";
import { safeName } from "../../coordination/hive/cellId.ts";
import { Hive } from "../../coordination/hive/Hive.ts";
import { DataFolder } from "../../platform/DataFolder.ts";
import { faultPoint } from "../../platform/FaultPoint.ts";
import { fileSystem } from "../../platform/fileSystem.ts";
import { environment, Processes } from "../../platform/Processes.ts";
import { killStrays, ownMarker } from "../../platform/strays.ts";
import { runCommandAgent } from "../agents/commandRuntime.ts";
import { prepareCheckout, removeCheckout } from "./checkout.ts";
import { unlessPaused } from "./paused.ts";
import { swarmStream } from "./SwarmLog.ts";
import { logFile, type SwarmRun } from "./SwarmRun.ts";
import { subtaskPrompt, toldOf } from "./subtaskPrompt.ts";
import { noteStarted } from "./whenStartable.ts";

/** An agent that says nothing of its own limit is ended after this long. */
const agentTimeoutMs = 60 * 60 * 1000;

type Exit = Omit<EventDataOf<"subtask_exited">, "cell" | "attempt">;

/** Answers why the agent's program could not be started, if so: that is no strike. */
export const runAttempt = Effect.fn("runAttempt")(function* (run: SwarmRun, cell: string) {
  const agents = yield* Agents;
  const hive = yield* Hive;
  const subtask = run.log.subtask(cell);
  const attempt = subtask.attempts.length + 1;
  const origin = run.log.origin();
  const stream = swarmStream(run.epicId);
  const { name, token } = yield* agents.register(origin, { kind: "worker", epic: run.epicId, cell, attempt });
  const { cloneId } = yield* DataFolder;
  const marker = ownMarker(cloneId, `${safeName(cell)}.${attempt}.${randomBytes(6).toString("hex")}`);
  const folder = join(run.folder, safeName(cell), String(attempt));
  const base = subtask.reconciles?.base ?? run.log.epic().head;
  const spec = subtask.agent;
  yield* run.log.append([
    {
      stream,
      type: "spawn_intended",
      data: { cell, attempt, epic: run.epicId, agent: name, spec, base, folder, marker },
    },
    ...(yield* hive.changes(origin, cell, { status: "in_progress", assignee: name })),
  ]);
  yield* faultPoint("spawn-intended");
  const exited = (exit: Exit) =>
    run.log.append([{ stream, type: "subtask_exited", data: { cell, attempt, ...exit } }]);
  const exit = yield* work(run, subtask, { attempt, name, token, marker, folder, base }).pipe(
    Effect.onInterrupt(() =>
      Effect.ignore(Effect.andThen(exited(interrupted), removeAttempt(folder)), { log: "Warn" }),
    ),
    Effect.ensuring(Effect.ignore(agents.end(origin, name, "attempt over"), { log: "Warn" })),
  );
  yield* faultPoint("agent-exited");
  yield* exited(exit);
  yield* removeAttempt(folder);
  return exit.outcome === "interrupted" ? exit.message : undefined;
});

const interrupted: Exit = {
  outcome: "interrupted",
  exitCode: null,
  tree: null,
  findings: [],
  droppedOutput: 0,
};

interface Attempt {
  readonly attempt: number;
  readonly name: string;
  readonly token: string;
  readonly marker: string;
  readonly folder: string;
  readonly base: string;
}

const work = Effect.fn("work")(function* (run: SwarmRun, subtask: SubtaskState, one: Attempt) {
  const prepared = yield* run.preparing.withPermit(prepare(run, subtask, one));
  if (prepared.kind === "failed") return prepared.exit;
  const agent = runCommandAgent({
    spec: subtask.agent,
    prompt: subtaskPrompt(run.log.epic(), subtask),
    folder: one.folder,
    env: yield* agentEnvironment(subtask, one),
    marker: one.marker,
    timeoutMs: agentTimeoutMs,
    logFile: logFile(run.logs, subtask.id, one.attempt),
    onStarted: (pid) =>
      Effect.andThen(
        noteStarted(subtask),
        run.log.append([
          {
            stream: swarmStream(run.epicId),
            type: "subtask_spawned",
            data: { cell: subtask.id, attempt: one.attempt, agent: one.name, pid },
          },
        ]),
      ),
    onProgress: (line) => run.progress(subtask.id, line),
    onWritten: () => run.wrote(subtask.id),
  });
  const outcome = yield* run.workers.withPermit(unlessPaused(run, agent)).pipe(
    // A program that can't be started is neither the swarm's fault nor the attempt's.
    Effect.catchTag("ProcessError", ({ message }) =>
      Effect.succeed({ outcome: "not-started", message } as const),
    ),
  );
  if (outcome === undefined) return interrupted;
  if (outcome.outcome === "not-started") return { ...interrupted, message: outcome.message };
  const exit = {
    outcome: outcome.outcome,
    exitCode: outcome.exitCode,
    ...(outcome.message === undefined ? {} : { message: outcome.message }),
    droppedOutput: outcome.droppedOutput,
  };
  if (outcome.outcome !== "done") return { ...exit, tree: null, findings: [] };
  const taken = yield* run.project.workshop.snapshot(prepared.checkout);
  return { ...exit, tree: taken.tree, findings: taken.problems };
});

/** A checkout that is ready to work in, or the exit of an attempt that could not begin. */
const prepare = Effect.fnUntraced(function* (run: SwarmRun, subtask: SubtaskState, one: Attempt) {
  const checkout = yield* prepareCheckout({
    project: run.project,
    folder: one.folder,
    commit: one.base,
    branch: `swarm/${safeName(subtask.id)}`,
  });
  const notReady = yield* setUp(run, subtask, one);
  if (notReady === undefined) return { kind: "ready", checkout } as const;
  const exit: Exit = {
    outcome: "failed",
    exitCode: null,
    tree: null,
    message: notReady,
    findings: [],
    droppedOutput: 0,
  };
  return { kind: "failed", exit } as const;
});

const agentEnvironment = Effect.fnUntraced(function* (subtask: SubtaskState, one: Attempt) {
  const data = yield* DataFolder;
  const trace = yield* traceparent;
  const base = {
    ...environment(),
    OCVIBE_AGENT: one.name,
    OCVIBE_AGENT_TOKEN: one.token,
    OCVIBE_ATTEMPT: String(one.attempt),
    OCVIBE_CELL: subtask.id,
    OCVIBE_FILES: subtask.files.join("\n"),
    // With it the agent's own calls of the command line find this daemon; the token says who calls.
    OCVIBE_HOME: data.root,
    // Its own spans, and its calls of ours, belong to the swarm's trace.
    ...(trace === undefined ? {} : { TRACEPARENT: trace }),
  };
  const told = toldOf(subtask);
  if (told.length === 0) return base;
  const file = findingsFile(one.folder);
  yield* fileSystem(file, async () => {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, JSON.stringify(told, null, 2));
  });
  return { ...base, OCVIBE_FINDINGS: file };
});

/** The project's own setup command, if it has one; the person approved it like a check. Answers why it failed. */
const setUp = Effect.fnUntraced(function* (run: SwarmRun, subtask: SubtaskState, one: Attempt) {
  const { setup } = run.log.epic().created;
  if (setup === undefined) return undefined;
  const processes = yield* Processes;
  run.progress(subtask.id, `setting up: ${setup.argv.join(" ")}`);
  const { argv } = setup;
  const result = yield* processes.run({ argv, cwd: one.folder, env: environment(), marker: one.marker });
  if (result.exitCode === 0) return undefined;
  return `The setup command "${setup.name}" ended with exit code ${result.exitCode}:\n${result.tail.trim()}`;
});

/**
 * Ends an attempt that a daemon which is gone had under way: what is left of its processes is killed, its
 * folder removed. It is no strike; the next attempt starts in a folder of its own.
 */
export const abandonAttempt = Effect.fn("abandonAttempt")(function* (run: SwarmRun, cell: string) {
  const agents = yield* Agents;
  const last = run.log.subtask(cell).attempts.at(-1)!;
  const strays = yield* killStrays(last.marker);
  if (strays > 0)
    yield* Effect.logInfo("ended what was left of an attempt", { attempt: last.attempt, strays });
  yield* removeAttempt(last.folder);
  yield* agents.end(run.log.origin(), last.agent, "the daemon had died");
  yield* run.log.append([
    {
      stream: swarmStream(run.epicId),
      type: "subtask_exited",
      data: { cell, attempt: last.attempt, ...interrupted },
    },
  ]);
});

const removeAttempt = Effect.fnUntraced(function* (folder: string) {
  yield* removeCheckout(folder);
  yield* fileSystem(folder, () => rm(findingsFile(folder), { force: true }));
});

/** Outside the checkout: nothing of ours is written into it. */
const findingsFile = (folder: string) => `${folder}.findings.json`;
