/**
 * A call to a running daemon over its socket, with the client that everything uses; beside it a bare Node server that
 * answers as many bytes to as many, asked in the same way, and over a connection that is kept.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { Sandbox } from "../support/sandbox.ts";
import { percentile } from "./percentile.ts";

const calls = 3000;
const warmUp = 500;

const bare = `
const [socket, size] = process.argv.slice(1);
const body = "x".repeat(Number(size));
require("node:http").createServer((incoming, outgoing) => {
  incoming.resume().on("end", () => outgoing.writeHead(200, { "content-type": "application/json" }).end(body));
}).listen(socket, () => console.log("listens"));
`;

const ask = (socketPath: string, agent: Agent | false) =>
  new Promise<void>((resolve, reject) => {
    const headers = {
      "content-type": "application/json",
      "content-length": 2,
      authorization: "x".repeat(71),
    };
    const outgoing = request(
      { socketPath, agent, method: "POST", path: "/api/daemon/status", headers },
      (answer) => answer.resume().on("end", resolve),
    );
    outgoing.on("error", reject);
    outgoing.end("{}");
  });

const time = async (call: () => Promise<unknown>): Promise<ReadonlyArray<number>> => {
  const took: Array<number> = [];
  for (let n = 0; n < warmUp + calls; n++) {
    const start = performance.now();
    await call();
    if (n >= warmUp) took.push(performance.now() - start);
  }
  return took;
};

export const run = async (): Promise<void> => {
  const box = new Sandbox();
  let server: ChildProcess | undefined;
  try {
    await box.startDaemon();
    const client = await box.client();
    const size = JSON.stringify(await client.daemon.status({})).length;
    const socket = join(box.folder, "bare.sock");
    server = spawn(process.execPath, ["--eval", bare, socket, String(size)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    if (server.stdout !== null) await once(server.stdout, "data");
    const ours = await time(() => client.daemon.status({}));
    const raw = await time(() => ask(socket, false));
    const kept = new Agent({ keepAlive: true, maxSockets: 1 });
    const rawKept = await time(() => ask(socket, kept));
    kept.destroy();
    const ms = (values: ReadonlyArray<number>) =>
      `p50 ${percentile(values, 50).toFixed(3)} ms, p99 ${percentile(values, 99).toFixed(3)} ms`;
    console.log(
      `${"a call to the daemon over its socket".padEnd(44)} ${ms(ours)}   raw, a bare server: ${ms(raw)}, connection kept: ${ms(rawKept)}   target p50 1 ms`,
    );
  } finally {
    server?.kill();
    await box.end();
  }
};

if (process.argv[1] === import.meta.filename) await run();
