/**
 * Sessions of MCP over HTTP. One that came with an agent's token is that agent's; one that came with the launcher's
 * gets an agent of its own at its first call, which ends with the session: when its client says so, when nothing is
 * heard of it for a long time, or with the daemon (clients begin a new session then). Others can't use or end it.
 */
import { Clock, Effect, Semaphore } from "effect";
import { InvalidInput, NotAllowed, type StorageError } from "../../../shared/contract/errors.ts";
import { type AgentIdentity, Agents } from "../../coordination/agents/Agents.ts";
import { EventStore } from "../../primitives/EventStore.ts";
import type { Caller } from "../authenticate.ts";

type AgentCaller = Extract<Caller, { readonly kind: "agent" }>;

interface Session {
  readonly owner: string;
  agent: AgentCaller | undefined;
  seenAt: number;
  /** Of calls that come at once one makes the agent, and the end of the session comes before or after that. */
  readonly turn: Semaphore.Semaphore;
}

/** Registers a session and answers its token. */
type Register<E> = (identity: {
  readonly harness: string;
  readonly session: string;
}) => Effect.Effect<string, E>;

const harness = "mcp-http";
/** After as long as a lease lasts unless it is renewed. */
const idleMs = 3_600_000;
/** A client that begins session after session loses the oldest. */
const mostSessions = 1000;

export const makeMcpSessions = Effect.gen(function* () {
  const agents = yield* Agents;
  const store = yield* EventStore;
  const sessions = new Map<string, Session>();

  /** What an earlier daemon left: their sessions are not known to anybody any more. */
  for (const row of yield* store.rows("live_agents", { harness })) {
    const origin = { project: String(row.project), actor: "daemon" } as const;
    yield* agents.end(origin, String(row.name), "its MCP session ended with the daemon");
  }

  const endAgent = Effect.fnUntraced(function* ({ agent }: Session, reason: string) {
    if (agent === undefined) return;
    yield* agents.end({ project: agent.project, actor: agent.actor }, agent.name, reason);
  });

  const agentOf = Effect.fnUntraced(function* <E>(id: string, session: Session, register: Register<E>) {
    const { agent } = session;
    if (agent !== undefined && agents.get(agent.project, agent.name) !== undefined) return agent;
    const identity =
      sessions.get(id) === session
        ? agents.authenticate(yield* register({ harness, session: id }))
        : undefined;
    if (identity === undefined) {
      return yield* new InvalidInput({ message: "The session has just ended. Begin a new one." });
    }
    session.agent = asCaller(identity);
    return session.agent;
  });

  return {
    /** Whether this caller may use the session, which is then in use. */
    owns: Effect.fnUntraced(function* (id: string, caller: Caller) {
      const session = sessions.get(id);
      if (session === undefined || session.owner !== ownerOf(caller)) return false;
      session.seenAt = yield* Clock.currentTimeMillis;
      return true;
    }),
    /** Answers the id of a session that has to give way, if any. */
    begin: Effect.fnUntraced(function* (id: string, caller: Caller) {
      const seenAt = yield* Clock.currentTimeMillis;
      sessions.set(id, { owner: ownerOf(caller), agent: undefined, seenAt, turn: Semaphore.makeUnsafe(1) });
      if (sessions.size <= mostSessions) return undefined;
      return [...sessions].toSorted(([, a], [, b]) => a.seenAt - b.seenAt)[0]?.[0];
    }),
    end: Effect.fnUntraced(function* (id: string, reason: string): Effect.fn.Return<void, StorageError> {
      const session = sessions.get(id);
      sessions.delete(id);
      if (session !== undefined) yield* session.turn.withPermit(endAgent(session, reason));
    }),
    idle: Effect.map(Clock.currentTimeMillis, (now) =>
      [...sessions].filter(([, { seenAt }]) => now - seenAt > idleMs).map(([id]) => id),
    ),
    /** In whose name a call is made; `register` makes the agent of a session that has none. */
    callerOf: Effect.fnUntraced(function* <E>(id: string | undefined, caller: Caller, register: Register<E>) {
      if (caller.kind === "agent") return caller;
      const session = id === undefined ? undefined : sessions.get(id);
      if (id === undefined || session === undefined) {
        return yield* new NotAllowed({
          message:
            "This version of MCP has no sessions, so the launcher's token does not say who calls. Use a token of an agent's own: `ocvibe agent register` gives one.",
        });
      }
      return yield* session.turn.withPermit(agentOf(id, session, register));
    }),
  };
});

export type McpSessions = Effect.Success<typeof makeMcpSessions>;

const ownerOf = (caller: Caller): string =>
  caller.kind === "agent" ? `${caller.project} ${caller.name}` : caller.kind;

const asCaller = ({ name, project }: AgentIdentity): AgentCaller => ({
  kind: "agent",
  actor: `agent:${name}`,
  name,
  project,
});
