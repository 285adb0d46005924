/** Leases, and the requests that wait for files, as lines for a person. */
import type { LeaseView, TicketView } from "../../../shared/contract/reservationRoutes.ts";
import { clockTime } from "./clockTime.ts";
import { plain } from "./text.ts";

type Lease = typeof LeaseView.Type;

export const leaseLine = (lease: Lease): string => {
  const kind = lease.exclusive ? "" : " (shared)";
  const owner = lease.cell ?? lease.epic;
  const whose = owner === undefined || owner === lease.holder ? "" : ` for ${owner}`;
  const why = lease.reason === undefined ? "" : `: ${lease.reason}`;
  const { holder, token } = lease;
  return plain(`${files(lease)}${kind}  ${holder}${whose}, ${until(lease)}, token ${token}${why}`);
};

export const ticketLine = (ticket: TicketView): string => {
  const kind = ticket.exclusive ? "" : " (shared)";
  const whom = [
    ...new Set(ticket.conflicts.map((one) => `${one.holder}${one.waiting ? ", who waits too" : ""}`)),
  ];
  return plain(`${files(ticket)}${kind}  ${ticket.holder} waits for ${whom.join(" and ")}`);
};

/** A lease of a thousand patterns is no line. */
const shownPatterns = 3;

const files = ({ patterns }: { readonly patterns: ReadonlyArray<string> }): string => {
  const more = patterns.length - shownPatterns;
  return `${patterns.slice(0, shownPatterns).join(" ")}${more > 0 ? ` and ${more} more` : ""}`;
};

const until = ({ expiresAt }: Lease): string =>
  expiresAt === undefined ? "until it is released" : `until ${clockTime(expiresAt)}`;
