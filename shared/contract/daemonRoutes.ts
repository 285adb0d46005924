/** The daemon itself: how it is, where it listens, how it ends. */
import { Schema } from "effect";
import { nothing, o, opt, read, Str } from "./route.ts";

export const DaemonStatus = Schema.Struct({
  pid: Schema.Int,
  version: Str,
  protocol: Schema.Int,
  store: Str,
  clone: Str,
  head: Schema.Int,
  liveSwarms: Schema.Natural,
  clients: Schema.Natural,
  startedAt: Str,
}).annotate({ identifier: "DaemonStatus" });

/** One line of a diagnosis; `remedy` says how to mend what is not ok. */
export const Diagnosis = Schema.Struct({
  what: Str,
  ok: Schema.Boolean,
  /** Worth knowing, and no problem: `ok` is true. */
  note: opt(Schema.Boolean),
  detail: Str,
  remedy: opt(Str),
}).annotate({ identifier: "Diagnosis" });

export const daemonRoutes = {
  status: read("anyone").input(nothing).output(DaemonStatus),
  /** Answers, then drains and ends the daemon. Live swarms stay resumable. */
  stop: o({ access: "person" })
    .input(nothing)
    .output(Schema.Struct({ pid: Schema.Int })),
  /**
   * Listens on 127.0.0.1 as well, for as long as this stream is open; `announce` makes that known on the local
   * network. Without `port` the system chooses one.
   */
  listen: o({ access: "person", stream: true, resume: "none" })
    .input(
      Schema.Struct({
        port: opt(Schema.Natural.check(Schema.isLessThanOrEqualTo(65_535))),
        announce: opt(Schema.Boolean),
      }),
    )
    .output(Schema.Struct({ url: Str, name: opt(Str) })),
  diagnose: o({ access: "person" })
    .input(Schema.Struct({ project: opt(Str) }))
    .output(Schema.Array(Diagnosis)),
};
