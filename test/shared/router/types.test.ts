/**
 * What must not compile, and what is inferred. `tsc` is the test (`npm run check`): an expected error that does not come
 * is one. The functions are never called.
 */
import { assert, describe, expectTypeOf, it } from "@effect/vitest";
import { Context, Effect, Schema, Stream } from "effect";
import { auth } from "../../../shared/router/auth.ts";
import { createAction } from "../../../shared/router/createAction.ts";
import { createCaller } from "../../../shared/router/createCaller.ts";
import type { Client, Received } from "../../../shared/router/createClient.ts";
import { createHttpHandler } from "../../../shared/router/createHttpHandler.ts";
import { createLambdaHandler } from "../../../shared/router/createLambdaHandler.ts";
import { createNextHandler } from "../../../shared/router/createNextHandler.ts";
import type { HttpHandlerOptions } from "../../../shared/router/createPlainHandler.ts";
import { createRouter } from "../../../shared/router/createRouter.ts";
import { createStepFunctionTask } from "../../../shared/router/createStepFunctionTask.ts";
import type { ContextOf, ErrorOf, ServicesOf } from "../../../shared/router/HandledTable.ts";
import { handledRoutes } from "../../../shared/router/handledRoutes.ts";
import { type Handlers, implement } from "../../../shared/router/implement.ts";
import { compose, type Middleware } from "../../../shared/router/Middleware.ts";
import { o } from "../../../shared/router/o.ts";
import { notes, Refused, type Who } from "./notes.ts";

const Text = Schema.Struct({ text: Schema.String });
type Text = typeof Text.Type;
const call = o({}).input(Text).output(Text);
const stream = o({ stream: true }).input(Text).output(Text);
const echo = call.handler(({ input }) => Effect.succeed(input));
const echoes = stream.handler(({ input }) => Stream.make({ data: input }));

class Clocks extends Context.Service<Clocks, { readonly now: number }>()("test/Clocks") {}
const no = new Refused({ message: "no", kind: "no" });
const named: Middleware<{ readonly id: number }, { readonly name: string }> = ({ context }, next) =>
  next({ name: `${context.id}` });
const numbered: Middleware<unknown, { readonly id: number }> = (_, next) => next({ id: 1 });

type Server<C, E = never, R = never> = Omit<HttpHandlerOptions<C, E, R>, "routes">;
declare const server: Server<Who, Refused>;

/** Never run: only its types are looked at. */
const compiled = (_: () => unknown) => assert.isFunction(_);

describe("a client", () => {
  type Notes = Client<typeof notes>;

  it("has the inputs and outputs of the contract", () => {
    expectTypeOf<Notes["double"]>().returns.resolves.toEqualTypeOf<{ readonly number: number }>();
    expectTypeOf<Notes["deep"]["when"]>().parameter(0).toEqualTypeOf<{ readonly at: Date }>();
    expectTypeOf<Notes["deep"]["count"]>().returns.toEqualTypeOf<
      AsyncIterable<Received<{ readonly number: number }>>
    >();
  });

  it("can't be called wrongly", () => {
    compiled((client = {} as Notes) => {
      // @ts-expect-error a field of another type
      client.double({ number: "1" });
      // @ts-expect-error a field too few
      client.double({});
      // @ts-expect-error a field too many
      client.double({ number: 1, other: 2 });
      // @ts-expect-error no such route
      client.triple({ number: 1 });
      // @ts-expect-error the encoded form of a date
      client.deep.when({ at: "2026-01-01" });
      // @ts-expect-error a stream is no promise
      client.deep.count({ to: 1 }).then;
      // @ts-expect-error a call has nothing to resume
      client.double({ number: 1 }, { lastEventId: "1" });
    });
  });
});

