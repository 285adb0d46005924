/** The routes by which the client processes of the kill suite use the primitives of the one that holds the store. */
import { Schema } from "effect";
import { DeferredView } from "../../shared/contract/deferredRoutes.ts";
import { Delivery, Message } from "../../shared/contract/mailRoutes.ts";
import { LeaseView } from "../../shared/contract/reservationRoutes.ts";
import { createRouter } from "../../shared/router/createRouter.ts";
import { o } from "../../shared/router/o.ts";

const Str = Schema.String;
const Held = Schema.Struct({ name: Str, holder: Str, token: Schema.Int, expiresAt: Schema.Number });
const nothing = Schema.Struct({});
const route = () => o({ access: "anyone" });

export const table = createRouter({
  lock: {
    acquire: route()
      .input(Schema.Struct({ name: Str, holder: Str, ttl: Schema.Natural, wait: Schema.Natural }))
      .output(Held),
    release: route()
      .input(Schema.Struct({ name: Str, token: Schema.Int }))
      .output(nothing),
  },
  lease: {
    reserve: route()
      .input(Schema.Struct({ holder: Str, patterns: Schema.Array(Str), wait: Schema.Natural }))
      .output(Schema.Union([LeaseView, Schema.Null])),
    release: route()
      .input(Schema.Struct({ holder: Str, lease: Str, token: Schema.Int }))
      .output(nothing),
  },
  mail: {
    send: route()
      .input(Schema.Struct({ id: Str, from: Str, to: Schema.Array(Str), body: Str, thread: Str }))
      .output(Message),
    receive: route()
      .input(Schema.Struct({ recipient: Str }))
      .output(Schema.Array(Delivery)),
    ack: route()
      .input(Schema.Struct({ recipient: Str, id: Str, delivery: Str }))
      .output(nothing),
  },
  deferred: {
    create: route()
      .input(Schema.Struct({ id: Str }))
      .output(DeferredView),
    resolve: route()
      .input(Schema.Struct({ id: Str, value: Schema.Json }))
      .output(DeferredView),
    reject: route()
      .input(Schema.Struct({ id: Str, reason: Str }))
      .output(DeferredView),
    get: route()
      .input(Schema.Struct({ id: Str }))
      .output(DeferredView),
  },
  /** What the worker and the consumer have not done yet. */
  left: route()
    .input(nothing)
    .output(Schema.Struct({ messages: Schema.Natural, events: Schema.Natural })),
  cursor: {
    position: route()
      .input(nothing)
      .output(Schema.Struct({ seq: Schema.Natural })),
  },
});
