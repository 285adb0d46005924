/** A deferred by its address, with a plain HTTP client. */
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { afterAll, assert, beforeAll, describe, it } from "vitest";
import { headers, PROTOCOL } from "../../../shared/contract/protocol.ts";
import { Sandbox } from "../../support/sandbox.ts";

let box: Sandbox;
let token: string;
beforeAll(async () => {
  box = new Sandbox();
  box.commit({ "a.txt": "a\n" });
  await box.startDaemon();
  token = readFileSync(join(box.home, "person.token"), "utf8").trim();
});
afterAll(async () => {
  assert.deepStrictEqual(await box.end(), []);
});

const http = (method: string, path: string, body?: string, bearer = token) =>
  new Promise<{ readonly status: number; readonly body: Readonly<Record<string, unknown>> }>(
    (resolve, reject) => {
      const { socket } = JSON.parse(readFileSync(join(box.home, "daemon.json"), "utf8"));
      const sent = request(
        {
          socketPath: socket,
          method,
          path,
          headers: { authorization: `Bearer ${bearer}`, [headers.protocol]: PROTOCOL },
        },
        (response) => {
          let text = "";
          response.on("data", (chunk) => {
            text += chunk;
          });
          response.on("end", () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) }));
        },
      );
      sent.on("error", reject);
      sent.end(body);
    },
  );
const create = async () => {
  const client = await box.client();
  return (await client.deferred.create({ project: box.repo })).id;
};
const at = (id: string, more = "") => `/deferred/${id}?project=${encodeURIComponent(box.repo)}${more}`;

describe("/deferred/<id>", () => {
  it("waits, and answers when somebody settles it, once", async () => {
    const id = await create();
    assert.strictEqual((await http("GET", at(id))).body.state, "pending");
    const waiting = http("GET", at(id, "&wait=20"));
    const settled = await http("POST", at(id), JSON.stringify({ value: { answer: 42 } }));
    assert.deepStrictEqual([settled.status, settled.body.state], [200, "resolved"]);
    assert.deepStrictEqual((await waiting).body.value, { answer: 42 });
    const again = await http("POST", at(id), JSON.stringify({ reason: "too late" }));
    assert.strictEqual(again.body._tag, "AlreadySettled");
  });

  it("carries a rejection's reason", async () => {
    const id = await create();
    await http("POST", at(id), JSON.stringify({ reason: "no" }));
    const { body } = await http("GET", at(id, "&wait=5"));
    assert.deepStrictEqual([body.state, body.reason], ["rejected", "no"]);
  });

  it("refuses what has no token, is no JSON, or settles nothing", async () => {
    const id = await create();
    assert.strictEqual((await http("GET", at(id), undefined, "wrong")).body._tag, "Unauthenticated");
    for (const body of ["{", "7", "{}", '{"value":1,"more":2}']) {
      assert.strictEqual((await http("POST", at(id), body)).body._tag, "InvalidInput", body);
    }
    assert.strictEqual((await http("GET", at(crypto.randomUUID()))).body._tag, "NotFound");
    assert.strictEqual((await http("GET", "/deferred/7")).body._tag, "NotFound");
    assert.strictEqual((await http("GET", at(id))).body.state, "pending");
  });
});
