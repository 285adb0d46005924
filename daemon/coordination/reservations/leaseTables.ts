/** What leases need to last and is no event: until when one was renewed, and who waits in which place. */
import type { StateTable } from "../../primitives/Projection.ts";

/** The end of a lease that was renewed, in place of the one in its grant. */
export const leaseDeadlines: StateTable = {
  name: "lease_deadlines",
  columns: { lease: "text", expires_at: "text" },
  key: ["lease"],
};

export const leaseTickets: StateTable = {
  name: "lease_tickets",
  columns: {
    ticket: "text",
    position: "integer",
    holder: "text",
    cell: "text",
    epic: "text",
    patterns: "json",
    exclusive: "integer",
    reason: "text",
    ttl_seconds: "integer",
    seen_at: "text",
  },
  key: ["ticket"],
};
