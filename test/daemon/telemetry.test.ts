/** Traces reach a collector when the standard setting names one: from a command through route and store to an agent. */

import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, assert, beforeEach, it } from "vitest";
import { Sandbox } from "../support/sandbox.ts";
import { until } from "../support/until.ts";

interface Span {
  readonly service: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
}

let box: Sandbox;
let collector: Server;
let spans: Array<Span>;
let endpoint: string;
beforeEach(async () => {
  box = new Sandbox();
  spans = [];
  collector = createServer((incoming, response) => {
    let body = "";
    incoming.on("data", (chunk) => (body += chunk));
    incoming.on("end", () => {
      for (const { resource, scopeSpans } of JSON.parse(body).resourceSpans) {
        const named = resource.attributes.find(({ key }: { key: string }) => key === "service.name");
        for (const { spans: some } of scopeSpans)
          for (const span of some) spans.push({ ...span, service: named.value.stringValue });
      }
      response.end("{}");
    });
  });
  await new Promise<void>((resolve) => collector.listen(0, "127.0.0.1", resolve));
  endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
});
afterEach(async () => {
  assert.deepStrictEqual(await box.end(), []);
  collector.closeAllConnections();
  await new Promise((resolve) => collector.close(resolve));
});

/** From a span up to the root of its trace. */
const path = (span: Span | undefined): ReadonlyArray<string> => {
  if (span === undefined) return [];
  const parent = spans.find((one) => one.spanId === span.parentSpanId && one.traceId === span.traceId);
  return [`${span.service} ${span.name}`, ...path(parent)];
};

const wholeRoute = "ocvibe-daemon swarm/start";

it("tells one trace from the command to the agent that it started", async () => {
  box.commit({ "a.txt": "a\n", ".hive/config.json": '{"checks":["node --version"]}' });
  const settings = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_BSP_SCHEDULE_DELAY: "100" };
  await box.startDaemon(settings);
  const trace = join(box.folder, "trace.txt");
  const agent = box.agent(
    "tracer",
    'import { readFileSync, writeFileSync } from "node:fs"; readFileSync(0); writeFileSync("a.txt", "b"); writeFileSync(process.argv[2], process.env.TRACEPARENT);',
    trace,
  );
  const subtask = { title: "Write", files: ["a.txt"], dependencies: [], estimated_complexity: 1, agent };
  const plan = box.plan({ epic: { title: "One" }, subtasks: [subtask] });
  const args = ["start", "--plan", plan, "--yes", "--allow-checks"];
  const given = "4bf92f3577b34da6a3ce929d0e0e4736";
  const started = await box.cli(args, {
    env: { ...settings, TRACEPARENT: `00-${given}-00f067aa0ba902b7-01` },
  });
  assert.strictEqual(started.code, 0, started.stderr);
  const ofTrace = (name: string) => spans.find((span) => span.name === name && span.traceId === given);
  await until(() => ofTrace("swarm") !== undefined && ofTrace("swarm/start") !== undefined);
  await until(() =>
    spans.some((span) => span.name === "EventStore.append" && path(span).includes(wholeRoute)),
  );
  const route = ofTrace("swarm/start");
  assert.match(path(route).join(" < "), /^ocvibe-daemon swarm\/start < ocvibe start/);
  assert.include(path(ofTrace("runAttempt")), "ocvibe-daemon swarm");
  assert.isTrue(existsSync(trace));
  const [, traceId, spanId] = readFileSync(trace, "utf8").split("-");
  assert.strictEqual(traceId, given);
  assert.isTrue(
    spans.some((span) => span.spanId === spanId),
    "the agent's parent was told as well",
  );
}, 60_000);

it("works as ever when the collector is down", async () => {
  box.commit({ "a.txt": "a\n" });
  await new Promise((resolve) => collector.close(resolve));
  const settings = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_BSP_SCHEDULE_DELAY: "100" };
  await box.startDaemon(settings);
  const created = await box.cli(["hive", "create", "Title"], { env: settings });
  assert.strictEqual(created.code, 0, created.stderr);
  assert.strictEqual(created.stderr, "");
}, 60_000);
