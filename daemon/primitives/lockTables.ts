/** The locks that are held, and until when one was renewed. */
import type { Projection, StateTable } from "./Projection.ts";

const table = "locks";

export const locksProjection: Projection = {
  name: "locks",
  version: 1,
  tables: [
    {
      name: table,
      columns: { name: "text", holder: "text", token: "integer", expires_at: "text" },
      key: ["name"],
    },
  ],
  types: ["lock_acquired", "lock_released", "lock_expired"],
  apply: (event) => {
    switch (event.type) {
      case "lock_acquired": {
        const { name, holder, expiresAt } = event.data;
        return [{ table, key: { name }, set: { holder, token: event.seq, expires_at: expiresAt } }];
      }
      case "lock_released":
      case "lock_expired":
        return [{ table, key: { name: event.data.name }, delete: true }];
      default:
        return [];
    }
  },
};

/** The end of a lock that was renewed, in place of the one in its grant; only that of the grant with this token. */
export const lockDeadlines: StateTable = {
  name: "lock_deadlines",
  columns: { name: "text", token: "integer", expires_at: "text" },
  key: ["name"],
};
