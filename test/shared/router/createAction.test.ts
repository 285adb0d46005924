import { assert, describe, it } from "@effect/vitest";
import { Effect, Schema } from "effect";
import { createAction } from "../../../shared/router/createAction.ts";
import { o } from "../../../shared/router/o.ts";
import { RouteRefused } from "../../../shared/router/RouteRefused.ts";
import { Refused, type Who } from "./notes.ts";

const When = Schema.Struct({ at: Schema.DateFromString });
const at = new Date("2026-01-01T00:00:00Z");
const rejected = (run: Promise<unknown>) =>
  run.then(
    (value) => assert.fail(`succeeded with ${JSON.stringify(value)}`),
    (error: unknown) => error,
  );

describe("createAction", () => {
  it("takes an input and gives the output, both as the handler knows them", async () => {
    const action = createAction(
      o({})
        .input(When)
        .output(When)
        .handler(({ input }) => Effect.succeed({ at: new Date(input.at.getTime() + 1) })),
      { context: () => ({}) },
    );
    assert.deepStrictEqual(await action({ at }), { at: new Date(at.getTime() + 1) });
  });

  it("asks at each call who calls", async () => {
    const names = ["first", "second"];
    const action = createAction(
      o({})
        .input(When)
        .handler(async ({ context }: { readonly context: Who }) => context.name),
      { context: async () => ({ name: names.shift() ?? "nobody" }) },
    );
    assert.deepStrictEqual([await action({ at }), await action({ at })], ["first", "second"]);
  });

  it("throws the handler's own error, and what the context throws", async () => {
    const no = new Refused({ message: "no", kind: "x" });
    const route = o({})
      .input(When)
      .output(When)
      .handler(() => Effect.fail(no));
    assert.strictEqual(await rejected(createAction(route, { context: () => ({}) })({ at })), no);
    const denied = createAction(route, {
      context: () => {
        throw new Error("nobody is logged in");
      },
    });
    assert.match(String(await rejected(denied({ at }))), /logged in/);
  });

  it("lets nothing through to the handler that its input does not allow, whoever calls it", async () => {
    let handled = 0;
    const route = o({})
      .input(When)
      .output(When)
      .handler(({ input }) => {
        handled++;
        return Effect.succeed(input);
      });
    const action = createAction(route, { context: () => ({}) }) as (input: unknown) => Promise<unknown>;
    for (const input of [undefined, null, {}, { at: "x" }, { at: new Date(Number.NaN), x: 1 }, "x"]) {
      const error = await rejected(action(input));
      assert.instanceOf(error, RouteRefused, JSON.stringify(input));
    }
    assert.strictEqual(handled, 0);
    assert.deepStrictEqual(await action({ at: "2026-01-01" }), { at });
    const own = createAction(route, {
      context: () => ({}),
      refuse: (kind, message) => new Refused({ kind, message }) as never,
    }) as typeof action;
    assert.instanceOf(await rejected(own({})), Refused);
  });
});
