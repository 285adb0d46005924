/** Every deferred, and apart from them those that wait to be settled, so that a start reads only these. */
import type { Projection } from "./Projection.ts";

const table = "deferreds";
const pending = "deferreds_pending";

export const deferredsProjection: Projection = {
  name: "deferreds",
  version: 1,
  tables: [
    {
      name: table,
      columns: {
        id: "text",
        state: "text",
        expires_at: "text",
        owner: "text",
        value: "json",
        reason: "text",
      },
      key: ["id"],
    },
    { name: pending, columns: { id: "text", expires_at: "text" }, key: ["id"] },
  ],
  types: ["deferred_created", "deferred_resolved", "deferred_rejected", "deferred_expired"],
  apply: (event) => {
    switch (event.type) {
      case "deferred_created": {
        const { id, expiresAt, owner } = event.data;
        return [
          {
            table,
            key: { id },
            set: { state: "pending", expires_at: expiresAt, owner: owner ?? null, value: null, reason: null },
          },
          { table: pending, key: { id }, set: { expires_at: expiresAt } },
        ];
      }
      case "deferred_resolved": {
        const { id, value } = event.data;
        return [
          { table, key: { id }, set: { state: "resolved", value: { value } } },
          { table: pending, key: { id }, delete: true },
        ];
      }
      case "deferred_rejected": {
        const { id, reason } = event.data;
        return [
          { table, key: { id }, set: { state: "rejected", reason } },
          { table: pending, key: { id }, delete: true },
        ];
      }
      case "deferred_expired":
        return [
          { table, key: { id: event.data.id }, set: { state: "expired" } },
          { table: pending, key: { id: event.data.id }, delete: true },
        ];
      default:
        return [];
    }
  },
};
