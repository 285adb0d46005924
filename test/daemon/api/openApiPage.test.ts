/** The document as a program with any token fetches it. What is in it is `toOpenApi.test.ts`'s matter. */
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { afterAll, assert, beforeAll, describe, it } from "vitest";
import { contract } from "../../../shared/contract/routes.ts";
import { version } from "../../../shared/contract/version.ts";
import { routesOf } from "../../../shared/router/createRouter.ts";
import type { OpenApiDocument } from "../../../shared/router/toOpenApi.ts";
import { Sandbox } from "../../support/sandbox.ts";

let box: Sandbox;
beforeAll(async () => {
  box = new Sandbox();
  await box.startDaemon();
});
afterAll(async () => {
  assert.deepStrictEqual(await box.end(), []);
});

const fetchDocument = (token: string) =>
  new Promise<{ readonly type: string | undefined; readonly document: OpenApiDocument }>(
    (resolve, reject) => {
      const { socket } = JSON.parse(readFileSync(join(box.home, "daemon.json"), "utf8"));
      const headers = { authorization: `Bearer ${readFileSync(join(box.home, token), "utf8").trim()}` };
      const sent = request({ socketPath: socket, path: "/openapi.json", headers }, (response) => {
        let text = "";
        response.on("data", (chunk) => {
          text += chunk;
        });
        response.on("end", () =>
          resolve({ type: response.headers["content-type"], document: JSON.parse(text) }),
        );
      });
      sent.on("error", reject);
      sent.end();
    },
  );

describe("/openapi.json", () => {
  it("has the routes of the daemon that answers, for the person and for the launcher", async () => {
    for (const token of ["person.token", "launcher.token"]) {
      const { type, document } = await fetchDocument(token);
      assert.strictEqual(type, "application/json");
      assert.deepStrictEqual(document.info, { title: "OpenCode Vibe", version });
      assert.strictEqual(Object.keys(document.paths).length, routesOf(contract).length);
      assert.containsAllKeys(document.components.schemas, ["SwarmView", "TaggedError", "NotFound"]);
    }
  });
});
