/** What the gate says of a swarm's work as a whole, in a word and in a sentence. */
import type { SwarmView } from "../../../shared/contract/swarmRoutes.ts";
import { asPlainText } from "../../text/sanitise.ts";
import { t } from "../../text/t.ts";

export interface Verdict {
  readonly kind: "passed" | "failed" | "unchecked" | "open";
  readonly word: string;
  readonly sentence: string;
}

export const verdictOf = ({
  checks,
  results,
  subtasks,
}: Pick<SwarmView, "checks" | "results" | "subtasks">): Verdict => {
  const held = subtasks.filter(({ status }) => status === "needs-you").length;
  if (held > 0)
    return {
      kind: "open",
      word: held === 1 ? t("1 change needs your answer") : t("{0} changes need your answer", held),
      sentence: t("The gate holds changes that weaken the checks until you accept or reject them."),
    };
  if (checks.length === 0)
    return {
      kind: "unchecked",
      word: t("unchecked"),
      sentence: t("The repository has no checks: nothing but you judges this work."),
    };
  const failed = results.filter(({ passed }) => !passed).map(({ name }) => asPlainText(name, 60));
  if (failed.length > 0)
    return {
      kind: "failed",
      word: t("{0} failed", failed.join(", ")),
      sentence: t("Red on the merged work: {0}", failed.join(", ")),
    };
  if (results.length === 0)
    return {
      kind: "open",
      word: t("not checked yet"),
      sentence: t("The checks have not run on the whole yet."),
    };
  return {
    kind: "passed",
    word: t("checks passed"),
    sentence: t(
      "Passed on the merged work: {0}",
      results.map(({ name }) => asPlainText(name, 60)).join(", "),
    ),
  };
};
