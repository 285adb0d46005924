import { assert, describe, it } from "@effect/vitest";
import { Context, Effect, Schema, Stream } from "effect";
import { createCaller } from "../../../shared/router/createCaller.ts";
import { createClient, type Transport } from "../../../shared/router/createClient.ts";
import { createRouter, routesOf } from "../../../shared/router/createRouter.ts";
import { handledRoutes } from "../../../shared/router/handledRoutes.ts";
import { o } from "../../../shared/router/o.ts";
import { RouteRefused } from "../../../shared/router/RouteRefused.ts";
import { handledNotes, Refused, notes as table, type Who } from "./notes.ts";

const callNotes = () => {
  const seen = { pulled: 0, ended: [] as Array<string> };
  const routes = handledNotes(seen);
  return {
    seen,
    caller: createCaller(table, { routes, services: Context.empty(), context: { name: "me" } }),
  };
};

const collect = async <A>(items: AsyncIterable<A>) => {
  const all: Array<A> = [];
  for await (const item of items) all.push(item);
  return all;
};

const failureOf = (run: Promise<unknown>) =>
  run.then(
    (value) => assert.fail(`succeeded with ${JSON.stringify(value)}`),
    (error: unknown) => error,
  );

/** A transport that answers what it is told to, and keeps what it was asked. */
const scripted = (answer: unknown) => {
  const asked: Array<readonly [path: string, input: unknown]> = [];
  const transport: Transport = {
    call: async ({ path }, input) => {
      asked.push([path, input]);
      return answer;
    },
    async *stream({ path }, input) {
      asked.push([path, input]);
      yield { id: "1", data: answer };
    },
    unreadable: (path, detail) => new Error(`unreadable ${path} ${detail}`),
  };
  return { asked, client: createClient(table, transport) };
};

describe("createRouter", () => {
  it("gives each route its place as its path", () => {
    assert.deepStrictEqual(
      routesOf(table).map(([path]) => path),
      ["double", "deep/when", "deep/wrong", "deep/count"],
    );
  });
});

describe("createClient", () => {
  it("sends encoded inputs and gives decoded outputs", async () => {
    const { asked, client } = scripted({ at: "2026-01-01T00:00:01.000Z" });
    const { at } = await client.deep.when({ at: new Date("2026-01-01T00:00:00Z") });
    assert.strictEqual(at.getTime(), Date.parse("2026-01-01T00:00:01Z"));
    assert.deepStrictEqual(asked, [["deep/when", { at: "2026-01-01T00:00:00.000Z" }]]);
  });

  it("takes no output that the contract does not allow", async () => {
    const { client } = scripted({ number: "2" });
    assert.match(String(await failureOf(client.double({ number: 1 }))), /unreadable double .*number/s);
    assert.match(String(await failureOf(collect(client.deep.count({ to: 1 })))), /unreadable deep\/count/);
  });

  it("leaves it to the server to refuse an input that can't be encoded", async () => {
    const { asked, client } = scripted({ number: 2 });
    await client.double({ number: 1.5 });
    assert.deepStrictEqual(asked, [["double", { number: 1.5 }]]);
  });
});

describe("createCaller", () => {
  it("calls and streams within the process, through the schemas", async () => {
    const { caller } = callNotes();
    assert.deepStrictEqual(await caller.double({ number: 4 }), { number: 8 });
    const frames = await collect(caller.deep.count({ to: 5 }, { lastEventId: "2" }));
    assert.deepStrictEqual(frames, [{ id: "4", data: { number: 4 } }]);
    assert.match(String(await failureOf(caller.deep.wrong({ how: "empty output" }))), /NonEmpty|length/i);
  });

  it("fails with the handler's own error", async () => {
    const error = await failureOf(callNotes().caller.deep.wrong({ how: "fail" }));
    assert.instanceOf(error, Refused);
  });

  it("interrupts a handler whose caller has left, also in the middle of a stream", async () => {
    const { caller, seen } = callNotes();
    const gone = new AbortController();
    const call = failureOf(caller.deep.wrong({ how: "hang" }, { signal: gone.signal }));
    gone.abort();
    await call;
    for await (const { data } of caller.deep.count({ to: 1_000_000 })) if (data.number > 10) break;
    assert.deepStrictEqual(seen.ended, ["hang", "count"]);
  });
});

describe("createCaller, a stream that starts anew", () => {
  const again = o({ stream: true })
    .input(Schema.Struct({}))
    .output(Schema.String)
    .handler(() =>
      Stream.make({ id: "1", data: "old" }, { id: "x:1", reset: true }, { id: "x:2", data: "new" }),
    );
  const caller = createCaller({ again }, { context: {} });

  it("tells who asked for that, between what is void and what is not", async () => {
    const told: Array<unknown> = [];
    for await (const { data } of caller.again({}, { onReset: () => told.push("reset") })) told.push(data);
    assert.deepStrictEqual(told, ["old", "reset", "new"]);
  });

  it("fails for who did not", async () => {
    const told: Array<unknown> = [];
    const run = async () => {
      for await (const { data } of caller.again({})) told.push(data);
    };
    const error = await failureOf(run());
    assert.instanceOf(error, RouteRefused);
    assert.strictEqual(error.kind, "reset");
    assert.deepStrictEqual(told, ["old"]);
  });
});

describe("o().handler", () => {
  const Text = Schema.Struct({ text: Schema.String });
  const context = { name: "me" };
  const services = Context.empty();

  it("takes Effects, async functions, streams and async generators", async () => {
    const router = createRouter({
      effect: o({ access: "" })
        .input(Text)
        .output(Text)
        .handler(({ input }) => Effect.succeed({ text: `${input.text}!` })),
      promise: o({ access: "" })
        .input(Text)
        .output(Text)
        .handler(async ({ input, context }: { input: { text: string }; context: Who }) => ({
          text: input.text + context.name,
        })),
      stream: o({ access: "", stream: true })
        .input(Text)
        .output(Text)
        .handler(({ input }) => Stream.make({ data: input })),
      deep: {
        generator: o({ access: "", stream: true })
          .input(Text)
          .output(Text)
          .handler(async function* ({ input }) {
            yield { id: "1", data: input };
            yield { id: "2" };
            yield { id: "3", data: input };
          }),
      },
    });
    const caller = createCaller(router, {
      routes: handledRoutes(router),
      services,
      context,
    });
    assert.deepStrictEqual(await caller.effect({ text: "a" }), { text: "a!" });
    assert.deepStrictEqual(await caller.promise({ text: "a" }), { text: "ame" });
    assert.deepStrictEqual(await collect(caller.stream({ text: "a" })), [
      { id: undefined, data: { text: "a" } },
    ]);
    assert.deepStrictEqual(
      (await collect(caller.deep.generator({ text: "a" }))).map(({ id }) => id),
      ["1", "3"],
    );
  });

  it("hands on what async code throws", async () => {
    const fails = o({ access: "" })
      .input(Text)
      .output(Text)
      .handler(async (): Promise<{ text: string }> => {
        throw new Refused({ message: "no", kind: "async" });
      });
    const router = createRouter({ fails });
    const caller = createCaller(router, {
      routes: handledRoutes(router),
      services,
      context,
    });
    assert.instanceOf(await failureOf(caller.fails({ text: "" })), Refused);
  });

  it("leaves the builder and the contract as they were", () => {
    const contract = o({ access: "x" }).input(Text).output(Text);
    const handled = contract.handler(({ input }) => Effect.succeed(input));
    assert.isFalse("handle" in contract);
    assert.notStrictEqual<unknown>(handled, contract);
    assert.strictEqual(handled.access, "x");
  });
});
