/**
 * Every agent that ever was, in `agents`; and those at work with the hashes of their tokens in `live_agents`, so that
 * a daemon starts without reading the others.
 */
import type { Projection } from "../../primitives/Projection.ts";

const all = "agents";
const live = "live_agents";

export const agentsProjection: Projection = {
  name: "agents",
  version: 2,
  tables: [
    {
      name: all,
      columns: {
        name: "text",
        kind: "text",
        harness: "text",
        session: "text",
        epic: "text",
        cell: "text",
        attempt: "integer",
        registered_at: "text",
        ended_at: "text",
        end_reason: "text",
      },
      key: ["name"],
    },
    {
      name: live,
      columns: {
        name: "text",
        token_hash: "text",
        kind: "text",
        harness: "text",
        session: "text",
        epic: "text",
        cell: "text",
        attempt: "integer",
        registered_at: "text",
      },
      key: ["name"],
    },
  ],
  types: ["agent_registered", "agent_rejoined", "agent_ended"],
  apply: (event) => {
    switch (event.type) {
      case "agent_registered": {
        const { name, tokenHash, kind, harness, session, epic, cell, attempt } = event.data;
        const set = {
          kind,
          harness: harness ?? null,
          session: session ?? null,
          epic: epic ?? null,
          cell: cell ?? null,
          attempt: attempt ?? null,
          registered_at: event.at,
        };
        return [
          { table: all, key: { name }, set: { ...set, ended_at: null, end_reason: null } },
          { table: live, key: { name }, set: { ...set, token_hash: tokenHash } },
        ];
      }
      case "agent_rejoined":
        return [{ table: live, key: { name: event.data.name }, set: { token_hash: event.data.tokenHash } }];
      case "agent_ended": {
        const { name, reason } = event.data;
        return [
          { table: all, key: { name }, set: { ended_at: event.at, end_reason: reason } },
          { table: live, key: { name }, delete: true },
        ];
      }
      default:
        return [];
    }
  },
};
