/** Leases as rows: what is held and until when, and below each of them those who wait for it. */
import type { AgentView } from "../../../shared/contract/agentRoutes.ts";
import type { LeaseView, TicketView } from "../../../shared/contract/reservationRoutes.ts";
import { commandIds } from "../../commands/commandIds.ts";
import type { ProjectModel } from "../../project/ProjectModel.ts";
import { holderOf, isMine, untilText, whoText } from "../../reserved/leaseText.ts";
import { asPlainText } from "../../text/sanitise.ts";
import { t } from "../../text/t.ts";
import { part, type Row } from "../Row.ts";

type Lease = typeof LeaseView.Type;

/** Rows of one group that are shown; nobody looks through thousands of leases in a tree. */
const most = 200;

/** A worker's files are its cell's: the cell holds them through gate and retries. */
export const leasesOf = (model: ProjectModel, { name, cell }: AgentView): ReadonlyArray<Lease> =>
  [...model.leases.values()].filter(
    ({ holder }) => holder === name || (cell !== undefined && holder === cell),
  );

export const leaseRows = (
  project: string,
  model: ProjectModel,
  leases: ReadonlyArray<Lease>,
  now: Date,
): ReadonlyArray<Row> => {
  const shown = leases.slice(0, leases.length <= most ? most : most - 1);
  const rows = shown.map((lease) => leaseRow(project, model, lease, now));
  const rest = leases.length - shown.length;
  if (rest === 0) return rows;
  const id = `more/${part(project)}/${part(leases[0]!.holder)}`;
  return [...rows, { ref: { id, kind: "more", project }, label: t("and {0} more", rest), icon: "ellipsis" }];
};

const leaseRow = (project: string, model: ProjectModel, lease: Lease, now: Date): Row => {
  const tickets = behind(model.queue, lease);
  const id = `lease/${part(project)}/${part(lease.lease)}`;
  const isShared = lease.exclusive ? [] : [t("others may read along")];
  return {
    ref: { id, kind: "lease", project, lease: lease.lease, ...namesOf(lease) },
    label: filesOf(lease.patterns),
    description: [
      untilText(lease, now),
      ...(tickets.length === 0 ? [] : [t("{0} waiting", tickets.length)]),
    ].join(" · "),
    icon: lease.exclusive ? "lock" : "eye",
    tooltip: [
      t("Held by {0}", whoText(holderOf(model, lease))),
      untilText(lease, now),
      ...isShared,
      ...(lease.reason === undefined ? [] : [asPlainText(lease.reason)]),
      ...lease.patterns.slice(0, 20).map((pattern) => asPlainText(pattern, 200)),
    ],
    words: isMine(lease) ? "mine" : "lease",
    ...(tickets.length === 0 ? {} : { children: tickets.map((ticket) => ticketRow(project, lease, ticket)) }),
  };
};

const namesOf = ({ cell, epic }: { readonly cell?: string; readonly epic?: string }) => ({
  ...(cell === undefined ? {} : { cell }),
  ...(epic === undefined ? {} : { epic }),
});

/** The first of its patterns, and how many there are beside it. */
const filesOf = (patterns: ReadonlyArray<string>): string => {
  const first = asPlainText(patterns[0] ?? t("nothing"), 120);
  return patterns.length > 1 ? t("{0} and {1} more", first, patterns.length - 1) : first;
};

const behind = (queue: ReadonlyArray<TicketView>, lease: Lease): ReadonlyArray<TicketView> =>
  queue.filter((ticket) => isBehind(ticket, lease)).sort((left, right) => left.ahead - right.ahead);

/** It waits for files of this lease. */
export const isBehind = ({ conflicts }: TicketView, lease: Lease): boolean =>
  conflicts.some(({ holder, held }) => holder === lease.holder && lease.patterns.includes(held));

/** One request may wait for several leases, and is shown below each of them. */
export const ticketRow = (project: string, lease: Lease | undefined, ticket: TicketView): Row => {
  const id = `ticket/${part(project)}/${part(lease?.lease ?? "")}/${part(ticket.ticket)}`;
  return {
    ref: { id, kind: "ticket", project, ...namesOf(ticket) },
    label: t("{0} waits", asPlainText(ticket.holder, 80)),
    description: ticket.ahead === 0 ? t("next in line") : t("{0} before it", ticket.ahead),
    icon: "watch",
    tooltip: [
      t("Wants {0}", filesOf(ticket.patterns)),
      ...(ticket.reason === undefined ? [] : [asPlainText(ticket.reason)]),
      ...ticket.conflicts
        .slice(0, 10)
        .map(({ held, holder }) =>
          t("waits for {0} of {1}", asPlainText(held, 120), asPlainText(holder, 80)),
        ),
    ],
    words: "ticket",
    ...(ticket.cell === undefined ? {} : { click: commandIds.showCell }),
  };
};
