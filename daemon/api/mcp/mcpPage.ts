/**
 * `/mcp`: our tools for clients that speak MCP over HTTP. Who calls follows from the token: an agent's is that agent,
 * the launcher's makes an agent of each session. The person's is refused, since a model is not the person. The
 * project is the agent's own, or what the URL says by `?project=`.
 */
import { randomUUID } from "node:crypto";
import { basename, dirname } from "node:path";
import { Cause, Effect, Result, Scope } from "effect";
import {
  type AnyError,
  InternalError,
  InvalidInput,
  NotAllowed,
  NotFound,
  UnsupportedRepository,
} from "../../../shared/contract/errors.ts";
import { contract } from "../../../shared/contract/routes.ts";
import { notManaged } from "../../../shared/mcp/notManaged.ts";
import { asAnyError, type McpSession } from "../../../shared/mcp/runTool.ts";
import type { BoundRoute } from "../../../shared/router/bindRoute.ts";
import { createCaller } from "../../../shared/router/createCaller.ts";
import { type HttpAnswer, jsonAnswer } from "../../../shared/router/HttpMessage.ts";
import { readBody } from "../../../shared/router/readBody.ts";
import { EventStore } from "../../primitives/EventStore.ts";
import type { Caller } from "../authenticate.ts";
import type { Page } from "../dispatch.ts";
import { refuseRequest } from "../encodeFailure.ts";
import { routes } from "../handlers/routes.ts";
import { makeMcpSessions } from "./McpSessions.ts";

type RouteServices = typeof routes extends ReadonlyArray<BoundRoute<Caller, AnyError, infer R>> ? R : never;

interface Asked {
  readonly caller: Caller;
  readonly session: string | undefined;
  readonly project: string;
}

const sessionHeader = "mcp-session-id";

