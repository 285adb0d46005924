import { assert, describe, it } from "@effect/vitest";
import { Effect, Stream } from "effect";
import { asyncMiddleware } from "../../../shared/router/asyncMiddleware.ts";
import { createCaller } from "../../../shared/router/createCaller.ts";
import { compose, type Middleware } from "../../../shared/router/Middleware.ts";
import { until } from "../../support/until.ts";
import type { Refused } from "./notes.ts";
import { call, collect, no, observers, rejected, stream } from "./observers.ts";

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
    const { lines, note } = observers();
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
