/** What a worker is told: its subtask, its files, the rules, and on a retry what was wrong the last time. */
import type { EpicState, SubtaskState } from "../../../shared/contract/swarmState.ts";

export const subtaskPrompt = (epic: EpicState, subtask: SubtaskState): string => {
  const goal = epic.created.plan.epic;
  const sections = [
    `# ${subtask.title}`,
    subtask.description ?? "",
    `This is subtask ${subtask.id} of "${goal.title}".${goal.description === undefined ? "" : ` ${goal.description}`}`,
    `## Your files\n\nYou may change only what these patterns match:\n\n${bullets(subtask.files)}`,
    "A change anywhere else is refused. Other agents are working on the rest of the repository right now.",
    epic.created.checks.length === 0
      ? "No checks are configured."
      : `## Checks\n\nYour work is taken over only when these pass:\n\n${bullets(epic.created.checks.map((check) => check.argv.join(" ")))}`,
    subtask.findings.length === 0
      ? ""
      : `## What was wrong with the last attempt\n\nIt was not taken over. You start again from a clean checkout.\n\n${bullets(
          subtask.findings.map((finding) => finding.message),
        )}`,
  ];
  return `${sections.filter((section) => section !== "").join("\n\n")}\n`;
};

const bullets = (lines: ReadonlyArray<string>) => lines.map((line) => `- ${line}`).join("\n");
