/**
 * The agents at work, found by name, by token and by session: a fold of the `agent_*` events, in memory. Those that
 * have ended are not in it, however many there were.
 */
import { Schema } from "effect";
import { isKnown, type StoredEvent } from "../../../shared/contract/events.ts";
import type { Row } from "../../primitives/Projection.ts";

export interface LiveAgent {
  readonly project: string;
  readonly name: string;
  readonly kind: "worker" | "session";
  readonly tokenHash: string;
  readonly registeredAt: string;
  readonly harness?: string;
  readonly session?: string;
  readonly epic?: string;
  readonly cell?: string;
  readonly attempt?: number;
}

export type LiveAgents = ReturnType<typeof liveAgents>;

export const liveAgents = () => {
  const byName = new Map<string, LiveAgent>();
  const byHash = new Map<string, LiveAgent>();
  const bySession = new Map<string, LiveAgent>();

  const remove = (project: string, name: string) => {
    const agent = byName.get(keyOf(project, name));
    if (agent === undefined) return;
    byName.delete(keyOf(project, name));
    byHash.delete(agent.tokenHash);
    const session = sessionKey(agent);
    if (session !== undefined) bySession.delete(session);
  };

  const put = (agent: LiveAgent) => {
    remove(agent.project, agent.name);
    byName.set(keyOf(agent.project, agent.name), agent);
    byHash.set(agent.tokenHash, agent);
    const session = sessionKey(agent);
    if (session !== undefined) bySession.set(session, agent);
  };

  const get = (project: string, name: string) => byName.get(keyOf(project, name));

  return {
    get,
    ofHash: (hash: string) => byHash.get(hash),
    ofSession: (project: string, harness: string, session: string) =>
      bySession.get(keyOf(project, harness, session)),
    list: (project: string) => [...byName.values()].filter((agent) => agent.project === project),
    /** Starts anew from the rows of `live_agents`. */
    load: (rows: ReadonlyArray<Row>) => {
      for (const map of [byName, byHash, bySession]) map.clear();
      for (const row of rows) {
        const agent = agentOfRow(row);
        if (agent !== undefined) put(agent);
      }
    },
    apply: (event: StoredEvent) => {
      if (!isKnown(event)) return;
      const { project } = event;
      switch (event.type) {
        case "agent_registered":
          return put({ ...event.data, project, registeredAt: event.at });
        case "agent_rejoined": {
          const agent = get(project, event.data.name);
          if (agent !== undefined) put({ ...agent, tokenHash: event.data.tokenHash });
          return;
        }
        case "agent_ended":
          return remove(project, event.data.name);
        default:
          return;
      }
    },
  };
};

const keyOf = (...parts: ReadonlyArray<string>) => JSON.stringify(parts);

const sessionKey = ({ project, harness, session }: LiveAgent) =>
  harness === undefined || session === undefined ? undefined : keyOf(project, harness, session);

const AgentRow = Schema.Struct({
  project: Schema.String,
  name: Schema.String,
  token_hash: Schema.String,
  kind: Schema.Literals(["worker", "session"]),
  harness: Schema.NullOr(Schema.String),
  session: Schema.NullOr(Schema.String),
  epic: Schema.NullOr(Schema.String),
  cell: Schema.NullOr(Schema.String),
  attempt: Schema.NullOr(Schema.Int),
  registered_at: Schema.String,
});
const decodeRow = Schema.decodeUnknownOption(AgentRow);

/** Undefined for what is left of an agent whose registration was redacted: nobody has its token. */
const agentOfRow = (row: Row): LiveAgent | undefined => {
  const decoded = decodeRow(row);
  if (decoded._tag === "None") return undefined;
  const { project, name, kind, token_hash, registered_at, harness, session, epic, cell, attempt } =
    decoded.value;
  return {
    project,
    name,
    kind,
    tokenHash: token_hash,
    registeredAt: registered_at,
    ...(harness !== null && { harness }),
    ...(session !== null && { session }),
    ...(epic !== null && { epic }),
    ...(cell !== null && { cell }),
    ...(attempt !== null && { attempt }),
  };
};
