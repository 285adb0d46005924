/**
 * The rows of mail: what was not acked yet, what was given up, and who has a message in hand. Rows of acked messages
 * go; the messages themselves are the `mail_sent` events.
 */
import type { Importance } from "../../shared/contract/events.ts";
import type { Projection, StateTable } from "./Projection.ts";

export const waiting = "mail_waiting";
export const dead = "mail_dead";

/** Urgent mail comes first. */
export const rankOf: Readonly<Record<typeof Importance.Type, number>> = {
  urgent: 0,
  high: 1,
  normal: 2,
  low: 3,
};

export const streamOf = (thread: string): string => `mail/${thread}`;
const threadOf = (stream: string): string => stream.slice("mail/".length);

export const mailProjection: Projection = {
  name: "mail",
  version: 1,
  tables: [
    {
      name: waiting,
      columns: { recipient: "text", id: "text", thread: "text", rank: "integer", seq: "integer" },
      key: ["recipient", "id"],
    },
    {
      name: dead,
      columns: {
        recipient: "text",
        id: "text",
        thread: "text",
        deliveries: "integer",
        error: "text",
        dead_at: "text",
      },
      key: ["recipient", "id"],
    },
  ],
  types: ["mail_sent", "mail_acked", "mail_dead", "mail_revived"],
  apply: (event) => {
    switch (event.type) {
      case "mail_sent": {
        const { id, to, thread, importance } = event.data;
        const set = { thread, rank: rankOf[importance], seq: event.seq };
        return to.map((recipient) => ({ table: waiting, key: { recipient, id }, set }));
      }
      case "mail_acked": {
        const { id, recipient } = event.data;
        return [{ table: waiting, key: { recipient, id }, delete: true }];
      }
      case "mail_dead": {
        const { id, recipient, deliveries, error } = event.data;
        const set = { thread: threadOf(event.stream), deliveries, error, dead_at: event.at };
        return [
          { table: waiting, key: { recipient, id }, delete: true },
          { table: dead, key: { recipient, id }, set },
        ];
      }
      case "mail_revived": {
        const { id, recipient, sent, importance } = event.data;
        const set = { thread: threadOf(event.stream), rank: rankOf[importance], seq: sent };
        return [
          { table: dead, key: { recipient, id }, delete: true },
          { table: waiting, key: { recipient, id }, set },
        ];
      }
      default:
        return [];
    }
  },
};

/** One row for each message that was handed out and is neither acked nor dead. */
export const mailDeliveries: StateTable = {
  name: "mail_deliveries",
  columns: {
    recipient: "text",
    id: "text",
    deliveries: "integer",
    /** The delivery that is out; null for a message that was given back. */
    delivery: "text",
    /** When it comes back, in milliseconds of wall time. */
    visible_at: "integer",
    /** What the last attempt said. */
    error: "text",
  },
  key: ["recipient", "id"],
};
