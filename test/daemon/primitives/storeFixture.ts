/** A real store in a temporary folder with one small projection, for the suites of the primitives. */
import { Effect, Layer } from "effect";
import { type SqlBatch, sqlLayer } from "../../../daemon/platform/Sql.ts";
import { EventStore, type NewEvent } from "../../../daemon/primitives/EventStore.ts";
import type { Projection } from "../../../daemon/primitives/Projection.ts";
import { tempFolder } from "../../support/tempFolder.ts";

export const agentsSeen: Projection = {
  name: "seen",
  version: 1,
  tables: [{ name: "seen", columns: { name: "text", ended: "text", info: "json" }, key: ["name"] }],
  types: ["agent_registered", "agent_ended"],
  apply: (event) => {
    if (event.type === "agent_registered") {
      return [{ table: "seen", key: { name: event.data.name }, set: { info: { kind: event.data.kind } } }];
    }
    if (event.type === "agent_ended" && event.data.reason === "gone") {
      return [{ table: "seen", key: { name: event.data.name }, delete: true }];
    }
    return event.type === "agent_ended"
      ? [{ table: "seen", key: { name: event.data.name }, set: { ended: event.at } }]
      : [];
  },
};

export const storeAt = (folder: string, projections = [agentsSeen]) =>
  EventStore.layer(projections).pipe(Layer.provideMerge(sqlLayer({ file: `${folder}/store.db` })));

export const registered = (name: string, id?: string): NewEvent => ({
  stream: `agent/${name}`,
  type: "agent_registered",
  data: { name, tokenHash: "00", kind: "worker" },
  ...(id === undefined ? {} : { id }),
});
export const ended = (name: string, reason: string): NewEvent => ({
  stream: `agent/${name}`,
  type: "agent_ended",
  data: { name, reason },
});
export const origin = { project: "p", actor: "daemon" } as const;

/** Runs with a store of its own. */
export const withStore = <A, E>(run: (folder: string) => Effect.Effect<A, E, EventStore | SqlBatch>) =>
  Effect.flatMap(tempFolder, (folder) => Effect.provide(run(folder), storeAt(folder))).pipe(Effect.scoped);
