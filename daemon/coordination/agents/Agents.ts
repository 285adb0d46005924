/**
 * Who speaks: an agent is one session of a harness, and its token says which. A token is known to the agent
 * alone; the store has only its SHA-256, by which a call's token is looked up, so nothing is compared that a
 * caller could probe by timing.
 *
 * A name is given once in a project, so a log reads the same for ever. The same session that comes back is the same
 * agent with a new token, and the token before it is nobody's from that moment on.
 */
import { createHash, randomBytes } from "node:crypto";
import { Context, Deferred, Effect, Layer, Result } from "effect";
import type { AgentView } from "../../../shared/contract/agentRoutes.ts";
import { InvalidInput, NameTaken, type StorageError } from "../../../shared/contract/errors.ts";
import type { EventDataOf, StoredEvent } from "../../../shared/contract/events.ts";
import {
  type Decision,
  EventStore,
  type NewEvent,
  neverRejected,
  type Origin,
} from "../../primitives/EventStore.ts";
import { localTenant } from "../../primitives/eventQueries.ts";
import type { RowChange } from "../../primitives/Projection.ts";
import { agentName } from "./agentName.ts";
import { endedAgents, viewOf } from "./agentView.ts";
import { type LiveAgent, liveAgents } from "./liveAgents.ts";
import { namesUnderWay } from "./namesUnderWay.ts";
import { sessionFault } from "./sessionFault.ts";

export type AgentIdentity = Omit<LiveAgent, "tokenHash" | "registeredAt">;

type Registered = EventDataOf<"agent_registered">;

export type WorkerRegistration = { readonly kind: "worker" } & Pick<Registered, "epic" | "cell" | "attempt">;

export interface SessionRegistration {
  readonly kind: "session";
  /** A name of the caller's choice; without one it is given one. */
  readonly name?: string;
  /** The program that the session runs in, and that program's own id for it: both or neither. */
  readonly harness?: string;
  readonly session?: string;
}

export type AgentRegistration = WorkerRegistration | SessionRegistration;

/** A worker chooses no name, so only storage can fail it. */
export type RegistrationError<One extends AgentRegistration> =
  | StorageError
  | (One extends WorkerRegistration ? never : NameTaken | InvalidInput);

/** What else is written when an agent ends. The writer calls it in its decision, so it must change nothing. */
export type OnEnd = (
  project: string,
  name: string,
  reason: string,
) => { readonly events: ReadonlyArray<NewEvent>; readonly state?: ReadonlyArray<RowChange> };

export class Agents extends Context.Service<
  Agents,
  {
    /** The token is shown this once. A session that is live already keeps its name and gets a new token. */
    readonly register: <const One extends AgentRegistration>(
      origin: Origin,
      registration: One,
    ) => Effect.Effect<{ readonly name: string; readonly token: string }, RegistrationError<One>>;
    /** Whose token this is; undefined for an unknown one and for that of an agent that has ended. */
    readonly authenticate: (token: string) => AgentIdentity | undefined;
    /** Returns when the token is nobody's; at once for one that is unknown. */
    readonly awaitRevoked: (token: string) => Effect.Effect<void>;
    /** Ends an agent's authority, and what it holds by hand. False for one that is not live. */
    readonly end: (origin: Origin, name: string, reason: string) => Effect.Effect<boolean, StorageError>;
    /** Ends the agent of a session, and answers its name. */
    readonly endSession: (
      origin: Origin,
      session: { readonly harness: string; readonly session: string },
      reason: string,
    ) => Effect.Effect<ReadonlyArray<string>, StorageError>;
    /** A live agent by its name. */
    readonly get: (project: string, name: string) => AgentIdentity | undefined;
    /** The live agent of a session. */
    readonly ofSession: (project: string, harness: string, session: string) => AgentIdentity | undefined;
    /** Those at work, in the order of their names. */
    readonly live: (project: string) => ReadonlyArray<AgentIdentity>;
    /** With `ended`, also the latest thousand of those that are not at work any more. */
    readonly list: (
      project: string,
      options?: { readonly ended?: boolean },
    ) => Effect.Effect<ReadonlyArray<AgentView>, StorageError>;
    /** One that is at work or ever was. */
    readonly find: (project: string, name: string) => Effect.Effect<AgentView | undefined, StorageError>;
    /** Those of these names that there are or were. */
    readonly findAll: (
      project: string,
      names: ReadonlyArray<string>,
    ) => Effect.Effect<ReadonlyArray<AgentView>, StorageError>;
    /** For decisions only: whether the agent is live as of the decision. */
    readonly isLive: (project: string, name: string) => boolean;
    /** For as long as the store is open, since agents may end while the daemon does. */
    readonly onEnd: (hook: OnEnd) => Effect.Effect<void>;
  }
