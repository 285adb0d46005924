/** What waits for the person, in words: one line that says who asks, and what about. */
import type { ProjectModel } from "../project/ProjectModel.ts";
import { asPlainText } from "../text/sanitise.ts";
import { t } from "../text/t.ts";
import type { Waiting } from "../views/hive/waitsForYou.ts";

export interface WaitingText {
  readonly icon: string;
  readonly label: string;
  readonly detail: string;
}

type Known = Pick<ProjectModel, "swarms" | "mail">;

export const waitingText = (model: Known, waiting: Waiting): WaitingText => {
  switch (waiting.kind) {
    case "question": {
      const message = model.mail.find(({ id }) => id === waiting.message);
      const from = asPlainText(message?.from ?? "", 60);
      return {
        icon: message?.replyTo === undefined ? "mail" : "question",
        label: asPlainText(message?.subject ?? "", 120),
        detail: message?.replyTo === undefined ? t("{0} wrote to you", from) : t("{0} asks you", from),
      };
    }
    case "answer": {
      const subtask = subtaskOf(model, waiting.epic, waiting.cell);
      return {
        icon: "shield",
        label: nameOf(waiting.cell, subtask?.title),
        detail: t("Accept or reject: {0}", asPlainText(subtask?.findings[0]?.message ?? "", 200)),
      };
    }
    case "blocked": {
      const subtask = subtaskOf(model, waiting.epic, waiting.cell);
      return {
        icon: "error",
        label: nameOf(waiting.cell, subtask?.title),
        detail: t("Blocked: {0}", asPlainText(subtask?.findings[0]?.message ?? "", 200)),
      };
    }
    case "stopped": {
      const swarm = model.swarms.get(waiting.epic);
      const why = swarm?.problem ?? null;
      return {
        icon: "debug-disconnect",
        label: nameOf(waiting.epic, swarm?.title),
        detail:
          why === null ? t("Interrupted: resume it or cancel it") : t("Stopped: {0}", asPlainText(why, 200)),
      };
    }
    case "land": {
      const swarm = model.swarms.get(waiting.epic);
      const refusal = swarm?.refusal ?? null;
      return {
        icon: "rocket",
        label: nameOf(waiting.epic, swarm?.title),
        detail:
          refusal === null
            ? t("Ready to land")
            : t("Landing was refused: {0}", asPlainText(refusal.message, 200)),
      };
    }
  }
};

/** Two of one key are the same thing that waits. */
export const waitingKey = (waiting: Waiting): string =>
  waiting.kind === "question"
    ? `question/${waiting.message}`
    : `${waiting.kind}/${"cell" in waiting ? waiting.cell : waiting.epic}`;

const subtaskOf = (model: Known, epic: string, cell: string) =>
  model.swarms.get(epic)?.subtasks.find(({ id }) => id === cell);

const nameOf = (id: string, title: string | undefined): string =>
  title === undefined ? asPlainText(id, 60) : asPlainText(title, 100);
