/**
 * Redacts an event, unless something that still works rests on it. The daemon should end afterwards: what it holds in
 * memory was made of the event too.
 */
import { Effect } from "effect";
import { InvalidInput, NotNow } from "../../../shared/contract/errors.ts";
import type { Actor, StoredEvent } from "../../../shared/contract/events.ts";
import { EventStore } from "../../primitives/EventStore.ts";
import { Swarms } from "../swarm/Swarms.ts";

const longestReason = 1000;

export const redactEvent = Effect.fn("redactEvent")(function* (
  actor: Actor,
  { seq, reason, project }: { readonly seq: number; readonly reason: string; readonly project: string },
) {
  const store = yield* EventStore;
  if (reason.trim() === "" || reason.length > longestReason) {
    return yield* new InvalidInput({
      message: `The reason is kept for ever beside the event: say why in at most ${longestReason} characters, without what is to be taken away.`,
    });
  }
  const live = yield* (yield* Swarms).liveCount;
  if (live > 0) {
    return yield* new NotNow({
      message: `The daemon ends after a redaction, and ${live === 1 ? "a swarm is" : `${live} swarms are`} being worked on. Wait for that, or cancel it.`,
    });
  }
  const [event] = yield* store.readAll({ after: seq - 1, upTo: seq, limit: 1 });
  // Numbers are the store's, and a mistyped one is another project's as easily as this one's.
  if (event !== undefined && event.project !== project) {
    return yield* new InvalidInput({
      message: `Event ${seq} is not of this project. Say it in the repository that it is about.`,
    });
  }
  const needed = event === undefined ? undefined : yield* whatRestsOn(event);
  if (needed !== undefined) return yield* new NotNow({ message: `Event ${seq} is still needed: ${needed}` });
  return yield* store.redact({ actor }, seq, reason.trim());
});

/** What would break without the event, and what to do first; undefined for nothing. */
const whatRestsOn = Effect.fnUntraced(function* (event: StoredEvent) {
  const store = yield* EventStore;
  const { tenant, project } = event;
  const has = (table: string, where: Record<string, string>) =>
    Effect.map(store.rows(table, { tenant, project, ...where }), (rows) => rows.length > 0);
  const [kind = "", ...rest] = event.stream.split("/");
  const name = rest.join("/");
  for (const epic of epicsOf(event)) {
    const [swarm] = yield* store.rows("swarms", { tenant, project, epic });
    if (swarm !== undefined && !["landed", "reverted", "discarded"].includes(String(swarm.status))) {
      return `the swarm ${epic} is ${swarm.status}, and goes on from what it says. Land it or discard it first.`;
    }
  }
  if (kind === "agent" && (yield* has("live_agents", { name })))
    return `${name} is at work, and is known by it. End the agent first.`;
  if (kind === "lock" && (yield* has("locks", { name })))
    return `the lock ${name} is held. Wait until it is released.`;
  if (kind === "deferred" && (yield* has("deferreds_pending", { id: name })))
    return "somebody waits for its answer. Answer it first.";
  const { lease } = (event.data ?? {}) as { readonly lease?: unknown };
  if (kind === "lease" && typeof lease === "string" && (yield* has("leases", { lease })))
    return "the files in it are held. Release them first.";
  return undefined;
});

/** The swarms that an event may belong to: by its stream, by its correlation, or by being of one of their cells. */
const epicsOf = ({ stream, correlation }: StoredEvent): ReadonlyArray<string> => {
  const [kind, name = ""] = [stream.slice(0, stream.indexOf("/")), stream.slice(stream.indexOf("/") + 1)];
  const ofStream = kind === "swarm" || kind === "cell" ? [name, name.replace(/\.[^.]*$/, "")] : [];
  return [...new Set([...ofStream, ...(correlation === null ? [] : [correlation])])];
};
