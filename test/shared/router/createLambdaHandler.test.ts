import { assert, describe, it } from "@effect/vitest";
import { Effect, Schema } from "effect";
import { createLambdaHandler, type LambdaEvent } from "../../../shared/router/createLambdaHandler.ts";
import type { HttpRequest } from "../../../shared/router/HttpMessage.ts";
import { handledRoutes } from "../../../shared/router/handledRoutes.ts";
import { o } from "../../../shared/router/o.ts";
import { httpOptions, Refused } from "./notes.ts";

const Text = Schema.Struct({ text: Schema.String });
const router = {
  echo: o({})
    .input(Text)
    .output(Text)
    .handler(async ({ input }) => input),
  deep: {
    fails: o({})
      .input(Text)
      .output(Text)
      .handler(() => Effect.fail(new Refused({ message: "no", kind: "handler" }))),
    dies: o({})
      .input(Text)
      .output(Text)
      .handler(() => Effect.die(new Error("a secret detail"))),
    mine: o({ access: "owner" })
      .input(Text)
      .output(Text)
      .handler(({ input }) => Effect.succeed(input)),
  },
};

const serve = () => {
  const asked: Array<HttpRequest> = [];
  const { routes: _, context, ...options } = httpOptions({ pulled: 0, ended: [] });
  const handler = createLambdaHandler(handledRoutes(router), {
    ...options,
    context: (request, access) => {
      asked.push(request);
      return context(request, access);
    },
  });
  return { handler, asked, options };
};

/** An event of API Gateway, payload version 2.0, as its documentation has it. */
const event = (path: string, body: string | undefined, more: Partial<LambdaEvent> = {}): LambdaEvent => ({
  rawPath: path,
  rawQueryString: "",
  headers: { "content-type": "application/json", "x-forwarded-proto": "https" },
  requestContext: { http: { method: "POST" }, stage: "$default", domainName: "id.execute-api.example.com" },
  ...(body === undefined ? {} : { body }),
  isBase64Encoded: false,
  ...more,
});

describe("createLambdaHandler", () => {
  it("answers an event, its body plain or in base64", async () => {
    const { handler } = serve();
    const text = JSON.stringify({ text: "ü 題" });
    const plain = await handler(event("/api/echo", text));
    assert.deepStrictEqual(plain, {
      statusCode: 200,
      headers: { "content-type": "application/json" },
      body: text,
      isBase64Encoded: false,
    });
    const encoded = Buffer.from(text).toString("base64");
    assert.deepStrictEqual(await handler(event("/api/echo", encoded, { isBase64Encoded: true })), plain);
  });

  it("finds the route behind a stage", async () => {
    const { handler } = serve();
    const requestContext = { http: { method: "POST" }, stage: "prod" };
    const { statusCode } = await handler(event("/prod/api/echo", '{"text":""}', { requestContext }));
    assert.strictEqual(statusCode, 200);
  });

  it("hands on headers, cookies and query", async () => {
    const { handler, asked } = serve();
    const headers = { authorization: "Bearer owner", "x-none": undefined };
    const given = { headers, cookies: ["a=1", "b=2"], rawQueryString: "q=%20x" };
    assert.strictEqual((await handler(event("/api/deep/mine", '{"text":""}', given))).statusCode, 200);
    const [request] = asked;
    assert.strictEqual(request?.url, "https://id.execute-api.example.com/api/deep/mine?q=%20x");
    assert.strictEqual(request?.headers.get("cookie"), "a=1; b=2");
  });

  it("answers every fault as any server of these routes does", async () => {
    const { handler, options } = serve();
    const get = { requestContext: { http: { method: "GET" }, stage: "$default" } };
    const faults: ReadonlyArray<readonly [string, LambdaEvent]> = [
      ["no-route", event("/nowhere", "{}")],
      ["method", event("/api/echo", undefined, get)],
      // API Gateway gives a GET with a body on as it came.
      ["method", event("/api/echo", "{}", get)],
      ["input", event("/api/echo", undefined)],
      ["input", event("/api/echo", '{"text":1}')],
      ["not-json", event("/api/echo", "%%%", { isBase64Encoded: true })],
      ["access", event("/api/deep/mine", '{"text":""}')],
      ["handler", event("/api/deep/fails", '{"text":""}')],
    ];
    for (const [kind, one] of faults) {
      const { statusCode, body } = await handler(one);
      assert.strictEqual(statusCode, 400);
      assert.strictEqual(JSON.parse(body).kind, kind);
    }
    const died = await handler(event("/api/deep/dies", '{"text":""}'));
    assert.deepStrictEqual([died.statusCode, died.body], [500, '{"_tag":"Defect"}']);
    assert.lengthOf(options.defects, 1);
  });
});
