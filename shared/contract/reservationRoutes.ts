/** Leases on files: who holds what, who waits for it, and whether a file may be written. */
import { Schema } from "effect";
import { LeaseConflictEntry } from "./errors.ts";
import { o, opt, project, read, Str, waitSeconds } from "./route.ts";

export const LeaseView = Schema.Struct({
  lease: Str,
  token: Schema.Int,
  holder: Str,
  cell: opt(Str),
  epic: opt(Str),
  patterns: Schema.Array(Str),
  exclusive: Schema.Boolean,
  expiresAt: opt(Str),
  reason: opt(Str),
}).annotate({ identifier: "LeaseView" });
export type LeaseView = typeof LeaseView.Type;

/** A request that waits for its files. */
export const TicketView = Schema.Struct({
  ticket: Str,
  holder: Str,
  cell: opt(Str),
  epic: opt(Str),
  patterns: Schema.Array(Str),
  exclusive: Schema.Boolean,
  reason: opt(Str),
  /** How many requests are served before it, because they are earlier and want files of it. */
  ahead: Schema.Natural,
  /** What it waits for now. */
  conflicts: Schema.Array(LeaseConflictEntry),
}).annotate({ identifier: "TicketView" });
export type TicketView = typeof TicketView.Type;

/** The answer to a request for files that may wait. */
export const Reserved = Schema.Union([
  Schema.Struct({ kind: Schema.Literal("granted"), lease: LeaseView }),
  /** Not yet: ask again for the same to keep the place, which is lost 10 minutes after the last time. */
  Schema.Struct({ kind: Schema.Literal("waiting"), ticket: TicketView }),
]).annotate({ identifier: "Reserved" });
export type Reserved = typeof Reserved.Type;

/** May a file be written? `docs/security.md` has the whole table. */
export const WriteVerdict = Schema.Struct({
  allowed: Schema.Boolean,
  /** One sentence for whoever asked; empty when there is nothing to say. */
  message: Str,
  /** Who stands in the way, or (for the person, who is only warned) whose files these are. */
  conflicts: Schema.Array(LeaseConflictEntry),
  /** The check reserved the file for the asking session until then. */
  reservedUntil: opt(Str),
}).annotate({ identifier: "WriteVerdict" });
export type WriteVerdict = typeof WriteVerdict.Type;

export const reservationRoutes = {
  list: read("anyone").input(Schema.Struct(project)).output(Schema.Array(LeaseView)),
  queue: read("anyone").input(Schema.Struct(project)).output(Schema.Array(TicketView)),
  check: read("anyone")
    .input(Schema.Struct({ ...project, path: Str }))
    .output(Schema.Array(LeaseConflictEntry)),
  /**
   * For the caller. Without `waitSeconds` a conflict is refused; with it, it waits in the queue, and who asks again
   * for the same waits on in its place.
   */
  reserve: o({ access: "anyone" })
    .input(
      Schema.Struct({
        ...project,
        patterns: Schema.Array(Str),
        ttlSeconds: opt(Schema.Int),
        shared: opt(Schema.Boolean),
        reason: opt(Str),
        waitSeconds,
      }),
    )
    .output(Reserved),
  /** Leaves the queue. */
  withdraw: o({ access: "anyone" })
    .input(Schema.Struct({ ...project, ticket: Str }))
    .output(Schema.Struct({ ticket: Str })),
  renew: o({ access: "anyone" })
    .input(Schema.Struct({ ...project, lease: Str, token: Schema.Int, ttlSeconds: opt(Schema.Int) }))
    .output(LeaseView),
  /** Of the caller's own: these patterns, or everything. */
  release: o({ access: "anyone" })
    .input(Schema.Struct({ ...project, patterns: opt(Schema.Array(Str)), all: opt(Schema.Boolean) }))
    .output(Schema.Struct({ released: Schema.Array(Str) })),
  /** Ends every lease that overlaps the patterns, and grants these to the person. */
  takeover: o({ access: "person" })
    .input(
      Schema.Struct({
        ...project,
        patterns: Schema.Array(Str),
        ttlSeconds: opt(Schema.Int),
        reason: opt(Str),
      }),
    )
    .output(
      Schema.Struct({
        lease: LeaseView,
        /** The leases that ended. */
        ended: Schema.Array(LeaseView),
      }),
    ),
  /** Gives leases of the caller's own to another agent, past the queue. */
  handover: o({ access: "anyone" })
    .input(Schema.Struct({ ...project, patterns: Schema.Array(Str), to: Str, reason: opt(Str) }))
    .output(Schema.Array(LeaseView)),
  /** Asked before a write. `harness` and `session` say for whom the launcher asks; `cwd` is where it runs. */
  writeCheck: o({ access: "everybody" })
    .input(Schema.Struct({ ...project, path: Str, harness: opt(Str), session: opt(Str) }))
    .output(WriteVerdict),
};
