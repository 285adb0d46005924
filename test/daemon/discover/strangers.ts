/**
 * Run by a test in a network namespace: servers that announce themselves by multicast DNS, of which most lie or mean
 * ill. With the argument `flood` there are thousands. Prints a line when they listen, and one for each request that
 * none should have been.
 */

import { createSocket } from "node:dgram";
import { createServer, type RequestListener } from "node:http";
import { setImmediate } from "node:timers/promises";
import { type DnsRecord, openMulticast, vibeService } from "../../../shared/client/multicast.ts";
import { openCodeType, vibeType } from "../../../shared/client/readAnnouncements.ts";

interface Transport {
  on(event: "query", listener: (packet: { questions: ReadonlyArray<{ name: string }> }) => void): void;
  respond(records: ReadonlyArray<DnsRecord>): void;
}

const evil = "\u001b]0;owned\u0007\n\r\u001b[2J\u202egnp";

const json =
  (answer: unknown): RequestListener =>
  (_, response) =>
    void response.end(JSON.stringify(answer));

const servers: Readonly<Record<number, RequestListener>> = {
  5001: json({ healthy: true, version: `1.2.3${evil}${"x".repeat(5000)}` }),
  5002: (_, response) => void response.writeHead(401).end(),
  // Never answers.
  5003: () => undefined,
  5004: (_, response) => {
    const more = () => {
      while (!response.destroyed && response.write("x".repeat(10_000)));
    };
    response.on("drain", more);
    more();
  },
  5005: (_, response) => void response.writeHead(302, { location: "http://127.0.0.1:5010/" }).end(),
  5006: json({ status: "ok", role: "vibe-daemon", version: "9.9.9", protocol: 1 }),
  5008: (_, response) => {
    response.socket?.end(`HTTP/1.1 200 OK\r\n${"x: y\r\n".repeat(10_000)}\r\n{}`);
  },
  5009: json({ healthy: "yes" }),
  5010: ({ url }, response) => {
    console.log(`asked although nobody should: ${url}`);
    response.end();
  },
};

for (const [port, listener] of Object.entries(servers)) createServer(listener).listen(Number(port), "::");

const service = (name: string, port: number, type = openCodeType, txt: ReadonlyArray<string> = []) => {
  const full = `${name}.${type}`;
  return [
    { name: type, type: "PTR", data: full },
    { name: full, type: "SRV", ttl: 120, data: { port, target: "somewhere.local" } },
    { name: full, type: "TXT", data: txt },
    // Where it is not.
    { name: "somewhere.local", type: "A", data: "127.0.0.1" },
  ];
};

const strangers: ReadonlyArray<ReadonlyArray<DnsRecord>> = [
  ...[5001, 5002, 5003, 5004, 5005, 5007, 5008, 5009].map((port) => service(`opencode-${port}`, port)),
  service("vibe-5006", 5006, vibeType, ["version=1.0.0", "role=vibe-daemon"]),
  service(`opencode-${evil}`, 5011, openCodeType, [`version=${evil}2`, "x".repeat(250)]),
  service(
    "opencode-huge",
    5012,
    openCodeType,
    Array.from({ length: 200 }, () => "y".repeat(250)),
  ),
  service("opencode-zero", 0),
  service("A printer", 631),
  service("opencode-gone", 5013).map((record) => ({ ...record, ttl: 0 })),
  // Named only, and described when asked for.
  service("opencode-later", 5001 + 13).slice(0, 1),
];

/** To any question a machine may answer whatever it likes. */
const flood = async (respond: (records: ReadonlyArray<DnsRecord>) => void) => {
  for (let packet = 0; packet < 3000; packet++) {
    const names = Array.from({ length: 20 }, (_, index) => `opencode-${packet}-${index}`);
    respond(names.flatMap((name, index) => service(name, 1 + packet * 20 + index)));
    await setImmediate();
  }
};

const flooding = process.argv.includes("flood");
for (const bonjour of openMulticast().bonjours) {
  const { mdns } = (bonjour as unknown as { server: { mdns: Transport } }).server;
  mdns.on("query", ({ questions }) => {
    const names = questions.map(({ name }) => name);
    if (names.some((name) => name.startsWith("opencode-later"))) {
      mdns.respond(service("opencode-later", 5014).slice(1));
    }
    if (!names.some((name) => name.includes(vibeService) || name === openCodeType)) return;
    if (flooding) void flood((records) => mdns.respond(records));
    else for (const records of strangers) mdns.respond(records);
  });
}

// What is no DNS at all, and names that point at themselves.
const socket = createSocket({ type: "udp4", reuseAddr: true });
socket.bind(0, () => {
  setInterval(() => {
    const loop = [0, 0, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0xc0, 12, 0, 12, 0, 1, 0, 0, 0, 9, 0, 2, 0xc0, 12];
    for (const bytes of [[], [1], Array.from({ length: 9000 }, (_, i) => (i * 31) % 256), loop]) {
      socket.send(Buffer.from(bytes), 5353, "224.0.0.251", () => undefined);
    }
  }, 100);
});
console.log("ready");