export const makeMcpPage = Effect.gen(function* () {
  const services = yield* Effect.context<RouteServices>();
  const store = yield* EventStore;
  const sessions = yield* makeMcpSessions;
  const scope = yield* Effect.scope;
  const runPromise = Effect.runPromiseWith(services);
  const asked = new WeakMap<object, Asked>();
  const clientOf = (context: Caller) =>
    createCaller(contract, { routes, services, context, refuse: refuseRequest });

  const sessionOf = (request: object): McpSession => {
    const call = asked.get(request);
    if (call === undefined) throw new Error("a call of MCP came in by no request of ours");
    const { caller, session, project } = call;
    return {
      project,
      act: async (use, wishedName) => {
        const register = registering(clientOf(caller), project, wishedName);
        const agent = await runPromise(sessions.callerOf(session, caller, register));
        const client = clientOf(agent);
        const work = async () => {
          if (caller.kind === "agent") await client.agents.whoami({ project });
          return await use(client, agent.name);
        };
        return work().catch(report);
      },
    };
  };
  /** A defect goes into the log, with a reference that the caller is told. */
  const report = async (cause: unknown): Promise<never> => {
    const error = asAnyError(cause);
    if (error === cause) throw error;
    const reference = randomUUID();
    await runPromise(Effect.logError("a call of MCP failed", { reference }, Cause.die(cause)));
    throw new InternalError({
      message: `Something went wrong inside the daemon. Its log, logs/daemon.log in the data folder, has it under ${reference}.`,
      reference,
    });
  };

  const server = yield* Effect.promise(() => import("./mcpServer.ts")).pipe(
    Effect.flatMap(({ startMcpServer }) => startMcpServer(sessionOf)),
    Scope.provide(scope),
    Effect.cached,
  );

  /** The root of an agent's project, for a URL that names none. */
  const homeOf = Effect.fnUntraced(function* (project: string) {
    const opened = yield* store.readAll({ project, stream: "project", types: ["project_opened"] });
    // The last one: it may have been moved.
    const { commonDir } = { commonDir: undefined, ...(opened.at(-1)?.data as object | undefined) };
    if (typeof commonDir !== "string") return "";
    return basename(commonDir) === ".git" ? dirname(commonDir) : commonDir;
  });

  const pass = Effect.fnUntraced(function* (request: Request, call: Asked) {
    const handle = yield* server;
    asked.set(request, call);
    return yield* Effect.promise(() => handle(request));
  });

  const endSession = Effect.fnUntraced(function* (id: string, reason: string) {
    const handle = yield* server;
    const request = new Request("http://localhost/mcp", {
      method: "DELETE",
      headers: { [sessionHeader]: id },
    });
    yield* Effect.promise(() => handle(request));
    yield* sessions.end(id, reason);
  });
  const endIdle = Effect.gen(function* () {
    yield* Effect.sleep("1 minute");
    for (const id of yield* sessions.idle)
      yield* endSession(id, "nothing was heard of its MCP session for an hour");
  });
  yield* Effect.forkScoped(Effect.forever(Effect.ignore(endIdle, { log: "Warn" })));

  const page: Page<never> = {
    access: "everybody",
    answer: Effect.fnUntraced(function* (request, caller) {
      if (caller.kind === "person") {
        return yield* new NotAllowed({
          message:
            "An MCP client does not speak for the person. Give it the token of an agent: `ocvibe agent register NAME` makes one.",
        });
      }
      const session = request.headers.get(sessionHeader) ?? undefined;
      if (session !== undefined && !(yield* sessions.owns(session, caller))) {
        return refusal(404, -32001, "There is no such session. Begin one with initialize.");
      }
      const { method, headers, url } = request;
      const text = yield* Effect.result(readBody(request, (most) => `The message is larger than ${most}.`));
      if (Result.isFailure(text)) return refusal(413, -32600, text.failure);
      const given = new URL(url).searchParams.get("project");
      const project = given ?? (caller.kind === "agent" ? yield* homeOf(caller.project) : "");
      const gone = yield* callerGone;
      const passed = new Request(url, {
        method,
        headers: [...headers].map(([name, value]): [string, string] => [name, value]),
        signal: gone,
        ...(method === "POST" ? { body: text.success } : {}),
      });
      const response = yield* pass(passed, { caller, session, project });
      const begun = response.headers.get(sessionHeader);
      if (session === undefined && begun !== null) {
        const giving = yield* sessions.begin(begun, caller);
        if (giving !== undefined) yield* endSession(giving, "too many MCP sessions were begun after it");
      }
      if (session !== undefined && method === "DELETE" && response.ok)
        yield* sessions.end(session, "its MCP client ended the session");
      return asAnswer(response);
    }, Effect.scoped),
  };
  return page;
});

/** Aborts when the request that this runs for is interrupted. */
const callerGone = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => new AbortController()),
    (controller, exit) => Effect.sync(() => exit._tag === "Failure" && controller.abort()),
  ),
  ({ signal }) => signal,
);

const registering =
  (
    client: ReturnType<typeof createCaller<typeof contract, Caller, AnyError, RouteServices>>,
    project: string,
    wishedName: string | undefined,
  ) =>
  (identity: { readonly harness: string; readonly session: string }) => {
    if (project === "") {
      return Effect.fail(
        new InvalidInput({
          message: "Say which project it is: add ?project= with an absolute path to the URL of this server.",
        }),
      );
    }
    const wish = wishedName === undefined ? {} : { name: wishedName };
    return Effect.tryPromise({
      try: async () => (await client.agents.register({ project, ...identity, ...wish })).token,
      catch: (cause) =>
        cause instanceof NotFound || cause instanceof UnsupportedRepository
          ? notManaged(project)
          : asAnyError(cause),
    });
  };

const refusal = (status: number, code: number, message: string) =>
  jsonAnswer({ jsonrpc: "2.0", id: null, error: { code, message } }, status);

const asAnswer = ({ status, headers, body }: Response): HttpAnswer => ({
  status,
  headers: Object.fromEntries(headers),
  body: body as ReadableStream<Uint8Array> | null,
});
