/**
 * Requests of a fuzz: right ones, and what no client of ours would send: other methods, headers and addresses, and
 * bytes that are no HTTP.
 */
import type { AnyRoute } from "../../shared/router/o.ts";
import type { Asked } from "./ask.ts";
import { brokenBody, pick, validInput } from "./inputs.ts";
import type { Caller, Fields, Random, World } from "./World.ts";

export const request = (path: string, token: string | undefined, body: string | Buffer): Asked => ({
  method: "POST",
  path: `/api/${path}`,
  headers: {
    "content-type": "application/json",
    "ocvibe-protocol": "1",
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  },
  body,
});

/** Whom a route is asked by, when it is asked by the right ones. */
const callersOf: Readonly<Record<string, ReadonlyArray<Caller["kind"]>>> = {
  person: ["person"],
  // Whom the person's calls are about has to be found out by git, which takes longer.
  anyone: ["person", "agent", "agent", "agent", "agent", "agent", "agent", "agent", "agent"],
  registrar: ["person", "launcher"],
  everybody: ["person", "agent", "agent", "agent", "launcher"],
};

/** Something that may be asked, with inputs as its schema alone has them. */
export interface Target {
  readonly path: string;
  readonly route: AnyRoute;
  readonly fields: ReadonlyArray<string>;
  readonly samples: ReadonlyArray<Fields>;
}

/** A request. `input` is there when the schema takes it. */
export const compose = ({ path, route, samples, fields }: Target, world: World, random: Random) => {
  const good = random() < 0.6;
  const kinds = good || random() < 0.7 ? (callersOf[route.access] ?? []) : everyone;
  const kind = pick(random, kinds);
  const caller = pick(
    random,
    world.callers.filter((each) => each.kind === kind),
  );
  const valid = validInput({ path, fields, sample: pick(random, samples) }, caller, world, random);
  const body = good ? JSON.stringify(valid) : brokenBody(valid, random);
  const plain = request(path, caller.token, body);
  const asStream: Asked = {
    ...plain,
    method: "GET",
    path: `${plain.path}?input=${encodeURIComponent(body.toString().slice(0, 4000).toWellFormed())}`,
    body: "",
  };
  const right = route.stream ? asStream : plain;
  if (good || random() < 0.8) {
    return { name: path, route, caller, input: good ? valid : undefined, request: right };
  }
  const changed = twisted(right, random);
  const elsewhere = changed.path !== right.path;
  return elsewhere
    ? { name: "(another address)", route: undefined, caller, input: undefined, request: changed }
    : { name: path, route, caller, input: undefined, request: changed };
};

const everyone: ReadonlyArray<Caller["kind"]> = ["person", "agent", "launcher", "nobody"];

/** Wrong outside of the body. */
const twisted = (right: Asked, random: Random): Asked => {
  const header = (name: string, ...among: ReadonlyArray<string>) => ({
    ...right,
    headers: { ...right.headers, [name]: pick(random, among) },
  });
  switch (Math.floor(random() * 8)) {
    case 0:
      return {
        ...right,
        method: pick(random, ["PUT", "DELETE", "PATCH", "OPTIONS", right.method === "GET" ? "POST" : "GET"]),
      };
    case 1:
      return header("ocvibe-protocol", "0", "999", "x", "", "1e400", "-1");
    case 2:
      return header(
        "authorization",
        "",
        "Bearer",
        "Bearer ",
        "Basic eDp5",
        `Bearer ${"x".repeat(5000)}`,
        "Bearer a b",
      );
    case 3:
      return header(
        "content-type",
        "text/plain",
        "multipart/form-data",
        "",
        "application/json; charset=utf-16",
      );
    case 4:
      return header("last-event-id", "x", ":", "x:1", `${"9".repeat(400)}`, ":-1", "a:b:c");
    case 5:
      return header("origin", "http://evil.example", "null", "http://localhost");
    case 6:
      return header("ocvibe-pid", "-1", "0", "1", "x", "99999999999999999999", "NaN");
    default:
      return {
        ...right,
        path: pick(random, [
          "/",
          "/api",
          "/api/",
          `${right.path}/`,
          `/api/../${right.path}`,
          "/api/%00",
          "/api/swarm",
          "/api/__proto__",
          "/api/constructor",
          "/deferred/",
          "/deferred/x",
          "/metrics",
          "/openapi.json",
          "//",
          "/healthz?x",
        ]),
      };
  }
};

export const garbage: ReadonlyArray<string | Buffer> = [
  "",
  "\r\n\r\n",
  "GET / HTTP/9.9\r\n\r\n",
  "POST /api/daemon/status HTTP/1.1\r\nhost: localhost\r\ncontent-length: -5\r\n\r\n{}",
  "POST /api/daemon/status HTTP/1.1\r\nhost: localhost\r\ncontent-length: 3\r\ncontent-length: 5\r\n\r\n{}",
  "POST /api/daemon/status HTTP/1.1\r\nhost: localhost\r\ncontent-length: 500\r\n\r\n{}",
  "POST /api/daemon/status HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
  "POST /api/daemon/status HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n{}",
  `GET /${"a".repeat(100_000)} HTTP/1.1\r\nhost: localhost\r\n\r\n`,
  `GET /healthz HTTP/1.1\r\nhost: localhost\r\nx: ${"y".repeat(100_000)}\r\n\r\n`,
  "TRACE /api/daemon/status HTTP/1.1\r\nhost: localhost\r\n\r\n",
  "CONNECT localhost:1 HTTP/1.1\r\nhost: localhost\r\n\r\n",
  "GET /api/daemon/status HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
  "POST /api/daemon/status HTTP/1.1\r\nhost: localhost\r\nexpect: x\r\ncontent-length: 2\r\n\r\n{}",
  "GET http:// HTTP/1.1\r\nhost: localhost\r\n\r\n",
  "GET * HTTP/1.1\r\nhost: localhost\r\n\r\n",
  Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]),
  Buffer.alloc(100_000, 0xff),
];
