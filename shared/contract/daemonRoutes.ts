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

/** Everything of ours on this machine, and what would be lost with it. */
export const OwnThings = Schema.Struct({
  /** The data folder. */
  folder: Str,
  items: Schema.Array(
    Schema.Struct({
      what: Str,
      path: Str,
      bytes: Schema.Natural,
      /** `client`: what the caller removes when the daemon has ended (`removeOwnData`). */
      by: Schema.Literals(["daemon", "client"]),
    }),
  ),
  /** Work that is nowhere else: it must be landed or discarded first, or named to be lost. */
  unlanded: Schema.Array(Schema.Struct({ id: Str, title: Str, place: Str, status: Str })),
  /** What is not ours, or could not be reached, in a sentence each. It stays. */
  stays: Schema.Array(Str),
  /** Of what is listed; a removal is bound to it. */
  hash: Str,
}).annotate({ identifier: "OwnThings" });
export type OwnThings = typeof OwnThings.Type;

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
  /** Lists everything of ours on this machine. Nothing is changed. */
  ownThings: read("person").input(nothing).output(OwnThings),
  /**
   * Takes away what is in repositories, and ends the daemon; the caller removes the data folder's part then. `hash` is
   * that of the list which the person saw, `discard` names every id of unlanded work in it.
   */
  uninstall: o({ access: "person" })
    .input(Schema.Struct({ hash: Str, discard: opt(Schema.Array(Str)) }))
    .output(Schema.Struct({ pid: Schema.Int })),
  diagnose: o({ access: "person" })
    .input(Schema.Struct({ project: opt(Str) }))
    .output(Schema.Array(Diagnosis)),
};