>()("opencode-vibe/coordination/Agents") {
  static readonly layer = Layer.effect(
    Agents,
    Effect.suspend(() => make),
  );
}

const make = Effect.gen(function* () {
  const store = yield* EventStore;
  /** As decisions see it, and as everybody else does. */
  const decided = liveAgents();
  const committed = liveAgents();
  const underWay = namesUnderWay();
  const hooks = new Set<OnEnd>();
  const revocations = new Map<string, Deferred.Deferred<void>>();

  const wasEverGiven = (project: string, name: string, tenant = localTenant) =>
    Effect.map(store.rows("agents", { tenant, project, name }), (rows) => rows.length > 0);

  yield* store.onCommit((events) => {
    for (const event of events) {
      if (!event.stream.startsWith("agent/")) continue;
      committed.apply(event);
      if (event.type !== "agent_registered") wakeRevoked();
    }
  });
  yield* store.attach({
    // No transaction is open while this runs, so the rows are what both should show.
    load: Effect.gen(function* () {
      const rows = yield* store.rows("live_agents");
      decided.load(rows);
      committed.load(rows);
      yield* underWay.recheck(wasEverGiven);
    }),
    applyEvent: (event: StoredEvent) => {
      if (!event.stream.startsWith("agent/")) return;
      decided.apply(event);
      if (event.type === "agent_registered")
        underWay.give(event.project, event.stream.slice("agent/".length));
    },
  });

  const wakeRevoked = () => {
    for (const [hash, waiting] of revocations) {
      if (committed.ofHash(hash) !== undefined) continue;
      revocations.delete(hash);
      Deferred.doneUnsafe(waiting, Effect.void);
    }
  };

  const decide = <A, E>(origin: Origin, decision: () => Result.Result<Decision<A>, E>) =>
    neverRejected(store.decide(origin, decision));

  /** The name that was given, undefined when somebody has or had it. */
  const tryName = (origin: Origin, name: string, registration: AgentRegistration, tokenHash: string) =>
    underWay.watching(
      origin.project,
      name,
      Effect.gen(function* () {
        const given = yield* wasEverGiven(origin.project, name, origin.tenant);
        return yield* decide(origin, (): Result.Result<Decision<string | undefined>, InvalidInput> => {
          const same = sameSession(origin.project, registration);
          if (same !== undefined) {
            if (registration.kind === "session" && (registration.name ?? same.name) !== same.name) {
              const message = `This session is registered as ${same.name} already, and keeps that name. End it first, or ask without a name.`;
              return Result.fail(new InvalidInput({ message }));
            }
            const data = { name: same.name, tokenHash };
            const event: NewEvent = { stream: streamOf(same.name), type: "agent_rejoined", data };
            return Result.succeed({ events: [event], answer: () => same.name });
          }
          if (given || underWay.wasGiven(origin.project, name))
            return Result.succeed({ events: [], answer: () => undefined });
          const data = { ...registration, name, tokenHash };
          const event: NewEvent = { stream: streamOf(name), type: "agent_registered", data };
          return Result.succeed({ events: [event], answer: () => name });
        });
      }),
    );

  const sameSession = (project: string, registration: AgentRegistration) => {
    if (registration.kind === "worker") return undefined;
    const { harness, session } = registration;
    return harness === undefined || session === undefined
      ? undefined
      : decided.ofSession(project, harness, session);
  };

  const register = Effect.fn("Agents.register")(function* (origin: Origin, registration: AgentRegistration) {
    const fault = registration.kind === "session" ? sessionFault(registration) : undefined;
    if (fault !== undefined) return yield* new InvalidInput({ message: fault });
    const chosen = registration.kind === "session" ? registration.name : undefined;
    const token = randomBytes(32).toString("base64url");
    for (let attempt = 0; ; attempt++) {
      const wanted = chosen ?? agentName(attempt);
      const name = yield* tryName(origin, wanted, registration, hashOf(token));
      if (name !== undefined) return { name, token };
      if (chosen === undefined) continue;
      return yield* new NameTaken({
        message: `The name ${chosen} was given to an agent of this project before, and a name is given once. Take another.`,
      });
    }
  });

  /** Ends the agent that `find` gives when the writer's turn has come. */
  const end = (origin: Origin, find: () => LiveAgent | undefined, reason: string) =>
    decide(origin, () => {
      const agent = find();
      if (agent === undefined) return Result.succeed({ events: [], answer: () => undefined });
      const { name } = agent;
      const left = [...hooks].map((hook) => hook(origin.project, name, reason));
      const ended: NewEvent = { stream: streamOf(name), type: "agent_ended", data: { name, reason } };
      return Result.succeed<Decision<string | undefined>>({
        events: [ended, ...left.flatMap(({ events }) => events)],
        state: left.flatMap(({ state = [] }) => state),
        answer: () => name,
      });
    });

  const findAll = Effect.fn("Agents.findAll")(function* (project: string, names: ReadonlyArray<string>) {
    const live = names.flatMap((name) => committed.get(project, name) ?? []).map(viewOf);
    const others = names.filter((name) => committed.get(project, name) === undefined);
    const ended: Array<AgentView> = [];
    for (let at = 0; at < others.length; at += namesAtOnce) {
      const name = others.slice(at, at + namesAtOnce);
      ended.push(...endedAgents(yield* store.rows("agents", { tenant: localTenant, project, name })));
    }
    return [...live, ...ended];
  });

  return Agents.of({
    // The errors that a worker can't get are left out by the signature.
    register: register as Agents["Service"]["register"],
    authenticate: (token) => identityOf(committed.ofHash(hashOf(token))),
    awaitRevoked: (token) =>
      Effect.suspend(() => {
        const hash = hashOf(token);
        if (committed.ofHash(hash) === undefined) return Effect.void;
        const waiting = revocations.get(hash) ?? Deferred.makeUnsafe<void>();
        revocations.set(hash, waiting);
        return Deferred.await(waiting);
      }),
    end: Effect.fn("Agents.end")(function* (origin, name, reason) {
      return (yield* end(origin, () => decided.get(origin.project, name), reason)) !== undefined;
    }),
    endSession: Effect.fn("Agents.endSession")(function* (origin, { harness, session }, reason) {
      const find = () => decided.ofSession(origin.project, harness, session);
      const name = yield* end(origin, find, reason);
      return name === undefined ? [] : [name];
    }),
    get: (project, name) => identityOf(committed.get(project, name)),
    ofSession: (project, harness, session) => identityOf(committed.ofSession(project, harness, session)),
    live: (project) =>
      committed
        .list(project)
        .map((agent) => identityOf(agent) as AgentIdentity)
        .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    list: Effect.fn("Agents.list")(function* (project, { ended = false } = {}) {
      const live = committed.list(project).map(viewOf);
      if (!ended) return live;
      const rows = yield* store.rows("agents", { tenant: localTenant, project });
      return [...live, ...endedAgents(rows)];
    }),
    find: Effect.fn("Agents.find")(function* (project, name) {
      return (yield* findAll(project, [name]))[0];
    }),
    findAll,
    isLive: (project, name) => decided.get(project, name) !== undefined,
    onEnd: (hook) => Effect.sync(() => void hooks.add(hook)),
  });
});

/** Agents whose rows are asked for at once. */
const namesAtOnce = 500;

const streamOf = (name: string) => `agent/${name}`;
const hashOf = (token: string) => createHash("sha256").update(token).digest("hex");

const identityOf = (agent: LiveAgent | undefined): AgentIdentity | undefined => {
  if (agent === undefined) return undefined;
  const { tokenHash: _, registeredAt: __, ...identity } = agent;
  return identity;
};
