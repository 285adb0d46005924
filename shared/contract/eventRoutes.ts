/** The log: what happened, what was at a time, and its care. */
import { Schema } from "effect";
import { StoredEvent } from "./events.ts";
import { nothing, o, opt, project, read, Str } from "./route.ts";

export const eventRoutes = {
  list: read("anyone")
    .input(
      Schema.Struct({
        project: opt(Str),
        after: opt(Schema.Int),
        type: opt(Str),
        stream: opt(Str),
        /** At most this many, from `after` on; 100,000 is the most that one answer holds. */
        limit: opt(Schema.Natural.check(Schema.isLessThanOrEqualTo(100_000))),
      }),
    )
    .output(Schema.Array(StoredEvent)),
  follow: o({ access: "anyone", stream: true })
    .input(Schema.Struct({ project: opt(Str), after: opt(Schema.Int), type: opt(Str) }))
    .output(StoredEvent),
  /** The rows of the projections as of a sequence number or a time (ISO 8601). Of a long log that takes its time. */
  stateAt: read("person", "5 minutes")
    .input(Schema.Struct({ project: opt(Str), seq: opt(Schema.Natural), at: opt(Str), projection: opt(Str) }))
    .output(
      Schema.Struct({
        seq: Schema.Natural,
        /** By the table's name; a projection may have several. */
        tables: Schema.Record(Str, Schema.Array(Schema.Record(Str, Schema.Json))),
      }),
    ),
  /** Replaces the data of an event of this project by a marker, everywhere it is kept. */
  redact: o({ access: "person" })
    .input(Schema.Struct({ ...project, seq: Schema.Natural, reason: Str }))
    .output(Schema.Struct({ seq: Schema.Natural, redaction: Schema.Natural })),
  /** Frees what nothing needs any more: says what it would free, and frees it when told to. */
  gc: o({ access: "person" })
    .input(Schema.Struct({ free: Schema.Boolean }))
    .output(
      Schema.Struct({
        items: Schema.Array(Schema.Struct({ what: Str, path: opt(Str), bytes: Schema.Natural })),
        freed: Schema.Boolean,
      }),
    ),
  /** Drops every projection, replays the log, and says whether the rows are the same as before. */
  rebuild: o({ access: "person" })
    .input(nothing)
    .output(
      Schema.Array(
        Schema.Struct({
          projection: Str,
          rows: Schema.Natural,
          equal: Schema.Boolean,
          differing: Schema.Array(Str),
        }),
      ),
    ),
};
