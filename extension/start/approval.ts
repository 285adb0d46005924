/**
 * From the person's yes to a started swarm. The yes is bound to exactly what was seen: the text, the commit it starts
 * from, and the texts of the repository's commands. Whatever of it is another by the time it matters, the answer is
 * `changed`, nothing is started, and the person looks again.
 */
import type { DaemonClient } from "../../shared/client/connect.ts";
import { BaseRed, InvalidPlan } from "../../shared/contract/errors.ts";
import type { Check, CheckResult } from "../../shared/contract/gate.ts";
import type { PlanFault } from "../../shared/contract/plan.ts";
import type { Proposal, SwarmView } from "../../shared/contract/swarmRoutes.ts";
import { t } from "../text/t.ts";

export interface Approval {
  /** The project's root. */
  readonly project: string;
  readonly text: string;
  readonly task?: string;
  readonly agent?: string;
  /** What was shown with the text; undefined when the yes came before anything could be shown. */
  readonly seen?: Pick<Proposal, "planHash" | "base">;
}

/** The person and the document, as far as an approval needs them. */
export interface Approver {
  /** The document still says what was approved. */
  readonly isCurrent: () => boolean;
  /** Shows the exact texts of commands that were never allowed here. */
  readonly allowChecks: (checks: ReadonlyArray<Check>, proposal: Proposal) => Promise<boolean>;
  /** Shows checks that fail before any agent has begun. */
  readonly acceptRed: (red: ReadonlyArray<CheckResult>) => Promise<boolean>;
  /** Says what is being done. */
  readonly progress: (what: string) => void;
  readonly signal: AbortSignal;
}

export type ApprovalOutcome =
  | { readonly kind: "started"; readonly swarm: SwarmView }
  | { readonly kind: "declined" }
  | { readonly kind: "changed" }
  | { readonly kind: "faulty"; readonly faults: ReadonlyArray<PlanFault> };

type Swarm = Pick<DaemonClient["swarm"], "propose" | "approveChecks" | "checkBase" | "start">;

export const approveAndStart = async (
  swarm: Swarm,
  approval: Approval,
  approver: Approver,
): Promise<ApprovalOutcome> => {
  const { project, text, seen } = approval;
  const { signal } = approver;
  const agent = approval.agent === undefined ? {} : { agent: approval.agent };
  const request = { project, text, ...agent };

  approver.progress(t("Looking at the plan…"));
  const proposal = await proposed(() => swarm.propose(request, { signal }));
  if ("faults" in proposal) return { kind: "faulty", faults: proposal.faults };
  const { base, planHash } = proposal;
  const isSame = seen === undefined || (seen.planHash === planHash && seen.base === base);
  if (!isSame || !approver.isCurrent()) return { kind: "changed" };

  const commands = [...proposal.checks, ...(proposal.setup === undefined ? [] : [proposal.setup])];
  const open = commands.filter(({ approved }) => !approved).map(({ check }) => check);
  if (open.length > 0) {
    if (!(await approver.allowChecks(open, proposal))) return { kind: "declined" };
    if (!approver.isCurrent()) return { kind: "changed" };
    // The daemon refuses hashes that are not those of the repository's commands any more.
    await swarm.approveChecks({ project, hashes: open.map(({ hash }) => hash), base }, { signal });
  }

  const waive: Array<string> = [];
  if (proposal.checks.length > 0) {
    approver.progress(t("Running the checks on the commit that work starts from…"));
    const { results } = await swarm.checkBase({ project, base }, { signal });
    const red = results.filter(({ passed }) => !passed);
    refuseSetup(proposal, red);
    if (red.length > 0 && !(await approver.acceptRed(red))) return { kind: "declined" };
    waive.push(...red.map(({ name }) => name));
  }
  if (!approver.isCurrent()) return { kind: "changed" };

  approver.progress(t("Starting…"));
  const task = approval.task === undefined ? {} : { task: approval.task };
  // From here on it is the daemon's: a start that was cut off would be one that nobody knows of.
  const started = await swarm.start({ ...request, ...task, base, approvedPlan: planHash, waive });
  return { kind: "started", swarm: started };
};

const proposed = async (propose: () => Promise<Proposal>) => {
  try {
    return await propose();
  } catch (cause) {
    if (cause instanceof InvalidPlan) return { faults: cause.faults };
    throw cause;
  }
};

/** Where no checkout can be made ready no check could run, so that there is nothing to waive. */
const refuseSetup = ({ setup, checks }: Proposal, red: ReadonlyArray<CheckResult>) => {
  const failed = red.find(
    ({ name }) => name === setup?.check.name && !checks.some(({ check }) => check.name === name),
  );
  if (failed === undefined) return;
  throw new BaseRed({
    message: t(
      'The setup command "{0}" fails on the commit that work starts from, so no check could run. Mend it, and start again. It last printed: {1}',
      failed.name,
      failed.output.trim().slice(-500),
    ),
    results: [failed],
  });
};
