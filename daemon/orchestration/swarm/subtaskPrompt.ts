/** What a worker is told: its subtask, its files, the rules, and on a retry what was wrong the last time. */
import type { Finding } from "../../../shared/contract/gate.ts";
import type { EpicState, SubtaskState } from "../../../shared/contract/swarmState.ts";

export const subtaskPrompt = (epic: EpicState, subtask: SubtaskState): string => {
  const goal = epic.created.plan.epic;
  // Until it was tried once, the findings are what the person asked for.
  const refused = subtask.findings.filter(({ kind }) => kind !== "sent-back");
  const sections = [
    `# ${subtask.title}`,
    subtask.description ?? "",
    `This is subtask ${subtask.id} of "${goal.title}".${goal.description === undefined ? "" : ` ${goal.description}`}`,
    `## Your files\n\nYou may change only what these patterns match:\n\n${bullets(subtask.files)}`,
    "A change anywhere else is refused. Other agents are working on the rest of the repository right now.",
    epic.created.checks.length === 0
      ? "No checks are configured."
      : `## Checks\n\nYour work is taken over only when these pass:\n\n${bullets(epic.created.checks.map((check) => check.argv.join(" ")))}`,
    subtask.asked === undefined
      ? ""
      : `## What is to be otherwise\n\nThe work is done and in your checkout. The person who looked at it wants this changed:\n\n${bullets(
          subtask.asked.map(sentence),
        )}`,
    refused.length === 0
      ? ""
      : `## What was wrong with the last attempt\n\nIt was not taken over. You start again from a clean checkout.\n\n${bullets(
          refused.map((finding) => finding.message),
        )}`,
  ];
  return `${sections.filter((section) => section !== "").join("\n\n")}\n`;
};

/** A finding of the gate names the path in its message; a person's comment stands beside it. */
export const sentence = ({ kind, path, line, message }: Finding): string =>
  kind !== "sent-back" || path === undefined ? message : `${path}:${line}: ${message}`;

/** Everything that the next agent is told, in the order of the prompt. */
export const toldOf = ({ asked = [], findings }: SubtaskState): ReadonlyArray<Finding> => [
  ...asked,
  ...findings.filter(({ kind }) => kind !== "sent-back"),
];

const bullets = (lines: ReadonlyArray<string>) => lines.map((line) => `- ${line}`).join("\n");
