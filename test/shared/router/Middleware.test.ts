import { assert, describe, it } from "@effect/vitest";
import { Cause, Context, Effect, Exit, Logger, Option, Schema, Stream, Tracer } from "effect";
import { asyncMiddleware } from "../../../shared/router/asyncMiddleware.ts";
import { auth } from "../../../shared/router/auth.ts";
import { createCaller } from "../../../shared/router/createCaller.ts";
import { createHttpHandler } from "../../../shared/router/createHttpHandler.ts";
import { createRouter } from "../../../shared/router/createRouter.ts";
import { handledRoutes } from "../../../shared/router/handledRoutes.ts";
import { implement } from "../../../shared/router/implement.ts";
import { logging } from "../../../shared/router/logging.ts";
import { compose, type Middleware } from "../../../shared/router/Middleware.ts";
import { o } from "../../../shared/router/o.ts";
import { tracing } from "../../../shared/router/tracing.ts";
import { until } from "../../support/until.ts";
import { httpOptions, Refused } from "./notes.ts";

const Empty = Schema.Struct({});
const call = o({ access: "owner" }).input(Empty).output(Schema.String);
const stream = o({ access: "owner", stream: true }).input(Empty).output(Schema.Int);
const no = new Refused({ message: "no", kind: "no" });

/** Writes down when it is entered and how it is left. */
const notes = () => {
  const lines: Array<string> = [];
  const note =
    (name: string): Middleware =>
    ({ path }, next) =>
      Effect.suspend(() => {
        lines.push(`${name} > ${path}`);
        return Effect.onExit(next(), (exit) => Effect.sync(() => lines.push(`${name} < ${outcome(exit)}`)));
      });
  return { lines, note };
};

const outcome = (exit: Exit.Exit<unknown, unknown>) => {
  if (Exit.isSuccess(exit)) return String(exit.value);
  if (Cause.hasInterruptsOnly(exit.cause)) return "interrupted";
  const error = Cause.squash(exit.cause);
  return `${Option.isSome(Cause.findErrorOption(exit.cause)) ? "failed" : "died"}: ${(error as Error).message}`;
};

const collect = async <A>(items: AsyncIterable<{ readonly data: A }>) => {
  const all: Array<A> = [];
  for await (const { data } of items) all.push(data);
  return all;
};

const rejected = (run: Promise<unknown>): Promise<unknown> =>
  run.then(
    (value) => assert.fail(`succeeded with ${JSON.stringify(value)}`),
    (error: unknown) => error,
  );

