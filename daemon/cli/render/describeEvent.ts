/**
 * One line for what an event means to a person who watches a swarm, or undefined for the book-keeping between.
 * `swarm` gives names to cells; without it the line is shorter, not wrong.
 */
import { type AnyEvent, isKnown, isRedacted, type StoredEvent } from "../../../shared/contract/events.ts";
import type { Finding } from "../../../shared/contract/gate.ts";
import type { SwarmView } from "../../../shared/contract/swarmRoutes.ts";
import { branchName, targetName } from "./names.ts";
import { count, listed, plain, plainLines, shortCommit } from "./text.ts";

export const describeEvent = (event: StoredEvent, swarm?: SwarmView): string | undefined => {
  const text = isKnown(event) ? meaning(event, swarm) : isRedacted(event) ? "redacted" : undefined;
  return text === undefined ? undefined : `${timeOf(event.at)} ${text}`;
};

/** The wall clock of the person's own time zone. */
export const timeOf = (at: string): string => {
  const date = new Date(at);
  const two = (value: number) => String(value).padStart(2, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
};

const meaning = (event: AnyEvent, swarm: SwarmView | undefined): string | undefined => {
  const agentOf = (cell: string) =>
    swarm?.subtasks.find((subtask) => subtask.id === cell)?.agent ?? undefined;
  const titleOf = (cell: string) => swarm?.subtasks.find((subtask) => subtask.id === cell)?.title;
  const who = (cell: string) => [cell, agentOf(cell)].filter((part) => part !== undefined).join(" ");
  switch (event.type) {
    case "epic_created": {
      const { epic, plan, base } = event.data;
      const from = `${targetName(event.data)} at ${shortCommit(base)}`;
      return `${epic} started "${plain(plan.epic.title)}": ${count(plan.subtasks.length, "subtask")}, from ${from}`;
    }
    case "checks_waived":
      return `${event.data.epic} these checks may stay red: ${event.data.checks.map(plain).join(", ")}`;
    case "swarm_resumed":
      return `${event.data.epic} resumed`;
    case "subtask_spawned": {
      const { cell, attempt, agent } = event.data;
      const title = titleOf(cell);
      const what = title === undefined ? "" : ` on "${plain(title)}"`;
      return `${cell} ${agent} started${what}${attempt > 1 ? `, attempt ${attempt}` : ""}`;
    }
    case "subtask_exited":
      return `${who(event.data.cell)} ${exits[event.data.outcome]}`;
    case "gate_passed":
      return event.data.stage === "cell"
        ? `${who(event.data.cell)} passed: ${changedFiles(event.data.files)}`
        : undefined;
    case "gate_failed":
      return `${who(event.data.cell)} refused: ${findingsLine(event.data.findings)}`;
    case "lease_lost":
      return `${who(event.data.cell)} set aside: ${findingsLine(event.data.findings)}`;
    case "gate_held":
      return `${who(event.data.cell)} needs you: ${findingsLine(event.data.findings)}`;
    case "gate_answered":
      return `${event.data.cell} you ${event.data.accepted ? "accepted" : "rejected"} the change`;
    case "subtask_merged":
      return `${who(event.data.cell)} merged as ${shortCommit(event.data.commit)}`;
    case "subtask_blocked":
      return `${event.data.cell} blocked: ${findingsLine(event.data.findings)}`;
    case "subtask_retried":
      return `${event.data.cell} begins anew`;
    case "swarm_paused":
      return `${event.data.epic} paused: no agent is started`;
    case "swarm_unpaused":
      return `${event.data.epic} goes on`;
    case "work_sent_back":
      return `${event.data.of.join(", ")} sent back: ${findingsLine(event.data.findings)}`;
    case "target_merged":
      return `${event.data.epic} the target moved meanwhile; its new commits were merged in`;
    case "subtask_added":
      return `${event.data.cell.id} added: "${plain(event.data.cell.title)}"`;
    case "epic_ready": {
      const unchecked = swarm?.checks.length === 0 ? "; no check has judged it" : "";
      return `${event.data.epic} ready at ${shortCommit(event.data.head)}${unchecked}`;
    }
    case "landing_intended":
      return `${event.data.epic} landing on ${branchName(event.data.ref)}`;
    case "landed":
      return `${event.data.epic} landed on ${branchName(event.data.ref)} at ${shortCommit(event.data.commit)}`;
    case "landing_refused":
      return `${event.data.epic} not landed: ${plain(event.data.message)}`;
    case "revert_intended":
      return `${event.data.epic} is being taken back from ${branchName(event.data.ref)}`;
    case "reverted":
      return `${event.data.epic} taken back from ${branchName(event.data.ref)} by ${shortCommit(event.data.commit)}`;
    case "revert_refused":
      return `${event.data.epic} not taken back: ${plain(event.data.message)}`;
    case "swarm_cancelled":
      return `${event.data.epic} cancelled`;
    case "swarm_discarded":
      return `${event.data.epic} discarded`;
    case "event_redacted":
      return `event ${event.data.redacted} redacted: ${plain(event.data.reason)}`;
    default:
      return undefined;
  }
};

const exits = {
  done: "says it is done; its work is being checked",
  failed: "ended with a failure",
  timeout: "was ended: it took too long",
  interrupted: "was interrupted; the work starts again in a fresh attempt",
} as const;

const changedFiles = (files: ReadonlyArray<string>) =>
  files.length === 0
    ? "it changed nothing"
    : `${count(files.length, "file")} (${listed(files.map(plain), 3)})`;

/** The first finding in one line, with what a failed check said first, and how many more there are. */
export const findingsLine = (findings: ReadonlyArray<Finding>): string => {
  const [first] = findings;
  if (first === undefined) return "no reason was recorded";
  const more = findings.length > 1 ? ` (and ${findings.length - 1} more)` : "";
  const [line = "", ...output] = plainLines(first.message).map((text) => text.trim());
  const telling = line.endsWith(":") ? firstFault(output) : undefined;
  return `${telling === undefined ? line : `${line} ${telling}`}${more}`;
};

/** The line of a check's output that most likely says what is wrong; npm begins with echoes of the script. */
const firstFault = (output: ReadonlyArray<string>): string | undefined => {
  const said = output.filter((line) => line !== "" && !/^(>|npm |\$ )/.test(line));
  return said.find((line) => /\b(error|fail(ed|ure)?|not ok|expected)\b/i.test(line)) ?? said[0];
};
