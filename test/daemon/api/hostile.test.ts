/**
 * Clients that mean no good, or are broken, at a real daemon's socket and port: each gets a tagged error or is cut
 * off, nothing of it stays behind, and the daemon answers everybody else meanwhile.
 */
import { randomUUID } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { afterAll, assert, beforeAll, describe, it } from "vitest";
import type { DaemonClient } from "../../../shared/client/connect.ts";
import { socketPath } from "../../../shared/client/dataFolder.ts";
import { headers as wire } from "../../../shared/contract/protocol.ts";
import { contract } from "../../../shared/contract/routes.ts";
import { routesOf } from "../../../shared/router/createRouter.ts";
import { Sandbox } from "../../support/sandbox.ts";
import { until } from "../../support/until.ts";

type Place = { readonly path: string } | { readonly port: number; readonly host: "127.0.0.1" };
interface Answer {
  readonly status: number;
  readonly tag: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

let box: Sandbox;
let client: DaemonClient;
let token: string;
let socket: Place;
let port: number;
const listening = new AbortController();
const loris: Array<Promise<string>> = [];
let idle: ReadonlyArray<Socket>;
/** Until all of them are closed. */
let idleEnded: Promise<unknown>;

beforeAll(async () => {
  box = new Sandbox();
  box.commit({ "a.txt": "a\n" });
  await box.startDaemon();
  client = await box.client();
  token = readFileSync(join(box.home, "person.token"), "utf8").trim();
  socket = { path: socketPath(box.home) };
  port = await new Promise<number>((resolve, reject) => {
    (async () => {
      for await (const { data } of client.daemon.listen({}, { signal: listening.signal }))
        resolve(Number(new URL(data.url).port));
    })().catch(reject);
  });
  // They take their time, so they begin now.
  for (const place of [socket, tcp()]) {
    loris.push(drip(place, "POST /api/daemon/status HTTP/1.1\r\nHost: ", "x"));
    loris.push(drip(place, `POST /api/daemon/status HTTP/1.1\r\n${head()}Content-Length: 1000\r\n\r\n`, " "));
  }
  idle = Array.from({ length: 500 }, (_, n) => connect(n % 2 === 0 ? socket : tcp()));
  idleEnded = Promise.all(
    idle.map(
      (one) =>
        new Promise((resolve) =>
          one
            .on("error", () => undefined)
            .on("close", resolve)
            .resume(),
        ),
    ),
  );
});
afterAll(async () => {
  for (const one of idle ?? []) one.destroy();
  listening.abort();
  assert.deepStrictEqual(await box.end(), []);
});

const tcp = (): Place => ({ port, host: "127.0.0.1" });
const head = () => `Host: localhost:${port}\r\nAuthorization: Bearer ${token}\r\n`;

/** One request, with the person's token unless told otherwise. */
const ask = (
  place: Place,
  method: string,
  path: string,
  given: { readonly headers?: Record<string, string>; readonly body?: string | Buffer } = {},
) =>
  new Promise<Answer>((resolve, reject) => {
    const headers = { host: `127.0.0.1:${port}`, authorization: `Bearer ${token}`, ...given.headers };
    const at = "path" in place ? { socketPath: place.path } : place;
    const outgoing = httpRequest({ ...at, agent: false, method, path, headers }, (response) => {
      const answer = (text: string) => {
        const tag = /"_tag":"(\w+)"/.exec(text)?.[1];
        resolve({ status: response.statusCode ?? 0, tag, headers: response.headers });
      };
      let text = "";
      response.on("data", (chunk) => {
        text += chunk;
        // Of a stream the first frame with data says enough.
        if (response.headers["content-type"] !== "text/event-stream" || !/^data:/m.test(text)) return;
        answer(text);
        response.destroy();
      });
      response.on("end", () => answer(text));
      response.on("error", reject);
    });
    outgoing.on("error", reject);
    outgoing.end(given.body);
  });

/** Sends the beginning, then one character after the other, and answers all that came back until it was cut off. */
const drip = (place: Place, beginning: string, character: string) =>
  new Promise<string>((resolve) => {
    let text = "";
    const connection = connect(place, () => connection.write(beginning));
    const dripping = setInterval(() => connection.write(character), 200);
    connection.on("data", (chunk) => {
      text += chunk;
    });
    connection.on("error", () => undefined);
    connection.on("close", () => {
      clearInterval(dripping);
      resolve(text);
    });
  });

const places = () => [["socket", socket] as const, ["port", tcp()] as const];
/** As when the other machine is gone; a socket of this one can only be closed. */
const reset = (one: Socket) => (one.remoteFamily === undefined ? one.destroy() : one.resetAndDestroy());
/** A page, with the person's token. */
const text = (path: string) =>
  new Promise<string>((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    httpRequest(
      { ...tcp(), agent: false, path, headers: { ...headers, host: `localhost:${port}` } },
      (answer) => {
        let all = "";
        answer.on("data", (chunk) => {
          all += chunk;
        });
        answer.on("end", () => resolve(all));
      },
    )
      .on("error", reject)
      .end();
  });
const clients = async () => (await client.daemon.status({})).clients;
const memory = (what: string) => {
  const status = readFileSync(`/proc/${box.daemonPid()}/status`, "utf8");
  return Number(new RegExp(`^${what}:\\s+(\\d+)`, "m").exec(status)?.[1]) / 1024;
};
const residentMb = () => memory("VmRSS");
/** The most that it ever was. */
const mostMb = () => memory("VmHWM");
const openFiles = () => readdirSync(`/proc/${box.daemonPid()}/fd`).length;

describe("a request that is none of ours", () => {
  it("is refused with a tagged error", async () => {
    const deep = "[".repeat(200_000) + "]".repeat(200_000);
    const bodies = [
      "",
      "{",
      "nonsense",
      "\u0000",
      "[]",
      "null",
      "1",
      '"x"',
      '{"project":1}',
      '{"x":1}',
      deep,
    ];
    const project = JSON.stringify(box.repo);
    for (const [name, place] of places()) {
      for (const body of [
        ...bodies,
        `{"project":${project},"title":7}`,
        `{"project":${project},"title":"x","extra":1}`,
        `{"project":${project},"title":"x","priority":1.5}`,
        `{"project":${project},"title":"x","priority":"1"}`,
        `{"project":${project},"title":${deep}}`,
        `{"__proto__":{"title":"x"},"project":${project}}`,
      ]) {
        const { status, tag } = await ask(place, "POST", "/api/hive/create", { body });
        assert.strictEqual(`${status} ${tag}`, "400 InvalidInput", `${name}: ${body.slice(0, 60)}`);
      }
      const faults: ReadonlyArray<readonly [string, string, string]> = [
        ["POST", "/api/nothing", "404 NotFound"],
        ["POST", "/api/hive/toString", "404 NotFound"],
        ["POST", "/api/__proto__", "404 NotFound"],
        ["POST", "/api/", "404 NotFound"],
        ["POST", "/", "404 NotFound"],
        ["GET", "/etc/passwd", "404 NotFound"],
        ["POST", "/api/hive%2Fcreate", "404 NotFound"],
        ["POST", "/api/../../etc/passwd", "404 NotFound"],
        ["GET", "/api/hive/create", "400 InvalidInput"],
        ["DELETE", "/api/hive/create", "400 InvalidInput"],
        ["OPTIONS", "/api/hive/create", "400 InvalidInput"],
        ["POST", "/api/events/follow", "400 InvalidInput"],
        ["GET", "/api/events/follow?input={", "400 InvalidInput"],
        ["GET", "/api/events/follow?input=%ff%00", "400 InvalidInput"],
        ["GET", `/api/events/follow?input=${encodeURIComponent('{"after":"1"}')}`, "400 InvalidInput"],
      ];
      for (const [method, path, wanted] of faults) {
        const { status, tag } = await ask(place, method, path);
        assert.strictEqual(`${status} ${tag}`, wanted, `${name}: ${method} ${path}`);
      }
      const long = await ask(place, "GET", `/api/${"x".repeat(20_000)}`);
      assert.strictEqual(`${long.status} ${long.tag}`, "431 InvalidInput");
      for (const id of ["x", "1", ":1", "a:b", "a:-1", "a:1:2", `a:${"9".repeat(40)}`]) {
        const headers = { "last-event-id": id };
        const { tag } = await ask(place, "GET", "/api/events/follow?input={}", { headers });
        assert.strictEqual(tag, "InvalidInput", `${name}: last-event-id ${id}`);
      }
      const upgrade = { connection: "Upgrade", upgrade: "websocket" };
      const upgraded = await ask(place, "POST", "/api/daemon/status", { headers: upgrade, body: "{}" });
      assert.strictEqual(upgraded.status, 200);
    }
  });

  it("is not answered without a token or with another protocol, on any route", async () => {
    const pages = ["/mcp", "/openapi.json", `/deferred/${randomUUID()}`];
    for (const [name, place] of places()) {
      const asked = [
        ...routesOf(contract).map(([path, { stream }]) => [stream ? "GET" : "POST", `/api/${path}`] as const),
        ...pages.map((path) => ["GET", path] as const),
      ];
      for (const [method, path] of asked) {
        for (const authorization of ["", "Bearer", `Basic ${token}`, `Bearer ${token}x`, "Bearer a b"]) {
          const { status, tag } = await ask(place, method, path, { headers: { authorization } });
          assert.strictEqual(`${status} ${tag}`, "401 Unauthenticated", `${name}: ${path} ${authorization}`);
        }
        const headers = { [wire.protocol]: "999999" };
        assert.strictEqual((await ask(place, method, path, { headers })).status, 426, `${name}: ${path}`);
      }
      assert.strictEqual(
        (await ask(place, "GET", "/healthz", { headers: { authorization: "" } })).status,
        200,
      );
    }
  });
});

describe("a page in a browser", () => {
  const own = () => `http://127.0.0.1:${port}`;

  it("is let in from nowhere else, and never by another name of this machine", async () => {
    const refused: ReadonlyArray<Record<string, string>> = [
      { host: "evil.example" },
      { host: `evil.example:${port}` },
      { host: "127.0.0.1" },
      { host: `127.0.0.1:${port + 1}` },
      { host: `127.0.0.1.evil.example:${port}` },
      { host: `localhost.:${port}` },
      { host: `0.0.0.0:${port}` },
      { host: `[::ffff:127.0.0.1]:${port}` },
      { host: `u@127.0.0.1:${port}` },
      { origin: "http://evil.example" },
      { origin: "null" },
      { origin: "" },
      { origin: `https://127.0.0.1:${port}` },
      { origin: `http://127.0.0.1:${port + 1}` },
      { origin: `http://localhost:${port}` },
      { origin: own(), "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site" },
      { "sec-fetch-site": "nonsense" },
    ];
    const paths = [
      ["GET", "/healthz"],
      ["POST", "/api/daemon/status"],
      ["GET", "/api/events/follow?input={}"],
      ["GET", "/openapi.json"],
      ["POST", "/mcp"],
      ["OPTIONS", "/api/daemon/status"],
    ] as const;
    for (const [method, path] of paths) {
      for (const headers of refused) {
        const { status, tag } = await ask(tcp(), method, path, { headers });
        assert.strictEqual(
          `${status} ${tag}`,
          "403 NotAllowed",
          `${method} ${path} ${JSON.stringify(headers)}`,
        );
      }
      for (const headers of [{ origin: own() }, { origin: "null" }, { "sec-fetch-site": "cross-site" }]) {
        const { status } = await ask(socket, method, path, { headers });
        assert.strictEqual(status, 403, `the socket has no origin: ${path}`);
      }
    }
    const taken = [
      {},
      { host: `localhost:${port}` },
      { host: `LOCALHOST:${port}` },
      { host: `[::1]:${port}` },
      { origin: own() },
      { origin: own(), "sec-fetch-site": "same-origin" },
      { "sec-fetch-site": "none" },
      { host: `localhost:${port}`, origin: `http://localhost:${port}` },
    ];
    for (const headers of taken) {
      const { status } = await ask(tcp(), "POST", "/api/daemon/status", { headers, body: "{}" });
      assert.strictEqual(status, 200, JSON.stringify(headers));
    }
  });

  it("is never told that it may read an answer", async () => {
    for (const [, place] of places()) {
      for (const headers of [{}, { origin: own() }, { origin: "http://evil.example" }])
        for (const path of ["/healthz", "/api/daemon/status", "/openapi.json", "/mcp", "/nothing"])
          for (const method of ["GET", "POST", "OPTIONS"]) {
            const preflight = { ...headers, "access-control-request-method": "POST" };
            const answer = await ask(place, method, path, { headers: preflight });
            const cors = Object.keys(answer.headers).filter((name) => name.startsWith("access-control"));
            assert.deepStrictEqual(cors, [], `${method} ${path}`);
          }
    }
  });
});

describe("a client that is too much", () => {
  it("sends 100 MB, told or not: it is refused, and the daemon holds none of it", async () => {
    const megabyte = Buffer.alloc(1 << 20, 32);
    const upload = (
      place: Place,
      megabytes: number,
      headers: Record<string, string>,
      path = "/api/hive/create",
    ) =>
      new Promise<number | undefined>((resolve) => {
        const at = "path" in place ? { socketPath: place.path } : place;
        const all = { host: `localhost:${port}`, authorization: `Bearer ${token}`, ...headers };
        const outgoing = httpRequest(
          { ...at, agent: false, method: "POST", path, headers: all },
          (response) => {
            response.resume();
            resolve(response.statusCode);
          },
        );
        outgoing.on("error", () => resolve(undefined));
        const write = (n: number): unknown =>
          n === megabytes ? outgoing.end() : outgoing.write(megabyte, () => write(n + 1));
        write(0);
      });
    const before = residentMb();
    const told = { "content-length": String(100 << 20) };
    // At once, so that what is held of them adds up.
    const statuses = await Promise.all(
      places().flatMap(([, place]) => [
        upload(place, 100, told),
        upload(place, 100, {}),
        upload(place, 100, { authorization: "" }),
        // Whose it is shows later there.
        upload(place, 100, { authorization: "" }, `/deferred/${randomUUID()}`),
        // So much is not even read to its end.
        upload(place, 300, {}).then((status) => status ?? 400),
      ]),
    );
    const each = [400, 400, 401, 400, 400];
    assert.deepStrictEqual(statuses, [...each, ...each]);
    assert.isBelow(mostMb() - before, 250);
  });

  it("vanishes in the middle of a stream: its handler ends, and nothing of it is left", async () => {
    await client.hive.createEpic({
      project: box.repo,
      title: "To be followed",
      subtasks: Array.from({ length: 98 }, (_, n) => ({ title: `Cell ${n}`, description: "x".repeat(2000) })),
    });
    const before = await clients();
    const files = openFiles();
    const bytes = `GET /api/events/follow?input={} HTTP/1.1\r\n${head()}\r\n`;
    for (let round = 0; round < 10; round++) {
      const streams = places().flatMap(([, place]) => Array.from({ length: 25 }, () => connect(place)));
      for (const one of streams) {
        one.on("error", () => undefined).write(bytes);
        // Some read, some only once, some never.
        if (round % 3 === 0) one.resume();
        if (round % 3 === 1) one.once("data", () => one.pause());
      }
      await until(async () => (await clients()) === before + streams.length);
      for (const [n, one] of streams.entries()) n % 2 === 0 ? one.destroy() : reset(one);
      await until(async () => (await clients()) === before);
    }
    await until(() => openFiles() <= files + 2);
    // What the daemon itself counts, where a handler begins and ends: only the port's own stream is left.
    const open = async () => (await text("/metrics")).match(/^ocvibe_streams_open\{.*$/gm)?.sort();
    const wanted = [
      'ocvibe_streams_open{route="daemon/listen"} 1',
      'ocvibe_streams_open{route="events/follow"} 0',
    ];
    await until(async () => JSON.stringify(await open()) === JSON.stringify(wanted));
  });

  it("connects and says nothing, 500 times: others are served, and it is cut off", async () => {
    assert.strictEqual((await client.daemon.status({})).pid, box.daemonPid());
    await idleEnded;
    assert.strictEqual((await client.daemon.status({})).pid, box.daemonPid());
  });

  it("asks a thousand times at once: each time it is answered", async () => {
    const asked = Array.from({ length: 1000 }, () => ask(socket, "GET", "/healthz"));
    for (const { status } of await Promise.all(asked)) assert.strictEqual(status, 200);
  });

  it("sends a character now and then, in its headers or its body: it is cut off", async () => {
    for (const answer of await Promise.all(loris))
      assert.match(answer, /^HTTP\/1\.1 408 .*"_tag":"TimedOut"/s);
  });
});

describe("the daemon", () => {
  it("has borne it all: it is the same one, has no defect in its log, and has nobody left but us", async () => {
    await Promise.all(loris);
    // The port's own stream, and this call.
    await until(async () => (await clients()) === 2);
    assert.strictEqual((await client.daemon.status({})).pid, box.daemonPid());
    const log = join(box.home, "logs", "daemon.log");
    const lines = existsSync(log) ? readFileSync(log, "utf8").split("\n") : [];
    const faults = lines.filter((line) => /"level":"(Error|Fatal)"/.test(line));
    assert.deepStrictEqual(faults, []);
  });
});
