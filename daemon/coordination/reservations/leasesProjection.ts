/** The leases held now, a row each, so that a daemon starts without reading the log. */
import type { Projection } from "../../primitives/Projection.ts";

const table = "leases";

export const leasesProjection: Projection = {
  name: "leases",
  version: 2,
  tables: [
    {
      name: table,
      columns: {
        lease: "text",
        token: "integer",
        holder: "text",
        cell: "text",
        epic: "text",
        patterns: "json",
        exclusive: "integer",
        reason: "text",
        expires_at: "text",
        granted_at: "text",
      },
      key: ["lease"],
    },
  ],
  types: [
    "lease_granted",
    "lease_released",
    "lease_expired",
    "lease_passed",
    "lease_taken_over",
    "lease_handed_over",
  ],
  apply: (event) => {
    switch (event.type) {
      case "lease_granted": {
        const { lease, holder, cell, epic, patterns, exclusive, reason, expiresAt } = event.data;
        const set = {
          token: event.seq,
          holder,
          cell: cell ?? null,
          epic: epic ?? null,
          patterns,
          exclusive: exclusive ? 1 : 0,
          reason: reason ?? null,
          expires_at: expiresAt ?? null,
          granted_at: event.at,
        };
        return [{ table, key: { lease }, set }];
      }
      case "lease_passed": {
        const { lease, toEpic } = event.data;
        return [{ table, key: { lease }, set: { holder: toEpic, cell: null, epic: toEpic } }];
      }
      case "lease_released": {
        const { lease, kept } = event.data;
        if (kept !== undefined) return [{ table, key: { lease }, set: { patterns: kept } }];
        return [{ table, key: { lease }, delete: true }];
      }
      case "lease_expired":
      case "lease_taken_over":
      case "lease_handed_over":
        return [{ table, key: { lease: event.data.lease }, delete: true }];
      default:
        return [];
    }
  },
};