describe("a handler", () => {
  it("is one for each route of a contract, and of its type", () => {
    const give = (handlers: Handlers<typeof notes, Who, never, never>) => implement(notes, handlers);
    compiled(({ double, deep } = {} as Handlers<typeof notes, Who, never, never>) => {
      give({ double, deep });
      // @ts-expect-error a missing route
      give({ double });
      // @ts-expect-error a route that the contract does not have
      give({ double, deep, more: double });
      // @ts-expect-error an output of another type
      give({ deep, double: () => Effect.succeed({ number: "1" }) });
      // @ts-expect-error an error that was not declared
      give({ deep, double: () => Effect.fail(new Error()) });
      // @ts-expect-error one answer where a stream is asked for
      give({ double, deep: { ...deep, count: () => Effect.succeed({ number: 1 }) } });
    });
  });

  it("gives what its route's output says", () => {
    compiled(() => {
      // @ts-expect-error another type
      call.handler(async () => ({ text: 1 }));
      // @ts-expect-error a stream where one answer is asked for
      call.handler(() => Stream.make({ data: { text: "" } }));
      // @ts-expect-error one answer where a stream is asked for
      stream.handler(async () => ({ text: "" }));
      // @ts-expect-error outputs that are no frames
      stream.handler(() => Stream.make({ text: "" }));
      // @ts-expect-error a field that the input does not have
      call.handler(async ({ input }) => ({ text: input.other }));
    });
  });

  it("says what comes out where its route has no output schema", () => {
    const length = o({})
      .input(Text)
      .handler(async ({ input }) => input.text.length);
    const caller = createCaller({ length }, { context: {} });
    expectTypeOf(caller.length).returns.resolves.toEqualTypeOf<number>();
    const action = createAction(length, { context: () => ({}) });
    expectTypeOf(action).toEqualTypeOf<(input: Text) => Promise<number>>();
    const letters = o({ stream: true })
      .input(Text)
      .handler(async function* ({ input }) {
        for (const data of input.text) yield { data };
      });
    expectTypeOf(createCaller({ letters }, { context: {} }).letters).returns.toEqualTypeOf<
      AsyncIterable<Received<string>>
    >();
  });
});

describe("what a table of handled routes needs", () => {
  const table = createRouter({
    who: call.handler(({ context }: { readonly context: Who }) => Effect.succeed({ text: context.name })),
    deep: { when: call.handler(() => Effect.map(Clocks, ({ now }) => ({ text: `${now}` }))) },
    fails: stream.handler(() => Stream.fail(no)),
  });

  it("is inferred from all of them", () => {
    expectTypeOf<ContextOf<typeof table>>().toEqualTypeOf<Who>();
    expectTypeOf<ErrorOf<typeof table>>().toEqualTypeOf<Refused>();
    expectTypeOf<ServicesOf<typeof table>>().toEqualTypeOf<Clocks>();
  });

  it("must be given", () => {
    const services = Context.make(Clocks, { now: 1 });
    const context = { name: "me" };
    compiled(() => {
      createCaller(table, { context, services });
      // @ts-expect-error no services
      createCaller(table, { context });
      // @ts-expect-error another context
      createCaller(table, { context: {}, services });
      // @ts-expect-error routes without handlers
      createCaller(notes, { context, services });
      const routes = handledRoutes(table);
      const rest = {} as Omit<Server<Who, Refused, Clocks>, "context">;
      createHttpHandler({ ...rest, routes, context: () => Effect.succeed(context) });
      // @ts-expect-error a context that lacks the name
      createHttpHandler({ ...rest, routes, context: () => Effect.succeed({}) });
      const bare = { ...rest, context: () => Effect.succeed(context), services: Context.empty() };
      // @ts-expect-error services that lack the clocks
      createHttpHandler({ ...bare, routes });
    });
  });
});

