/** What *Start Swarm* offers while the person types: the new task first, then past ones, then the longer ways. */
import { asPlainText } from "../text/sanitise.ts";
import { t } from "../text/t.ts";

export type StartChoice =
  | { readonly kind: "new" | "past"; readonly task: string; readonly label: string; readonly detail?: string }
  | { readonly kind: "write" | "hand" | "planner"; readonly label: string; readonly detail?: string };

export interface Runtime {
  /** `command:PROG`, or empty. */
  readonly planner: string;
  readonly agent: string;
}

export const startChoices = (
  typed: string,
  past: ReadonlyArray<string>,
  runtime: Runtime,
): ReadonlyArray<StartChoice> => {
  const task = typed.trim();
  const earlier = past.filter((one) => one !== task);
  return [
    ...(task === ""
      ? []
      : [
          { kind: "new" as const, task, label: `$(rocket) ${asPlainText(task, 120)}`, detail: next(runtime) },
        ]),
    ...earlier.map((one) => ({
      kind: "past" as const,
      task: one,
      label: `$(history) ${asPlainText(one, 120)}`,
    })),
    { kind: "write", label: `$(edit) ${t("Write longer…")}`, detail: t("Opens a document for the task") },
    {
      kind: "hand",
      label: `$(new-file) ${t("New Plan by Hand")}`,
      detail: t("You write the subtasks; no model is needed"),
    },
    ...(runtime.planner === ""
      ? [
          {
            kind: "planner" as const,
            label: `$(gear) ${t("Choose a planner…")}`,
            detail: t("A program that makes a plan of a task (vibe.planner)"),
          },
        ]
      : []),
  ];
};

const next = ({ planner }: Runtime): string =>
  planner === ""
    ? t("No planner is set: you write the subtasks yourself")
    : t("{0} makes a plan, which you approve before anything starts", asPlainText(planner, 80));

/** What will do the work, for the title. */
export const describeRuntime = ({ planner, agent }: Runtime): string =>
  t(
    "planner: {0}, agent: {1}",
    planner === "" ? t("none") : asPlainText(planner, 60),
    agent === "" ? t("named in the plan") : asPlainText(agent, 60),
  );
