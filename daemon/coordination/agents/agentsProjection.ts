/** Every agent that ever was, with the hash of its token; `ended_at` is null for a live one. */
import type { Projection } from "../../primitives/Projection.ts";

const table = "agents";

export const agentsProjection: Projection = {
  name: "agents",
  version: 1,
  tables: [
    {
      name: table,
      columns: {
        name: "text",
        token_hash: "text",
        kind: "text",
        epic: "text",
        cell: "text",
        attempt: "integer",
        registered_at: "text",
        ended_at: "text",
        end_reason: "text",
      },
      key: ["name"],
    },
  ],
  types: ["agent_registered", "agent_ended"],
  apply: (event) => {
    switch (event.type) {
      case "agent_registered": {
        const { name, tokenHash, kind, epic, cell, attempt } = event.data;
        const set = {
          token_hash: tokenHash,
          kind,
          epic: epic ?? null,
          cell: cell ?? null,
          attempt: attempt ?? null,
          registered_at: event.at,
          ended_at: null,
          end_reason: null,
        };
        return [{ table, key: { name }, set }];
      }
      case "agent_ended": {
        const { name, reason } = event.data;
        return [{ table, key: { name }, set: { ended_at: event.at, end_reason: reason } }];
      }
      default:
        return [];
    }
  },
};
