/** The swarms of a project that are shown: all that are not over, and the last ones that are. */
import { Effect } from "effect";
import type { SwarmView } from "../../../shared/contract/swarmRoutes.ts";
import { EventStore } from "../../primitives/EventStore.ts";
import { Swarms } from "./Swarms.ts";

/** As many as are shown beside those that are not over. */
const listed = 50;
const notOver = ["active", "ready", "landing", "reverting"];

/** The one that changed last comes first. */
export const listSwarms = Effect.fn("listSwarms")(function* (project: string) {
  const store = yield* EventStore;
  const recent = yield* store.rows("swarms", { project }, { by: "last_seq", limit: listed });
  const open = yield* store.rows("swarms", { project, status: notOver });
  const seqs = new Map([...recent, ...open].map((row) => [String(row.epic), Number(row.last_seq)]));
  const epics = [...seqs].sort(([, left], [, right]) => right - left).map(([epic]) => epic);
  return yield* viewSwarms(project, epics);
});

/** Of what is no swarm of the project, and of one whose beginning was redacted, there is nothing to show. */
export const viewSwarms = Effect.fn("viewSwarms")(function* (project: string, epics: Iterable<string>) {
  const swarms = yield* Swarms;
  const views: Array<SwarmView> = [];
  for (const epic of epics) {
    const view = yield* Effect.catchTag(swarms.view(project, epic), "NotFound", () => Effect.undefined);
    if (view !== undefined) views.push(view);
  }
  return views;
});
