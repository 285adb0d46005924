/**
 * The sentence with which a command ends when a swarm stopped before its work was done: what stopped it, where,
 * and what can be done. The summary above it tells the whole story.
 */
import { SwarmNotDone } from "../../shared/contract/errors.ts";
import type { SubtaskView, SwarmView } from "../../shared/contract/swarmRoutes.ts";
import { statusWords } from "./render/names.ts";
import { count, listed, plain, plainLines } from "./render/text.ts";
import type { Session } from "./Session.ts";

export const notDone = (session: Pick<Session, "command">, swarm: SwarmView): SwarmNotDone => {
  const { epic, status } = swarm;
  return new SwarmNotDone({ message: `${epic} ${sentence(session, swarm)}`, epic, status });
};

const sentence = ({ command }: Pick<Session, "command">, swarm: SwarmView): string => {
  const { epic, status, subtasks } = swarm;
  const all = (wanted: SubtaskView["status"]) => subtasks.filter((subtask) => subtask.status === wanted);
  switch (status) {
    case "blocked": {
      const blocked = all("blocked");
      const last = blocked.find(({ findings }) => findings.length > 0);
      const tries = last === undefined ? "" : ` after ${count(last.attempts, "attempt")}`;
      return `is blocked: ${named(blocked)} did not get done${tries}.${reason(last)} Mend the cause and have it tried again with \`${command("retry", blocked[0]?.id ?? "CELL")}\`, or end this swarm with \`${command("discard", epic)}\`.`;
    }
    case "needs-you": {
      const held = all("needs-you");
      return `waits for your answer to ${named(held)}.${reason(held[0])} \`${command("inbox")}\` says how to answer.`;
    }
    case "interrupted":
      return `${asSentence(`was interrupted${swarm.problem === null ? "" : `: ${plain(swarm.problem)}`}`)} Go on with \`${command("resume", epic)}\`.`;
    case "paused":
      return `is paused. Go on with \`${command("resume", epic)}\`.`;
    default:
      return `is ${statusWords[status]}, and its work is not done. \`${command("status", epic)}\` says more.`;
  }
};

const named = (subtasks: ReadonlyArray<SubtaskView>): string =>
  listed(
    subtasks.map(({ id, title }) => `"${plain(title)}" (${id})`),
    4,
  );

/** What was found last, as one sentence with the telling line of what was printed; the summary has all of it. */
const reason = (subtask: SubtaskView | undefined): string => {
  const [first = "", ...rest] = plainLines(subtask?.findings[0]?.message ?? "").filter(
    (line) => line.trim() !== "",
  );
  const telling = rest.find((line) => /error|fail/i.test(line)) ?? rest.at(-1) ?? "";
  return first === "" ? "" : ` ${asSentence(first.endsWith(":") ? `${first} ${telling.trim()}` : first)}`;
};

const asSentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);
