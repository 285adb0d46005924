import { assert, describe, it } from "@effect/vitest";
import { Context, Data, Effect, Schema } from "effect";
import { createStepFunctionTask } from "../../../shared/router/createStepFunctionTask.ts";
import { o } from "../../../shared/router/o.ts";
import { Refused } from "./notes.ts";

const When = Schema.Struct({ at: Schema.DateFromString });
class Plain extends Data.Error<{ readonly message: string }> {}
class Later extends Context.Service<Later, { readonly milliseconds: number }>()("test/Later") {}

const thrownBy = async (run: Promise<unknown>): Promise<Error> => {
  const error = await run.then(
    (value) => assert.fail(`succeeded with ${JSON.stringify(value)}`),
    (cause: unknown) => cause,
  );
  assert.instanceOf(error, Error);
  return error;
};

describe("createStepFunctionTask", () => {
  it("takes and gives JSON, through the schemas", async () => {
    const route = o({})
      .input(When)
      .output(When)
      .handler(({ input }) =>
        Effect.map(Later, ({ milliseconds }) => ({ at: new Date(input.at.getTime() + milliseconds) })),
      );
    const task = createStepFunctionTask(route, {
      context: {},
      services: Context.make(Later, { milliseconds: 1000 }),
    });
    assert.deepStrictEqual(await task({ at: "2026-01-01T00:00:00.000Z" }), {
      at: "2026-01-01T00:00:01.000Z",
    });
  });

  it("throws errors that Step Functions can match: the name is the tag", async () => {
    const failing = (error: unknown) =>
      createStepFunctionTask(
        o({})
          .input(When)
          .output(When)
          .handler(() => Effect.fail(error)),
        { context: {} },
      )({ at: "2026-01-01T00:00:00.000Z" });
    const about = async (error: unknown) => {
      const { name, message } = await thrownBy(failing(error));
      return [name, message];
    };
    assert.deepStrictEqual(await about(new Refused({ message: "no", kind: "x" })), ["Refused", "no"]);
    assert.deepStrictEqual(await about({ _tag: "Odd", message: "a value" }), ["Odd", "a value"]);
    assert.deepStrictEqual(await about({ _tag: "Bare" }), ["Bare", "Bare"]);
    assert.strictEqual((await about(new Plain({ message: "plain" })))[1], "plain");
  });

  it("refuses an input that is not the route's, with all that is wrong with it", async () => {
    const task = createStepFunctionTask(
      o({})
        .input(Schema.Struct({ a: Schema.String, b: Schema.Int }))
        .output(Schema.Void)
        .handler(() => Effect.void),
      { context: {} },
    );
    assert.isUndefined(await task({ a: "", b: 1 }));
    const { name, message } = await thrownBy(task({ a: 1, c: 2 }));
    assert.strictEqual(name, "RouteRefused");
    for (const field of ["a", "b", "c"]) assert.include(message, `["${field}"]`);
  });

  it("gives up when the route's time is over", async () => {
    const route = o({ timeout: "5ms" })
      .input(When)
      .output(When)
      .handler(() => Effect.never);
    const task = createStepFunctionTask(route, { context: {} });
    assert.match((await thrownBy(task({ at: "2026-01-01T00:00:00.000Z" }))).message, /longer than 5ms/);
  });
});
