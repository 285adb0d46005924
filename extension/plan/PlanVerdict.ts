/**
 * What is known of one text of a plan document. A verdict is about exactly one version of the document; what an
 * approval is bound to is read from it.
 */
import { InvalidPlan } from "../../shared/contract/errors.ts";
import type { PlanFault } from "../../shared/contract/plan.ts";
import type { Proposal } from "../../shared/contract/swarmRoutes.ts";

export type PlanVerdict =
  /** It is being looked at. */
  | { readonly kind: "waiting" }
  /** The daemon found nothing that stops a start. */
  | { readonly kind: "good"; readonly proposal: Proposal }
  | { readonly kind: "faulty"; readonly faults: ReadonlyArray<PlanFault> }
  /** It could not be looked at, for instance because no daemon can be started. */
  | { readonly kind: "unknown"; readonly message: string };

/** Asks for a proposal of the text; every way in which that ends is a verdict. */
export const judgePlan = async (propose: () => Promise<Proposal>): Promise<PlanVerdict> => {
  try {
    return { kind: "good", proposal: await propose() };
  } catch (cause) {
    if (cause instanceof InvalidPlan) return { kind: "faulty", faults: cause.faults };
    return { kind: "unknown", message: cause instanceof Error ? cause.message : String(cause) };
  }
};

/** How many files of the base each list of patterns matches, by the list as it stands in the plan. */
export type FileCounts = ReadonlyMap<string, number>;

export const filesKey = (files: ReadonlyArray<unknown>): string => JSON.stringify(files);

/** What a proposal says of the subtasks' files; what was known before stays, so that a fault elsewhere hides none. */
export const countFiles = (known: FileCounts, { plan, subtasks }: Proposal): FileCounts => {
  const next = new Map(known);
  for (const [index, { files }] of plan.subtasks.entries()) {
    const now = subtasks[index]?.filesNow;
    if (now !== undefined) next.set(filesKey(files), now);
  }
  return next;
};