describe("middleware", () => {
  it("stands around a call: the first used is outermost, the table's around the route's", async () => {
    const { lines, note } = notes();
    const router = createRouter(
      {
        a: {
          b: call
            .use(note("first"))
            .use(note("second"))
            .handler(() => Effect.succeed("out")),
        },
      },
      { use: compose(note("table"), note("inner table")) },
    );
    assert.strictEqual(await createCaller(router, { context: {} }).a.b({}), "out");
    assert.deepStrictEqual(lines, [
      "table > a/b",
      "inner table > a/b",
      "first > a/b",
      "second > a/b",
      "second < out",
      "first < out",
      "inner table < out",
      "table < out",
    ]);
  });

  it("stands around a stream for as long as it lasts", async () => {
    const { lines, note } = notes();
    const a = stream.use(note("it")).handler(() =>
      Stream.make({ data: 1 }, { data: 2 }).pipe(
        Stream.tap(({ data }) => Effect.sync(() => lines.push(`${data}`))),
        Stream.rechunk(1),
      ),
    );
    assert.deepStrictEqual(await collect(createCaller({ a }, { context: {} }).a({})), [1, 2]);
    assert.deepStrictEqual(lines, ["it > a", "1", "2", "it < undefined"]);
  });

  it("sees failures, defects, the time limit, and that nobody waits any more", async () => {
    const { lines, note } = notes();
    const never = o({ timeout: 5 }).input(Empty).output(Schema.String);
    const router = {
      fails: call.use(note("fails")).handler(() => Effect.fail(no)),
      dies: call.use(note("dies")).handler(() => Effect.die(new Error("broken"))),
      throws: call.use(note("throws")).handler(() => {
        throw new Error("at once");
      }),
      late: never.use(note("late")).handler(() => Effect.never),
      left: call.use(note("left")).handler(() => Effect.never),
      streams: stream.use(note("streams")).handler(async function* () {
        yield { data: 1 };
        throw no;
      }),
      watched: stream.use(note("watched")).handler(() => Stream.fromEffect(Effect.never)),
    };
    const caller = createCaller(router, { context: {} });
    const gone = new AbortController();
    const left = rejected(caller.left({}, { signal: gone.signal }));
    const watched = collect(caller.watched({}, { signal: gone.signal }));
    assert.strictEqual(await rejected(caller.fails({})), no);
    assert.match(String(await rejected(caller.dies({}))), /broken/);
    assert.match(String(await rejected(caller.throws({}))), /at once/);
    assert.match(String(await rejected(caller.late({}))), /late took longer than 5ms/);
    assert.strictEqual(await rejected(collect(caller.streams({}))), no);
    await until(() => lines.includes("left > left") && lines.includes("watched > watched"));
    gone.abort();
    await left;
    // As with any client, a stream that its reader left just ends.
    assert.deepStrictEqual(await watched, []);
    await until(() => lines.includes("watched < interrupted"));
    assert.deepStrictEqual(lines.filter((line) => line.includes("<")).toSorted(), [
      "dies < died: broken",
      "fails < failed: no",
      "late < failed: late took longer than 5ms",
      "left < interrupted",
      "streams < failed: no",
      "throws < died: at once",
      "watched < interrupted",
    ]);
  });

  it("adds to the context of those further in, and only there", async () => {
    const seen: Array<unknown> = [];
    const look: Middleware<object> = ({ context }, next) =>
      Effect.andThen(
        Effect.sync(() => seen.push(context)),
        next(),
      );
    const name: Middleware<{ id: number }, { name: string }> = ({ context }, next) =>
      next({ name: `n${context.id}` });
    const rename: Middleware<{ name: string }, { name: string; old: string }> = ({ context }, next) =>
      next({ name: "new", old: context.name });
    const a = call
      .use(look)
      .use(name)
      .use(look)
      .use(rename)
      .handler(({ context }) => Effect.succeed(`${context.id} ${context.name} ${context.old}`));
    assert.strictEqual(await createCaller({ a }, { context: { id: 7 } }).a({}), "7 new n7");
    assert.deepStrictEqual(seen, [{ id: 7 }, { id: 7, name: "n7" }]);
  });

  it("may end early: with an output, which is validated as any, or with a failure; a stream just ends", async () => {
    let asked = 0;
    const handle = () => Effect.sync(() => `${asked++}`);
    const router = {
      cached: call.use(() => Effect.succeed("cached")).handler(handle),
      wrong: call.use(() => Effect.succeed(1)).handler(handle),
      refused: call.use(() => Effect.fail(no)).handler(handle),
      none: stream.use(() => Effect.void).handler(() => Stream.make({ data: asked++ })),
      denied: stream.use(() => Effect.fail(no)).handler(() => Stream.make({ data: asked++ })),
    };
    const caller = createCaller(router, { context: {} });
    assert.strictEqual(await caller.cached({}), "cached");
    assert.match(String(await rejected(caller.wrong({}))), /string/);
    assert.strictEqual(await rejected(caller.refused({})), no);
    assert.deepStrictEqual(await collect(caller.none({})), []);
    assert.strictEqual(await rejected(collect(caller.denied({}))), no);
    assert.strictEqual(asked, 0);
  });

  it("holds back a stream whose reader is slow", async () => {
    const { note } = notes();
    let made = 0;
    const a = stream.use(note("it")).handler(async function* () {
      for (;;) yield { data: made++ };
    });
    for await (const { data } of createCaller({ a }, { context: {} }).a({})) {
      await new Promise((resolve) => setImmediate(resolve));
      if (data === 1000) break;
    }
    assert.isBelow(made, 1200);
  });

  it("is given to all routes of a contract by implement", async () => {
    const table = createRouter({ call, stream });
    const { lines, note } = notes();
    const user: Middleware<{ id: number }, { user: string }> = ({ context }, next) =>
      next({ user: `u${context.id}` });
    const around = compose(note("all"), user);
    const routes = implement(
      table,
      {
        call: ({ context }) => Effect.succeed(context.user),
        stream: ({ context }) => Stream.make({ data: context.user.length }),
      },
      { use: around },
    );
    const caller = createCaller(table, { routes, context: { id: 12 } });
    assert.strictEqual(await caller.call({}), "u12");
    assert.deepStrictEqual(await collect(caller.stream({})), [3]);
    assert.deepStrictEqual(lines, ["all > call", "all < u12", "all > stream", "all < undefined"]);
  });
});

