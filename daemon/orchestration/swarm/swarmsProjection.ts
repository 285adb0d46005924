/** The list of a project's swarms with their last known status, so that listing them never scans the log. */
import type { Projection } from "../../primitives/Projection.ts";

const table = "swarms";

export const swarmsProjection: Projection = {
  name: "swarms",
  version: 4,
  tables: [
    {
      name: table,
      columns: { epic: "text", title: "text", status: "text", started_at: "text", last_seq: "integer" },
      key: ["epic"],
      indexes: [["last_seq"], ["status"]],
    },
  ],
  types: [
    "epic_created",
    "subtask_added",
    "epic_ready",
    "landing_intended",
    "landing_refused",
    "landed",
    "revert_approved",
    "revert_refused",
    "reverted",
    "swarm_cancelled",
    "swarm_discarded",
  ],
  apply: (event) => {
    switch (event.type) {
      case "epic_created": {
        const { epic, plan } = event.data;
        const set = { title: plan.epic.title, status: "active", started_at: event.at, last_seq: event.seq };
        return [{ table, key: { epic }, set }];
      }
      case "subtask_added":
        return moved(event.data.epic, "active", event.seq);
      case "epic_ready":
      case "landing_refused":
        return moved(event.data.epic, "ready", event.seq);
      case "landing_intended":
        return moved(event.data.epic, "landing", event.seq);
      case "landed":
      case "revert_refused":
        return moved(event.data.epic, "landed", event.seq);
      case "revert_approved":
        return moved(event.data.epic, "reverting", event.seq);
      case "reverted":
        return moved(event.data.epic, "reverted", event.seq);
      case "swarm_cancelled":
        return moved(event.data.epic, "cancelled", event.seq);
      case "swarm_discarded":
        return moved(event.data.epic, "discarded", event.seq);
      default:
        return [];
    }
  },
};

const moved = (epic: string, status: string, seq: number) => [
  { table, key: { epic }, set: { status, last_seq: seq } },
];
