import { assert, describe, it } from "@effect/vitest";
import { Effect, Schema, Stream } from "effect";
import { createHttpHandler } from "../../../shared/router/createHttpHandler.ts";
import { handledRoutes } from "../../../shared/router/handledRoutes.ts";
import { o } from "../../../shared/router/o.ts";
import type { Frame } from "../../../shared/router/RouteHandler.ts";
import { until } from "../../support/until.ts";
import { httpOptions, Refused } from "./notes.ts";
import { counting, serve } from "./serveNotes.ts";

/** Serves one stream, and gives its text without comments, with the defects that the server was told of. */
const textOf = async (
  frames: Stream.Stream<Frame<string>, Refused>,
  revoked?: Effect.Effect<never, Refused>,
) => {
  const a = o({ stream: true })
    .input(Schema.Struct({}))
    .output(Schema.NonEmptyString)
    .handler(() => frames);
  const options = httpOptions({ pulled: 0, ended: [] });
  const handler = createHttpHandler({
    ...options,
    routes: handledRoutes({ a }),
    ...(revoked === undefined ? {} : { revoked: () => revoked }),
  });
  const text = await (await handler(new Request("http://localhost/api/a"))).text();
  return { text: text.replaceAll(": \n\n", ""), defects: options.defects };
};
const no = new Refused({ message: "no", kind: "no" });

describe("createHttpHandler, streams", () => {
  it("sends frames with ids, those without data too, and an end", async () => {
    const { get } = serve();
    const response = await get(counting(3));
    assert.strictEqual(response.headers.get("content-type"), "text/event-stream");
    const text = (await response.text()).replaceAll(": \n\n", "");
    assert.strictEqual(
      text,
      'id: 1\nevent: position\n\nid: 2\ndata: {"number":2}\n\nid: 3\nevent: position\n\nevent: end\ndata: null\n\n',
    );
  });

  it("hands the reader's last id to the handler", async () => {
    const { get } = serve();
    const response = await get(counting(3), { headers: { "last-event-id": "2" } });
    assert.match((await response.text()).replaceAll(": \n\n", ""), /^id: 3\nevent: position\n\nevent: end/);
  });

  it("goes no further than a slow reader needs", async () => {
    const { get, seen } = serve();
    const response = await get(counting(1_000_000));
    const reader = response.body!.getReader();
    for (let index = 0; index < 5; index++) await reader.read();
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.isBelow(seen.pulled, 200);
    await reader.cancel();
    await until(() => seen.ended.includes("count"));
  });

  it("ends the handler's stream when the caller goes away, read or not", async () => {
    const { get, seen } = serve();
    const gone = new AbortController();
    const response = await get(counting(1_000_000), { signal: gone.signal });
    // Read by nobody, it has begun all the same.
    await until(() => seen.pulled > 0);
    gone.abort();
    await until(() => seen.ended.includes("count"));
    await response.text();
    assert.isBelow(seen.pulled, 200);
  });

  it("says that what was told before is void, with what is true instead or without it", async () => {
    const { text } = await textOf(
      Stream.make({ id: "1", data: "old" }, { id: "2", reset: true }, { data: "new", reset: true }),
    );
    assert.strictEqual(
      text,
      'id: 1\ndata: "old"\n\nid: 2\nevent: reset\n\nevent: reset\ndata: "new"\n\nevent: end\ndata: null\n\n',
    );
  });

  it("ends with a failure as the server encodes it, after what came before", async () => {
    const { text } = await textOf(Stream.concat(Stream.make({ data: "a" }), Stream.fail(no)));
    assert.strictEqual(
      text,
      'data: "a"\n\nevent: error\ndata: {"_tag":"Refused","message":"no","kind":"no"}\n\n',
    );
  });

  it("sends no output that does not fit: that is a defect, of which the reader learns nothing", async () => {
    const { text, defects } = await textOf(Stream.make({ data: "a" }, { data: "" }, { data: "b" }));
    assert.match(text, /event: error\ndata: {"_tag":"Defect"}\n\n$/);
    assert.notInclude(text, '"b"');
    assert.lengthOf(defects, 1);
  });

  it("ends when the caller would not be let in any more", async () => {
    const { text } = await textOf(Stream.fromEffect(Effect.never), Effect.delay(Effect.fail(no), 10));
    assert.match(text, /^event: error\ndata: {"_tag":"Refused"/);
  });

  it("says while it is silent that it is there, as often as the route declares", async () => {
    const a = o({ stream: true, heartbeat: "2ms" })
      .input(Schema.Struct({}))
      .output(Schema.String)
      .handler(() => Stream.never);
    const handler = createHttpHandler({
      ...httpOptions({ pulled: 0, ended: [] }),
      routes: handledRoutes({ a }),
    });
    const { body } = await handler(new Request("http://localhost/api/a"));
    assert.isNotNull(body);
    let text = "";
    for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      if (text.length >= 5 * 4) break;
    }
    assert.strictEqual(text.slice(0, 20), ": \n\n".repeat(5));
  });
});
