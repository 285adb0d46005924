/** Promises that outlive whoever waits for them. */
import { Schema } from "effect";
import { o, opt, project, read, Str, waitSeconds } from "./route.ts";

export const DeferredView = Schema.Struct({
  id: Str,
  state: Schema.Literals(["pending", "resolved", "rejected", "expired"]),
  expiresAt: Str,
  /** Of a resolved one. */
  value: opt(Schema.Json),
  /** Of a rejected one. */
  reason: opt(Str),
}).annotate({ identifier: "DeferredView" });
export type DeferredView = typeof DeferredView.Type;

const deferredId = { ...project, id: Str };

export const deferredRoutes = {
  create: o({ access: "anyone" })
    .input(Schema.Struct({ ...project, expiresSeconds: opt(Schema.Natural) }))
    .output(DeferredView),
  get: read("anyone").input(Schema.Struct(deferredId)).output(DeferredView),
  /** Answers when it is settled, or with a pending one when the time is up. */
  await: o({ access: "anyone" })
    .input(Schema.Struct({ ...deferredId, waitSeconds }))
    .output(DeferredView),
  resolve: o({ access: "anyone" })
    .input(Schema.Struct({ ...deferredId, value: Schema.Json }))
    .output(DeferredView),
  reject: o({ access: "anyone" })
    .input(Schema.Struct({ ...deferredId, reason: Str }))
    .output(DeferredView),
};
