/** `ocvibe state [--at SEQ|TIME]`: what the projections held as of an earlier event or time, or hold now. */
import { Effect, Option } from "effect";
import { Command } from "effect/cli";
import { textFlag } from "../flags.ts";
import { omitUndefined } from "../omitUndefined.ts";
import { openSession } from "../openSession.ts";
import { count, plain } from "../render/text.ts";

export const state = Command.make(
  "state",
  {
    at: textFlag("at", "SEQ|TIME", "As of this event, or this time (2026-01-31T09:30); else as of now"),
    projection: textFlag("projection", "NAME", "Only this one, with its rows"),
  },
  Effect.fn("state")(function* (input) {
    const session = yield* openSession;
    const projection = Option.getOrUndefined(input.projection);
    const asked = omitUndefined({
      project: session.project,
      projection,
      ...Option.match(input.at, { onNone: () => ({}), onSome: whenOf }),
    });
    const found = yield* session.ask((client, signal) => client.events.stateAt(asked, { signal }));
    const lines = Object.entries(found.tables).flatMap(([table, rows]) => [
      `${table}: ${count(rows.length, "row")}`,
      ...(projection === undefined ? [] : rows.map((row) => `  ${plain(JSON.stringify(row))}`)),
    ]);
    session.print(found, [`As of event ${found.seq}:`, ...lines]);
  }),
).pipe(Command.withDescription("Show what was known as of an earlier event or time"));

/** A number is an event's; a time without a zone is the person's own. */
const whenOf = (text: string): { readonly seq?: number; readonly at?: string } => {
  if (/^\d{1,15}$/.test(text)) return { seq: Number(text) };
  const time = Date.parse(text);
  return { at: Number.isNaN(time) ? text : new Date(time).toISOString() };
};
