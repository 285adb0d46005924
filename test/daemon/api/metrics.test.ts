/** `/metrics` counts what was done, no more and no less. */

import { readFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { afterAll, assert, beforeAll, describe, it } from "vitest";
import type { DaemonClient } from "../../../shared/client/connect.ts";
import { socketPath } from "../../../shared/client/dataFolder.ts";
import { Sandbox } from "../../support/sandbox.ts";
import { until } from "../../support/until.ts";

const box = new Sandbox();
let client: DaemonClient;
beforeAll(async () => {
  box.commit({ "a.txt": "a\n" });
  await box.startDaemon();
  client = await box.client();
});
afterAll(async () => {
  assert.deepStrictEqual(await box.end(), []);
});

const page = (token: string) =>
  new Promise<{ readonly status: number | undefined; readonly text: string }>((resolve, reject) => {
    const asked = request(
      { socketPath: socketPath(box.home), path: "/metrics", headers: { authorization: `Bearer ${token}` } },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk) => (text += chunk));
        response.on("end", () => resolve({ status: response.statusCode, text }));
      },
    );
    asked.on("error", reject);
    asked.end();
  });

/** By name with labels, as Prometheus would read it; a line that is none fails. */
const read = async (): Promise<ReadonlyMap<string, number>> => {
  const { status, text } = await page(readFileSync(join(box.home, "person.token"), "utf8").trim());
  assert.strictEqual(status, 200);
  const samples = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    samples.map((line) => {
      const [, name, value] = /^([a-zA-Z_:][\w:]*(?:\{.*\})?) (\S+)$/.exec(line) ?? [];
      assert.isDefined(name, line);
      assert.isFalse(Number.isNaN(Number(value)), line);
      return [name!, Number(value)] as const;
    }),
  );
};

describe("the metrics", () => {
  it("need a token", async () => {
    assert.strictEqual((await page("")).status, 401);
  });

  it("count calls by outcome, and events by type", async () => {
    const project = box.repo;
    for (const title of ["One", "Two", "Three"]) await client.hive.create({ project, title });
    await client.hive
      .show({ project, id: "none-1" })
      .catch((error) => assert.strictEqual(error._tag, "NotFound"));
    const now = await read();
    assert.strictEqual(now.get('ocvibe_requests_total{route="hive/create",outcome="ok"}'), 3);
    assert.strictEqual(now.get('ocvibe_requests_total{route="hive/show",outcome="NotFound"}'), 1);
    assert.strictEqual(now.get('ocvibe_request_seconds_count{route="hive/create"}'), 3);
    assert.strictEqual(now.get('ocvibe_events_total{type="cell_created"}'), 3);
    const { head } = await client.daemon.status({});
    assert.strictEqual(now.get("ocvibe_log_head"), head);
    assert.strictEqual(now.get("ocvibe_commit_events_sum"), head);
  });

  it("show what is held and who listens, as it is now", async () => {
    const project = box.repo;
    const before = await read();
    assert.strictEqual(before.get("ocvibe_leases_active"), 0);
    await client.reservations.reserve({ project, patterns: ["a.txt"] });
    const listening = new AbortController();
    const stream = client.events.follow({ after: 0 }, { signal: listening.signal });
    await stream[Symbol.asyncIterator]().next();
    const during = await read();
    assert.strictEqual(during.get("ocvibe_leases_active"), 1);
    assert.strictEqual(during.get('ocvibe_streams_open{route="events/follow"}'), 1);
    await client.reservations.release({ project, all: true });
    listening.abort();
    await until(async () => (await read()).get('ocvibe_streams_open{route="events/follow"}') === 0);
    const after = await read();
    assert.strictEqual(after.get("ocvibe_leases_active"), 0);
    assert.isAbove(after.get("process_cpu_seconds_total")!, before.get("process_cpu_seconds_total")!);
    assert.isAbove(after.get("process_resident_memory_bytes")!, 1e7);
  });
});
