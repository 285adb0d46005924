/** What no agent at work holds, and who waits for nobody's lease, as rows below the agents. */
import type { AgentView } from "../../../shared/contract/agentRoutes.ts";
import type { LeaseView } from "../../../shared/contract/reservationRoutes.ts";
import type { ProjectModel } from "../../project/ProjectModel.ts";
import { asPlainText } from "../../text/sanitise.ts";
import { t } from "../../text/t.ts";
import { part, type Row } from "../Row.ts";
import { isBehind, leaseRows, leasesOf, ticketRow } from "./leaseRows.ts";

type Lease = typeof LeaseView.Type;

const compare = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);

export const otherHolders = (
  project: string,
  model: ProjectModel,
  agents: ReadonlyArray<AgentView>,
  now: Date,
): ReadonlyArray<Row> => [...heldByOthers(project, model, agents, now), ...behindOthers(project, model)];

/** What no agent at work holds: the person's own, and files that wait with their epic or cell for what comes next. */
const heldByOthers = (
  project: string,
  model: ProjectModel,
  agents: ReadonlyArray<AgentView>,
  now: Date,
): ReadonlyArray<Row> => {
  const shown = new Set(agents.flatMap((agent) => leasesOf(model, agent).map(({ lease }) => lease)));
  const groups = new Map<string, Array<Lease>>();
  for (const lease of model.leases.values()) {
    if (shown.has(lease.lease)) continue;
    const group = groups.get(lease.holder);
    if (group === undefined) groups.set(lease.holder, [lease]);
    else group.push(lease);
  }
  return [...groups]
    .sort(([left], [right]) => Number(right === "person") - Number(left === "person") || compare(left, right))
    .map(([holder, leases]) => {
      const { epic, cell } = leases[0]!;
      return {
        ref: {
          id: `holder/${part(project)}/${part(holder)}`,
          kind: "holder",
          project,
          ...(epic === undefined ? {} : { epic }),
          ...(cell === undefined ? {} : { cell }),
        },
        label: holder === "person" ? t("You") : titleOf(model, holder),
        description:
          leases.length === 1 ? t("holds 1 reservation") : t("holds {0} reservations", leases.length),
        icon: holder === "person" ? "account" : "lock",
        words: "holder",
        children: leaseRows(project, model, leases, now),
      };
    });
};

/** Who waits for others that wait themselves, and came first. */
const behindOthers = (project: string, { leases, queue }: ProjectModel): ReadonlyArray<Row> => {
  const held = [...leases.values()];
  return queue
    .filter((ticket) => !held.some((lease) => isBehind(ticket, lease)))
    .map((ticket) => ticketRow(project, undefined, ticket));
};

/** The title of an epic or cell that holds files, else the name as it is. */
const titleOf = (model: ProjectModel, holder: string): string => {
  const title = model.swarms.get(holder)?.title ?? model.cells.get(holder)?.title;
  return title === undefined
    ? asPlainText(holder, 80)
    : `${asPlainText(title, 80)} (${asPlainText(holder, 40)})`;
};
