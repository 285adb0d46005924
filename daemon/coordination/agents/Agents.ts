/**
 * Who speaks: an agent is one session of a harness, and its token says which. A token is known to the agent
 * alone; the store has only its SHA-256, by which a call's token is looked up, so nothing is compared that a
 * caller could probe by timing.
 */
import { createHash, randomBytes } from "node:crypto";
import { Context, Effect, Layer, Schema } from "effect";
import type { StorageError } from "../../../shared/contract/errors.ts";
import { type EventDataOf, isKnown, type StoredEvent } from "../../../shared/contract/events.ts";
import { EventStore, type NewEvent, type Origin } from "../../primitives/EventStore.ts";
import { agentName } from "./agentName.ts";

export interface AgentIdentity {
  readonly name: string;
  readonly project: string;
  readonly kind: "worker" | "session";
  readonly epic?: string;
  readonly cell?: string;
}

export type AgentRegistration = Pick<EventDataOf<"agent_registered">, "kind" | "epic" | "cell" | "attempt">;

export class Agents extends Context.Service<
  Agents,
  {
    /** A name is given once in a project, so a log reads the same for ever. The token is shown this once. */
    readonly register: (
      origin: Origin,
      registration: AgentRegistration,
    ) => Effect.Effect<{ readonly name: string; readonly token: string }, StorageError>;
    /** Whose token this is; undefined for an unknown one and for that of an agent that has ended. */
    readonly authenticate: (token: string) => AgentIdentity | undefined;
    /** Ends an agent's authority. Does nothing for one that has ended. */
    readonly end: (origin: Origin, name: string, reason: string) => Effect.Effect<void, StorageError>;
  }
>()("opencode-vibe/coordination/Agents") {
  static readonly layer = Layer.effect(
    Agents,
    Effect.gen(function* () {
      const store = yield* EventStore;
      const byHash = new Map<string, AgentIdentity>();
      const hashes = new Map<string, string>();
      /** Names that were ever given away, and those that are being given away now. */
      const used = new Set<string>();

      const begin = (identity: AgentIdentity, hash: string) => {
        const key = keyOf(identity.project, identity.name);
        used.add(key);
        hashes.set(key, hash);
        byHash.set(hash, identity);
      };
      const forget = (project: string, name: string) => {
        const key = keyOf(project, name);
        byHash.delete(hashes.get(key) ?? "");
        hashes.delete(key);
      };
      const fold = (event: StoredEvent) => {
        if (!isKnown(event)) return;
        if (event.type === "agent_registered") {
          const { tokenHash, attempt: _, ...identity } = event.data;
          begin({ ...identity, project: event.project }, tokenHash);
        } else if (event.type === "agent_ended") forget(event.project, event.data.name);
      };

      const early: Array<StoredEvent> = [];
      let follow = (event: StoredEvent): void => void early.push(event);
      yield* store.onCommit((events) => {
        for (const event of events) if (event.stream.startsWith("agent/")) follow(event);
      });
      for (const row of yield* store.rows("agents")) {
        const { project, name, token_hash, kind, epic, cell, ended_at } =
          Schema.decodeUnknownSync(AgentRow)(row);
        used.add(keyOf(project, name));
        if (ended_at !== null) continue;
        begin(
          { name, project, kind, ...(epic !== null && { epic }), ...(cell !== null && { cell }) },
          token_hash,
        );
      }
      early.forEach(fold);
      follow = fold;

      const append = (origin: Origin, event: NewEvent) =>
        // No expectation and no id is given, and the data is typed: only storage can fail.
        Effect.catchTag(store.append(origin, [event]), ["ConcurrencyConflict", "EventRejected"], Effect.die);

      return Agents.of({
        register: Effect.fn("Agents.register")(function* (origin, registration) {
          const name = agentName((one) => used.has(keyOf(origin.project, one)));
          used.add(keyOf(origin.project, name));
          const token = randomBytes(32).toString("base64url");
          yield* append(origin, {
            stream: `agent/${name}`,
            type: "agent_registered",
            data: { name, tokenHash: hashOf(token), ...registration },
          });
          return { name, token };
        }),
        authenticate: (token) => byHash.get(hashOf(token)),
        end: Effect.fn("Agents.end")(function* (origin, name, reason) {
          if (!hashes.has(keyOf(origin.project, name))) return;
          yield* append(origin, { stream: `agent/${name}`, type: "agent_ended", data: { name, reason } });
        }),
      });
    }),
  );
}

const keyOf = (project: string, name: string) => `${project}\n${name}`;
const hashOf = (token: string) => createHash("sha256").update(token).digest("hex");

const AgentRow = Schema.Struct({
  project: Schema.String,
  name: Schema.String,
  token_hash: Schema.String,
  kind: Schema.Literals(["worker", "session"]),
  epic: Schema.NullOr(Schema.String),
  cell: Schema.NullOr(Schema.String),
  ended_at: Schema.NullOr(Schema.String),
});
