import { assert, describe, it } from "@effect/vitest";
import { Context, Effect, Exit, Logger, Option, Stream, Tracer } from "effect";
import { auth } from "../../../shared/router/auth.ts";
import { createCaller } from "../../../shared/router/createCaller.ts";
import { createHttpHandler } from "../../../shared/router/createHttpHandler.ts";
import { createRouter } from "../../../shared/router/createRouter.ts";
import { handledRoutes } from "../../../shared/router/handledRoutes.ts";
import { logging } from "../../../shared/router/logging.ts";
import { tracing } from "../../../shared/router/tracing.ts";
import { httpOptions } from "./notes.ts";
import { call, collect, no, outcome, rejected, stream } from "./observers.ts";

describe("middleware that is shipped", () => {
  it("tracing: a span by the route's name, a child of the caller's, for calls and streams", async () => {
    const spans: Array<Tracer.Span> = [];
    const tracer = Tracer.make({
      span: (options) => {
        const span = new Tracer.NativeSpan(options);
        spans.push(span);
        return span;
      },
    });
    const router = createRouter(
      {
        deep: { call: call.handler(() => Effect.withSpan(Effect.succeed("x"), "inner")) },
        stream: stream.handler(() => Stream.make({ data: 1 })),
      },
      { use: tracing },
    );
    const handler = createHttpHandler({
      ...httpOptions({ pulled: 0, ended: [] }),
      routes: handledRoutes(router),
      context: () => Effect.succeed({ name: "x" }),
      services: Context.make(Tracer.Tracer, tracer),
    });
    const traceparent = `00-${"ab".repeat(16)}-${"cd".repeat(8)}-01`;
    const post = { method: "POST", body: "{}", headers: { traceparent } };
    await (await handler(new Request("http://localhost/api/deep/call", post))).text();
    await (await handler(new Request("http://localhost/api/stream"))).text();
    const about = spans.map((span) => [
      span.name,
      span.traceId === "ab".repeat(16),
      Option.getOrUndefined(span.parent)?.spanId === "cd".repeat(8),
      span.status._tag,
    ]);
    assert.deepStrictEqual(about, [
      ["deep/call", true, true, "Ended"],
      ["inner", true, false, "Ended"],
      ["stream", false, false, "Ended"],
    ]);
  });

  it("logging: a line for each that ended, with its cause if it failed", async () => {
    const lines: Array<string> = [];
    const logger = Logger.make(({ logLevel, message, cause }) => {
      const [what, about] = message as [string, { readonly route: string; readonly took: string }];
      assert.match(about.took, /^\d/);
      lines.push(
        `${logLevel} ${what} ${about.route} ${cause.reasons.length === 0 ? "" : outcome(Exit.failCause(cause))}`,
      );
    });
    const router = createRouter(
      {
        works: call.handler(() => Effect.succeed("x")),
        fails: call.handler(() => Effect.fail(no)),
        left: call.handler(() => Effect.never),
        stream: stream.handler(() => Stream.make({ data: 1 })),
      },
      { use: logging },
    );
    const services = await Effect.runPromise(Effect.provide(Effect.context<never>(), Logger.layer([logger])));
    const caller = createCaller(router, { context: {}, services });
    await caller.works({});
    await rejected(caller.fails({}));
    await collect(caller.stream({}));
    const gone = new AbortController();
    const left = rejected(caller.left({}, { signal: gone.signal }));
    gone.abort();
    await left;
    assert.deepStrictEqual(lines, [
      "Info answered works ",
      "Warn failed fails failed: no",
      "Info answered stream ",
      "Info given up left ",
    ]);
  });

  it("auth: who has no good token is refused, and who has one is known to the handler", async () => {
    const check = (token: string | undefined, access: string) =>
      token === "good" && access === "owner" ? Effect.succeed({ user: "me" }) : Effect.fail(no);
    const a = call.use(auth(check)).handler(({ context }) => Effect.succeed(context.user));
    const { context: _, ...options } = httpOptions({ pulled: 0, ended: [] });
    const handler = createHttpHandler({
      ...options,
      routes: handledRoutes({ a }),
      context: () => Effect.succeed({}),
    });
    const ask = async (headers: Record<string, string>) =>
      (await handler(new Request("http://localhost/api/a", { method: "POST", body: "{}", headers }))).json();
    assert.strictEqual(await ask({ authorization: "Bearer good" }), "me");
    for (const headers of [{}, { authorization: "Bearer bad" }, { authorization: "good" }])
      assert.strictEqual(((await ask(headers)) as { readonly kind: string }).kind, "no");
  });
});
