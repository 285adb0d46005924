import { assert, describe, it } from "@effect/vitest";
import { Schema } from "effect";
import * as fc from "fast-check";
import { createHttpHandler } from "../../../shared/router/createHttpHandler.ts";
import { handledRoutes } from "../../../shared/router/handledRoutes.ts";
import { o } from "../../../shared/router/o.ts";
import { until } from "../../support/until.ts";
import { counting, serve } from "./serveNotes.ts";

const refusal = async (response: Response) => (await response.json()) as { readonly kind: string };
describe("createHttpHandler", () => {
  it("answers a call with the handler's output", async () => {
    const { post } = serve();
    const response = await post("double", '{"number":21}');
    assert.strictEqual(response.status, 200);
    assert.deepStrictEqual(await response.json(), { number: 42 });
  });

  it("decodes inputs and encodes outputs by their schemas", async () => {
    const { post } = serve();
    const response = await post("deep/when", '{"at":"2026-01-01T00:00:00.000Z"}', {
      headers: { authorization: "Bearer owner" },
    });
    assert.deepStrictEqual(await response.json(), { at: "2026-01-01T00:00:01.000Z" });
  });

  it("refuses each fault of a request in the server's own terms", async () => {
    const { post, get, handler } = serve();
    const kinds = async (response: Promise<Response>) => (await refusal(await response)).kind;
    assert.strictEqual(await kinds(post("nowhere", "{}")), "no-route");
    assert.strictEqual(await kinds(post("deep", "{}")), "no-route");
    assert.strictEqual(await kinds(post("double/", "{}")), "no-route");
    assert.strictEqual(await kinds(handler(new Request("http://localhost/"))), "no-route");
    assert.strictEqual(await kinds(get("double")), "method");
    assert.strictEqual(await kinds(post(counting(1), "{}")), "method");
    assert.strictEqual(await kinds(post("double", '{"number":')), "not-json");
    assert.strictEqual(await kinds(get("deep/count?input={")), "not-json");
    assert.strictEqual(await kinds(post("double", '{"number":1.5}')), "input");
    assert.strictEqual(await kinds(post("double", '{"number":1,"nubmer":2}')), "input");
    assert.strictEqual(await kinds(post("double", null)), "input");
    assert.strictEqual(await kinds(get("deep/count?input=[]")), "input");
    assert.strictEqual(await kinds(post("deep/when", '{"at":"2026-01-01T00:00:00.000Z"}')), "access");
    assert.strictEqual(await kinds(post("deep/wrong", '{"how":"fail"}')), "handler");
  });

  it("asks who calls before it reads what is asked", async () => {
    const { post } = serve();
    assert.strictEqual((await refusal(await post("deep/when", "not JSON"))).kind, "access");
  });

  it("takes a body up to the limit, refuses a larger one, and still reads it so that the sender can hear", async () => {
    const { post } = serve();
    const padded = (bytes: number) => `{"number":1${" ".repeat(bytes - 12)}}`;
    const limit = 10 * 1024 * 1024;
    assert.strictEqual((await post("double", padded(limit))).status, 200);
    let read = 0;
    const body = new ReadableStream({
      pull: (controller) => {
        if (read > limit + 200_000) return controller.close();
        read += 65_536;
        controller.enqueue(new Uint8Array(65_536).fill(32));
      },
    });
    assert.strictEqual((await refusal(await post("double", body))).kind, "too-large");
    assert.isAbove(read, limit + 200_000);
  });

  it("cuts off a body that does not end", async () => {
    const { post } = serve();
    let cut = false;
    const body = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(1024 * 1024)),
      cancel: () => {
        cut = true;
      },
    });
    assert.strictEqual((await refusal(await post("double", body))).kind, "too-large");
    assert.isTrue(cut);
  });

  it("takes a body that breaks off for a caller that has gone, not for a defect", async () => {
    const { post, options } = serve();
    const body = new ReadableStream({ pull: (controller) => controller.error(new Error("gone")) });
    await post("double", body);
    assert.deepStrictEqual(options.defects, []);
  });

  it("says nothing of a defect but that there was one, and hands the cause to the server", async () => {
    for (const how of ["die", "throw", "empty output"]) {
      const { post, options } = serve();
      const response = await post("deep/wrong", JSON.stringify({ how }));
      assert.strictEqual(response.status, 500);
      assert.deepStrictEqual(await response.json(), { _tag: "Defect" });
      assert.strictEqual(options.defects.length, 1, how);
    }
  });

  it("interrupts the handler when the caller goes away", async () => {
    const { post, seen } = serve();
    const gone = new AbortController();
    const response = post("deep/wrong", '{"how":"hang"}', { signal: gone.signal });
    setTimeout(() => gone.abort(), 20);
    await response;
    await until(() => seen.ended.includes("hang"));
  });

  it("answers with null where the handler gives nothing", async () => {
    const a = o({})
      .input(Schema.Struct({ text: Schema.String }))
      .handler(async () => undefined);
    const { options } = serve();
    const handler = createHttpHandler({ ...options, routes: handledRoutes({ a }) });
    const request = new Request("http://localhost/api/a", { method: "POST", body: '{"text":""}' });
    const response = await handler(request);
    assert.deepStrictEqual([response.status, await response.json()], [200, null]);
  });

  it("answers any input without a defect", async () => {
    const { post, options } = serve();
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.record({ number: fc.integer() }).map((value) => JSON.stringify(value)),
        ),
        async (body) => {
          const response = await post("double", body === "" ? null : body);
          const valid = (() => {
            try {
              const value: unknown = JSON.parse(body);
              return (
                typeof value === "object" &&
                value !== null &&
                Object.keys(value).join() === "number" &&
                Number.isSafeInteger((value as { number: unknown }).number)
              );
            } catch {
              return false;
            }
          })();
          // The doubled number must be a safe integer again, else the output is the defect.
          assert.include(valid ? [200, 500] : [400], response.status);
        },
      ),
      { numRuns: 300 },
    );
    assert.isTrue(options.defects.every((defect) => defect.includes("integer")));
  });
});
