/**
 * Establishes who calls, by token alone. The person's acts also need a caller that does not run inside a worker:
 * an agent of the same user could read the person's token, and this keeps it from doing so by mistake.
 */
import { readFile } from "node:fs/promises";
import { Effect } from "effect";
import { NotAllowed, ProtocolMismatch, Unauthenticated } from "../../shared/contract/errors.ts";
import type { Actor } from "../../shared/contract/events.ts";
import { headers, OLDEST_PROTOCOL, PROTOCOL } from "../../shared/contract/protocol.ts";
import { Agents } from "../coordination/agents/Agents.ts";
import { DataFolder } from "../platform/DataFolder.ts";
import { markerVariable } from "../platform/strays.ts";

export type Caller =
  | { readonly kind: "person"; readonly actor: Actor }
  /** What a harness's hooks call; it knows sessions, and is none. */
  | { readonly kind: "launcher"; readonly actor: Actor }
  /** An agent acts only within its own project. */
  | { readonly kind: "agent"; readonly actor: Actor; readonly name: string; readonly project: string };

export const authenticate = Effect.fn("authenticate")(function* (request: Request, access: string) {
  const protocol = Number(request.headers.get(headers.protocol) ?? Number.NaN);
  if (!(protocol >= OLDEST_PROTOCOL && protocol <= PROTOCOL)) {
    return yield* new ProtocolMismatch({
      message: `The caller speaks protocol ${protocol}; this daemon takes ${OLDEST_PROTOCOL} to ${PROTOCOL}. Update the older of the two.`,
    });
  }
  const token = /^Bearer (.+)$/.exec(request.headers.get("authorization") ?? "")?.[1];
  if (token === undefined) {
    return yield* new Unauthenticated({ message: "A token is needed: the person's, or an agent's own." });
  }
  const data = yield* DataFolder;
  if (data.isPersonToken(token)) {
    const pid = Number(request.headers.get(headers.pid));
    if (access === "person" && Number.isInteger(pid) && (yield* runsInsideWorker(pid, data.cloneId))) {
      return yield* new NotAllowed({
        message: "Only the person may do this, and this process was started by an agent.",
      });
    }
    const person: Caller = { kind: "person", actor: "person" };
    return person;
  }
  const agents = yield* Agents;
  const agent = agents.authenticate(token);
  if (agent === undefined) {
    return yield* new Unauthenticated({
      message: "The token is not known, or its agent has ended. Register again.",
    });
  }
  if (access === "person") {
    return yield* new NotAllowed({
      message: `Only the person may do this; this token is ${agent.name}'s, an agent.`,
    });
  }
  const caller: Caller = {
    kind: "agent",
    actor: `agent:${agent.name}`,
    name: agent.name,
    project: agent.project,
  };
  return caller;
});

/** Walks up from a process to see whether one of its ancestors bears the marker of a worker of ours. Linux only. */
const runsInsideWorker = (pid: number, cloneId: string): Effect.Effect<boolean> =>
  Effect.promise(async () => {
    let current = pid;
    for (let depth = 0; depth < 64 && current > 1; depth++) {
      const environment = await readFile(`/proc/${current}/environ`, "utf8").catch(() => "");
      if (environment.split("\0").some((entry) => entry.startsWith(`${markerVariable}=${cloneId}.`)))
        return true;
      const status = await readFile(`/proc/${current}/status`, "utf8").catch(() => "");
      current = Number(/^PPid:\s*(\d+)/m.exec(status)?.[1] ?? 0);
    }
    return false;
  });