describe("middleware", () => {
  it("adds to the context of handlers and later middleware, and leaves the rest to the server", () => {
    const route = call
      .use(numbered)
      .use(named)
      .handler(({ context }) => {
        expectTypeOf(context.id).toEqualTypeOf<number>();
        expectTypeOf(context.name).toEqualTypeOf<string>();
        return Effect.succeed({ text: context.name });
      });
    compiled(() => createCaller({ route }, { context: {} }));
    const rest = call.use(named).handler(({ context }) => Effect.succeed({ text: context.name }));
    compiled(() => {
      createCaller({ rest }, { context: { id: 1 } });
      // @ts-expect-error what the middleware reads is missing
      createCaller({ rest }, { context: {} });
      // @ts-expect-error what the handler reads is added by nobody
      call.use(numbered).handler(({ context }) => Effect.succeed({ text: context.name }));
    });
  });

  it("does not go together with what wants another type than it adds", () => {
    const text: Middleware<{ readonly id: string }> = (_, next) => next();
    compiled(() => {
      // @ts-expect-error the id is a number
      call.use(numbered).use(text);
      // @ts-expect-error the id is a number
      compose(numbered, text);
      const wants = (_: { readonly context: { readonly name: number } }) => Effect.succeed({ text: "" });
      // @ts-expect-error the name is a string
      call.use(named).handler(wants);
    });
  });

  it("adds its own failures and services to those of the route", () => {
    const route = call
      .use((_, next) =>
        Effect.gen(function* () {
          const { now } = yield* Clocks;
          return now > 0 ? yield* next() : yield* Effect.fail(no);
        }),
      )
      .use(({ headers }, next) => (headers.has("x-refused") ? Effect.fail(no) : next()))
      .handler(({ input }) => Effect.succeed(input));
    expectTypeOf<ErrorOf<{ route: typeof route }>>().toEqualTypeOf<Refused>();
    expectTypeOf<ServicesOf<{ route: typeof route }>>().toEqualTypeOf<Clocks>();
    const table = createRouter({ a: { echo } }, { use: auth(() => Effect.fail(no)) });
    expectTypeOf<ErrorOf<typeof table>>().toEqualTypeOf<Refused>();
  });

  it("stands around a whole table: its handlers know what it adds", () => {
    compiled(() => {
      implement({ a: call }, { a: ({ context }) => Effect.succeed({ text: context.name }) }, { use: named });
      implement(
        { a: call },
        // @ts-expect-error nobody adds it
        { a: ({ context }) => Effect.succeed({ text: context.other }) },
        { use: named },
      );
    });
  });

  it("must give what it says that it adds", () => {
    compiled(() => {
      // @ts-expect-error nothing is added
      const silent: Middleware<unknown, { readonly name: string }> = (_, next) => next();
      // @ts-expect-error another type
      const wrong: Middleware<unknown, { readonly name: string }> = (_, next) => next({ name: 1 });
      return [silent, wrong];
    });
  });
});

describe("a route that streams", () => {
  it("has no place where answers come whole", () => {
    compiled(() => {
      createLambdaHandler(handledRoutes({ echo }), server);
      createStepFunctionTask(echo, { context: {} });
      createAction(echo, { context: () => ({}) });
      createNextHandler(handledRoutes({ echo, echoes }), server);
      // @ts-expect-error it streams
      createLambdaHandler(handledRoutes({ echoes }), server);
      // @ts-expect-error one of them streams
      createLambdaHandler(handledRoutes({ echo, deep: { echoes } }), server);
      // @ts-expect-error one route of the contract streams
      createLambdaHandler(implement(notes, {} as Handlers<typeof notes, Who, Refused, never>), server);
      // @ts-expect-error it streams
      createStepFunctionTask(echoes, { context: {} });
      // @ts-expect-error it streams
      createAction(echoes, { context: () => ({}) });
    });
  });
});

describe("o", () => {
  it("takes durations and nothing that is none", () => {
    compiled(() => {
      o({ timeout: "30s", heartbeat: "15 seconds", retry: { times: 2, base: "10ms" } });
      o({ timeout: 500, heartbeat: { minutes: 1 }, retry: "exponential" });
      // @ts-expect-error no unit
      o({ timeout: "30" });
      // @ts-expect-error no such way
      o({ retry: "often" });
      // @ts-expect-error no such option
      o({ tiemout: "30s" });
    });
  });
});