describe("asyncMiddleware", () => {
  const run = (use: Middleware<unknown, unknown, Refused>, handle: () => Effect.Effect<string, Refused>) =>
    createCaller({ a: call.use(use).handler(handle) }, { context: {} }).a({});

  it("sees the output, may change it, and adds to the context", async () => {
    const use = asyncMiddleware<{ id: number }, { name: string }>(
      async ({ context }, next) => `<${await next({ name: `n${context.id}` })}>`,
    );
    const a = call.use(use).handler(async ({ context }) => context.name);
    assert.strictEqual(await createCaller({ a }, { context: { id: 1 } }).a({}), "<n1>");
  });

  it("sees failures, lets them pass as what they were, or throws its own", async () => {
    const seen: Array<unknown> = [];
    const pass = asyncMiddleware(async (_, next) => {
      try {
        return await next();
      } catch (error) {
        seen.push(error);
        throw error;
      }
    });
    const { lines, note } = notes();
    const around = compose(note("out"), pass);
    assert.strictEqual(await rejected(run(around, () => Effect.fail(no))), no);
    await rejected(run(around, () => Effect.die(new Error("broken"))));
    assert.lengthOf(seen, 2);
    assert.deepStrictEqual(
      lines.filter((line) => line.includes("<")),
      ["out < failed: no", "out < died: broken"],
    );
    const saved = asyncMiddleware(async (_, next) => next().catch(() => "saved"));
    assert.strictEqual(await run(saved, () => Effect.fail(no)), "saved");
    const own = asyncMiddleware<unknown, unknown, Refused>(async () => {
      throw no;
    });
    assert.strictEqual(await rejected(run(own, () => Effect.succeed("x"))), no);
  });

  it("lasts as long as a stream, and is told when nobody reads any more", async () => {
    const lines: Array<string> = [];
    const use = asyncMiddleware(async ({ signal }, next) => {
      signal.addEventListener("abort", () => lines.push("aborted"));
      return next().finally(() => lines.push("over"));
    });
    const short = stream.use(use).handler(() => Stream.make({ data: 1 }));
    const long = stream.use(use).handler(() =>
      Stream.ensuring(
        Stream.map(Stream.tick(1), () => ({ data: 1 })),
        Effect.sync(() => lines.push("handler")),
      ),
    );
    const caller = createCaller({ short, long }, { context: {} });
    assert.deepStrictEqual(await collect(caller.short({})), [1]);
    assert.deepStrictEqual(lines.splice(0), ["over"]);
    for await (const _ of caller.long({})) break;
    await until(() => lines.length === 3);
    assert.deepStrictEqual(lines.toSorted(), ["aborted", "handler", "over"]);
  });
});

describe("what is shipped", () => {
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
