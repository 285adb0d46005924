/** Mail between agents and with the person. */
import { Schema } from "effect";
import { DeferredView } from "./deferredRoutes.ts";
import { Importance } from "./events.ts";
import { o, opt, project, read, Str, waitSeconds } from "./route.ts";

export const Message = Schema.Struct({
  id: Str,
  from: Str,
  to: Schema.Array(Str),
  subject: Str,
  body: Str,
  thread: Str,
  importance: Importance,
  /** A deferred that waits for the answer. */
  replyTo: opt(Str),
  at: Str,
}).annotate({ identifier: "Message" });
export type Message = typeof Message.Type;

/** A message that was handed out: it comes back at `visibleAgainAt` unless it is acked with its `delivery`. */
export const Delivery = Schema.Struct({
  ...Message.fields,
  delivery: Str,
  /** The first delivery is 1. */
  deliveries: Schema.Natural,
  visibleAgainAt: Str,
}).annotate({ identifier: "Delivery" });
export type Delivery = typeof Delivery.Type;

export const DeadLetter = Schema.Struct({
  ...Message.fields,
  recipient: Str,
  deliveries: Schema.Natural,
  error: Str,
  deadAt: Str,
}).annotate({ identifier: "DeadLetter" });
export type DeadLetter = typeof DeadLetter.Type;

export const mailRoutes = {
  /** From the caller. The `id` (a UUIDv7) makes a repeated call the same message. */
  send: o({ access: "anyone" })
    .input(
      Schema.Struct({
        ...project,
        id: opt(Str),
        to: Schema.Array(Str),
        subject: Str,
        body: opt(Str),
        thread: opt(Str),
        importance: opt(Importance),
        replyTo: opt(Str),
      }),
    )
    .output(Message),
  /** Leases the caller's messages to it for `visibilitySeconds`; waits for the first one if told to. */
  receive: o({ access: "anyone" })
    .input(
      Schema.Struct({
        ...project,
        limit: opt(Schema.Natural),
        visibilitySeconds: opt(Schema.Natural),
        waitSeconds,
      }),
    )
    .output(Schema.Array(Delivery)),
  ack: o({ access: "anyone" })
    .input(Schema.Struct({ ...project, id: Str, delivery: Str }))
    .output(Schema.Struct({ id: Str })),
  /** The person has dealt with a message, so that it waits in the person's inbox no more; it need not be handed out. */
  seen: o({ access: "person" })
    .input(Schema.Struct({ ...project, id: Str }))
    .output(Schema.Struct({ id: Str })),
  /** What waits in the caller's inbox, or in that of whom the person names; nothing is handed out by it. */
  inbox: read("anyone")
    .input(Schema.Struct({ ...project, of: opt(Str) }))
    .output(Schema.Array(Message)),
  /** Sends, and waits for the answer; without one in time, the answer can be awaited by the deferred's id. */
  ask: o({ access: "anyone" })
    .input(
      Schema.Struct({
        ...project,
        to: Str,
        subject: Str,
        body: opt(Str),
        expiresSeconds: opt(Schema.Natural),
        waitSeconds,
      }),
    )
    .output(DeferredView),
  dead: read("anyone")
    .input(Schema.Struct({ ...project, of: opt(Str) }))
    .output(Schema.Array(DeadLetter)),
  revive: o({ access: "person" })
    .input(Schema.Struct({ ...project, id: Str, recipient: Str }))
    .output(Message),
};
