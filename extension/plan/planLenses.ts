/**
 * What stands above a plan document and above each of its subtasks: the yes and the no, what an approval would mean,
 * and how many files each subtask's patterns match now.
 */
import { findNodeAtLocation, getNodeValue, type Node, parseTree } from "jsonc-parser";
import type { Proposal } from "../../shared/contract/swarmRoutes.ts";
import { asPlainText } from "../text/sanitise.ts";
import { t } from "../text/t.ts";
import { type FileCounts, filesKey, type PlanVerdict } from "./PlanVerdict.ts";

export type PlanAction = "approve" | "cancel" | "showFault" | "showUnseen" | "showChecks" | "retry";

export interface PlanLens {
  readonly offset: number;
  readonly title: string;
  /** Nothing happens on a click when there is none. */
  readonly action?: PlanAction;
}

export const planLenses = (
  text: string,
  verdict: PlanVerdict,
  counts: FileCounts,
  /** A plan that was saved to the workspace is the person's file: there is nothing to cancel. */
  { isDraft }: { readonly isDraft: boolean },
): ReadonlyArray<PlanLens> => {
  const cancel: ReadonlyArray<PlanLens> = isDraft
    ? [{ offset: 0, title: t("Cancel"), action: "cancel" }]
    : [];
  const [first, ...rest] = aboutAll(verdict);
  return [
    ...(first === undefined ? [] : [{ offset: 0, ...first }]),
    ...cancel,
    ...rest.map((lens) => ({ offset: 0, ...lens })),
    ...aboutSubtasks(text, verdict, counts),
  ];
};

type Head = Omit<PlanLens, "offset">;

const aboutAll = (verdict: PlanVerdict): ReadonlyArray<Head> => {
  switch (verdict.kind) {
    case "waiting":
      return [{ title: `$(loading~spin) ${t("Looking at the plan…")}` }];
    case "unknown":
      return [{ title: `$(warning) ${asPlainText(verdict.message, 120)}`, action: "retry" }];
    case "faulty": {
      const amount = verdict.faults.filter(({ severity }) => severity === "error").length;
      const title = amount === 1 ? t("1 fault to mend first") : t("{0} faults to mend first", amount);
      return [{ title: `$(error) ${title}`, action: "showFault" }];
    }
    case "good":
      return [
        { title: `$(play) ${t("Approve and start")}`, action: "approve" },
        { title: whereFrom(verdict.proposal) },
        checksOf(verdict.proposal),
        ...unseen(verdict.proposal),
      ];
  }
};

const whereFrom = ({ target, base, maxWorkers }: Proposal): string => {
  const from =
    target.kind === "branch"
      ? asPlainText(target.ref.replace(/^refs\/heads\//, ""), 60)
      : t("a detached HEAD");
  const commit = base.slice(0, 7);
  return maxWorkers === 1
    ? t("from {0} at {1}, one agent at a time", from, commit)
    : t("from {0} at {1}, up to {2} agents at once", from, commit, maxWorkers);
};

const checksOf = ({ checks }: Proposal): Head => {
  if (checks.length === 0) return { title: `$(warning) ${t("no checks: nothing judges the work but you")}` };
  const names = checks.map(({ check }) => asPlainText(check.name, 40)).join(", ");
  return { title: t("checked by {0}", names), action: "showChecks" };
};

const unseen = ({ dirty }: Proposal): ReadonlyArray<Head> => {
  if (dirty.length === 0) return [];
  const title =
    dirty.length === 1
      ? t("agents will not see 1 uncommitted change")
      : t("agents will not see {0} uncommitted changes", dirty.length);
  return [{ title: `$(warning) ${title}`, action: "showUnseen" }];
};

const aboutSubtasks = (text: string, verdict: PlanVerdict, counts: FileCounts): ReadonlyArray<PlanLens> => {
  const root = parseTree(text);
  const subtasks = root === undefined ? undefined : findNodeAtLocation(root, ["subtasks"]);
  if (subtasks?.type !== "array") return [];
  return (subtasks.children ?? []).flatMap((subtask, index) => {
    const files = filesOf(subtask);
    const now = files === undefined ? undefined : counts.get(filesKey(files));
    if (now === undefined) return [];
    const agent = verdict.kind === "good" ? (verdict.proposal.subtasks[index]?.agent ?? "") : "";
    return [
      { offset: subtask.offset, title: t("files that match now: {0}", now) },
      ...(agent === "" ? [] : [{ offset: subtask.offset, title: t("run by {0}", asPlainText(agent, 80)) }]),
    ];
  });
};

const filesOf = (subtask: Node): ReadonlyArray<unknown> | undefined => {
  const files = subtask.type === "object" ? findNodeAtLocation(subtask, ["files"]) : undefined;
  return files?.type === "array" ? getNodeValue(files) : undefined;
};
