/**
 * Establishes who calls, by token alone, and whether the route is for them: by one table.
 *
 * The person and the launcher are not believed inside a worker's process tree: an agent of the same user could read
 * their tokens, and this keeps it from acting in their name by mistake. It has a token of its own.
 */
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { Effect } from "effect";
import { NotAllowed, ProtocolMismatch, Unauthenticated } from "../../shared/contract/errors.ts";
import type { Actor } from "../../shared/contract/events.ts";
import { headers, OLDEST_PROTOCOL, PROTOCOL } from "../../shared/contract/protocol.ts";
import type { Access } from "../../shared/contract/route.ts";
import type { HttpRequest } from "../../shared/router/HttpMessage.ts";
import { Agents } from "../coordination/agents/Agents.ts";
import { DataFolder } from "../platform/DataFolder.ts";
import { markerVariable } from "../platform/strays.ts";

export type Caller =
  | { readonly kind: "person"; readonly actor: Actor }
  /** What a harness's hooks call; it knows sessions, and is none. */
  | { readonly kind: "launcher"; readonly actor: Actor }
  /** An agent acts only within its own project. */
  | { readonly kind: "agent"; readonly actor: Actor; readonly name: string; readonly project: string };

/** Whom a route of each access takes. */
const table: Readonly<Record<Access, ReadonlyArray<Caller["kind"]>>> = {
  person: ["person"],
  anyone: ["person", "agent"],
  registrar: ["person", "launcher"],
  everybody: ["person", "agent", "launcher"],
};
/** An access that the table does not know lets nobody in. */
const admitted = new Map<string, ReadonlyArray<Caller["kind"]>>(Object.entries(table));

export const authenticate = Effect.fn("authenticate")(function* (request: HttpRequest, access: string) {
  // Who has an HTTP client and no more says no protocol, and gets what this daemon speaks.
  const protocol = Number(request.headers.get(headers.protocol) ?? PROTOCOL);
  if (!(protocol >= OLDEST_PROTOCOL && protocol <= PROTOCOL)) {
    return yield* new ProtocolMismatch({
      message: `The caller speaks protocol ${protocol}; this daemon takes ${OLDEST_PROTOCOL} to ${PROTOCOL}. Update the older of the two.`,
    });
  }
  const token = tokenOf(request);
  if (token === undefined) {
    return yield* new Unauthenticated({ message: "A token is needed: the person's, or an agent's own." });
  }
  const caller = yield* callerOf(token);
  if (caller === undefined) {
    return yield* new Unauthenticated({
      message: "The token is not known, or its agent has ended. Register again.",
    });
  }
  if (admitted.get(access)?.includes(caller.kind) !== true) return yield* notFor(caller, access);
  if (caller.kind === "agent") return caller;
  const pid = Number(request.headers.get(headers.pid));
  const { cloneId } = yield* DataFolder;
  if (Number.isInteger(pid) && (yield* isOfWorker(pid, cloneId))) {
    return yield* new NotAllowed({
      message: `This process was started by an agent, so it can't speak as the ${caller.kind}. Use the agent's own token, which it has in OCVIBE_AGENT_TOKEN; what is the person's to do is left to the person.`,
    });
  }
  return caller;
});

/** Fails when the token of a request that was let in is its caller's no more; never for the person and the launcher. */
export const revoked = Effect.fn("revoked")(function* (request: HttpRequest) {
  const token = tokenOf(request) ?? "";
  const caller = yield* callerOf(token);
  if (caller !== undefined && caller.kind !== "agent") return yield* Effect.never;
  yield* (yield* Agents).awaitRevoked(token);
  return yield* new Unauthenticated({
    message: "The agent has ended, or its session came back with a new token. Register again.",
  });
});

const tokenOf = (request: HttpRequest): string | undefined =>
  /^Bearer (.+)$/.exec(request.headers.get("authorization") ?? "")?.[1];

const callerOf = Effect.fnUntraced(function* (
  token: string,
): Effect.fn.Return<Caller | undefined, never, Agents | DataFolder> {
  const data = yield* DataFolder;
  if (data.isPersonToken(token)) return { kind: "person", actor: "person" };
  if (data.isLauncherToken(token)) return { kind: "launcher", actor: "launcher" };
  const agent = (yield* Agents).authenticate(token);
  if (agent === undefined) return undefined;
  return { kind: "agent", actor: `agent:${agent.name}`, name: agent.name, project: agent.project };
});

const notFor = (caller: Caller, access: string) => {
  const who = caller.kind === "agent" ? `${caller.name}'s, an agent` : `the ${caller.kind}'s`;
  const wanted =
    access === "person"
      ? "Only the person may do this"
      : caller.kind === "launcher"
        ? "The launcher may only register sessions, end them and ask before a write"
        : "Sessions are registered by the person and the launcher only";
  return new NotAllowed({ message: `${wanted}; this token is ${who}.` });
};

/** What was found of a process, which stays so: nobody becomes a descendant of another. */
const found = new Map<string, boolean>();
const foundAtMost = 1000;

const isOfWorker = Effect.fnUntraced(function* (pid: number, cloneId: string) {
  const started = startOf(pid);
  if (started === undefined) return yield* runsInsideWorker(pid, cloneId);
  // A pid is given again, so the time of the start belongs to it.
  const key = `${pid} ${started} ${cloneId}`;
  const known = found.get(key);
  if (known !== undefined) return known;
  const isOne = yield* runsInsideWorker(pid, cloneId);
  if (found.size >= foundAtMost) found.clear();
  found.set(key, isOne);
  return isOne;
});

/** In ticks since the machine's; undefined when there is no such process, or no /proc. */
const startOf = (pid: number): string | undefined => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name, in brackets, may have spaces and brackets of its own.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
};

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
