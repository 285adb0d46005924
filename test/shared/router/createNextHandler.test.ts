import { assert, describe, it } from "@effect/vitest";
import { createNextHandler } from "../../../shared/router/createNextHandler.ts";
import { handledNotes, httpOptions } from "./notes.ts";

const serve = () => {
  const seen = { pulled: 0, ended: [] };
  const { routes: _, ...options } = httpOptions(seen);
  return createNextHandler(handledNotes(seen), options);
};
/** What Next.js calls an exported function with, for a file at `app/any/[...path]/route.ts`. */
const segment = (path: string, name = "path") => ({ params: { [name]: path.split("/") } });
const post = (body: string) => new Request("https://host/any/double", { method: "POST", body });

describe("createNextHandler", () => {
  it("answers by the catch-all's segments, wherever the file is and whatever the catch-all is called", async () => {
    const { POST } = serve();
    for (const params of [{ path: ["double"] }, { all: ["double"] }, { team: "x", rest: ["double"] }]) {
      const response = await POST(post('{"number":21}'), { params });
      assert.deepStrictEqual(await response.json(), { number: 42 });
    }
  });

  it("takes parameters that are a promise, as newer versions give them", async () => {
    const { POST } = serve();
    const response = await POST(post('{"number":1}'), { params: Promise.resolve({ path: ["double"] }) });
    assert.strictEqual(response.status, 200);
  });

  it("streams", async () => {
    const { GET } = serve();
    const url = `https://host/any/deep/count?input=${encodeURIComponent('{"to":2}')}`;
    const response = await GET(new Request(url), segment("deep/count"));
    assert.strictEqual(response.headers.get("content-type"), "text/event-stream");
    assert.include(await response.text(), 'id: 2\ndata: {"number":2}');
  });

  it("refuses what is no route, the wrong method, and who may not", async () => {
    const { GET, POST } = serve();
    const kind = async (response: Promise<Response>) =>
      ((await (await response).json()) as { readonly kind: string }).kind;
    assert.strictEqual(await kind(POST(post("{}"), segment("nowhere"))), "no-route");
    assert.strictEqual(await kind(POST(post("{}"), { params: {} })), "no-route");
    assert.strictEqual(await kind(POST(post("{}"), { params: { path: undefined } })), "no-route");
    assert.strictEqual(await kind(GET(new Request("https://host/any/double"), segment("double"))), "method");
    assert.strictEqual(await kind(POST(post("{}"), segment("deep/when"))), "access");
  });
});
