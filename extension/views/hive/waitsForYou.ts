/** What stands still until the person does something. The badge counts these, and the status bar leads to the first. */
import type { ProjectModel } from "../../project/ProjectModel.ts";
import { isOver } from "./hiveTree.ts";

export type Waiting =
  /** A question in the person's inbox; `message` is its id. */
  | { readonly kind: "question"; readonly message: string }
  /** The gate holds what a cell's agent did: it weakens the checks. */
  | { readonly kind: "answer"; readonly epic: string; readonly cell: string }
  /** A cell's attempts are used up. */
  | { readonly kind: "blocked"; readonly epic: string; readonly cell: string }
  /** The swarm stopped by itself, or was interrupted. */
  | { readonly kind: "stopped"; readonly epic: string }
  | { readonly kind: "land"; readonly epic: string };

/** The most pressing first: somebody who waits for an answer comes before work that is done. */
export const waitsForYou = (model: Pick<ProjectModel, "swarms" | "mail">): ReadonlyArray<Waiting> => {
  const found: Array<Waiting> = [];
  for (const { id, replyTo, importance } of model.mail) {
    // What only informs is read when there is time.
    if (replyTo !== undefined || importance === "high" || importance === "urgent")
      found.push({ kind: "question", message: id });
  }
  for (const swarm of model.swarms.values()) {
    const { epic, status } = swarm;
    if (isOver(swarm)) continue;
    for (const subtask of swarm.subtasks) {
      if (subtask.status === "needs-you") found.push({ kind: "answer", epic, cell: subtask.id });
      if (subtask.status === "blocked") found.push({ kind: "blocked", epic, cell: subtask.id });
    }
    if (status === "interrupted") found.push({ kind: "stopped", epic });
    if (status === "ready") found.push({ kind: "land", epic });
  }
  return found.sort((left, right) => order.indexOf(left.kind) - order.indexOf(right.kind));
};

const order: ReadonlyArray<Waiting["kind"]> = ["question", "answer", "blocked", "stopped", "land"];
