/** All stored events of the project that match, asked for page by page. */
import { Effect } from "effect";
import type { StoredEvent } from "../../shared/contract/events.ts";
import { omitUndefined } from "./omitUndefined.ts";
import type { Session } from "./Session.ts";

const pageSize = 1000;

export interface HistoryFilter {
  readonly after?: number;
  readonly type?: string;
}

export const readHistory = Effect.fn("readHistory")(function* (session: Session, filter: HistoryFilter) {
  const events: Array<StoredEvent> = [];
  for (;;) {
    const after = events.at(-1)?.seq ?? filter.after;
    const input = omitUndefined({ ...filter, project: session.project, after, limit: pageSize });
    const page = yield* session.ask((client, signal) => client.events.list(input, { signal }));
    events.push(...page);
    if (page.length < pageSize) return events;
  }
});
