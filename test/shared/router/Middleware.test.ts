import { assert, describe, it } from "@effect/vitest";
import { Effect, Schema, Stream } from "effect";
import { createCaller } from "../../../shared/router/createCaller.ts";
import { createRouter } from "../../../shared/router/createRouter.ts";
import { implement } from "../../../shared/router/implement.ts";
import { compose, type Middleware } from "../../../shared/router/Middleware.ts";
import { o } from "../../../shared/router/o.ts";
import { until } from "../../support/until.ts";
import { call, collect, Empty, no, observers, rejected, stream } from "./observers.ts";

describe("middleware", () => {
  it("stands around a call: the first used is outermost, the table's around the route's", async () => {
    const { lines, note } = observers();
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
    const { lines, note } = observers();
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
    const { lines, note } = observers();
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
    const { note } = observers();
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
    const { lines, note } = observers();
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
