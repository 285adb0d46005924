/** Real daemons, run from source, each on a data folder of its own. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { assert, describe, it } from "@effect/vitest";
import { Effect, Exit, Scope } from "effect";
import { holdDaemonLock } from "../../../daemon/platform/DaemonLock.ts";
import { connect, findDaemon } from "../../../shared/client/connect.ts";
import { socketTransport } from "../../../shared/client/transport.ts";
import type { AnyError } from "../../../shared/contract/errors.ts";
import { PROTOCOL } from "../../../shared/contract/protocol.ts";
import { contract } from "../../../shared/contract/routes.ts";
import { createClient } from "../../../shared/router/createClient.ts";
import { isAlive } from "../../support/processes.ts";
import { tempFolder } from "../../support/tempFolder.ts";
import { until } from "../../support/until.ts";
import { withVariables } from "../../support/withVariables.ts";

const project = join(import.meta.dirname, "..", "..", "..");

const failureOf = (run: Promise<unknown>) =>
  run.then(
    (value) => assert.fail(`succeeded with ${JSON.stringify(value)}`),
    (error) => error as AnyError,
  );

const pidIn = (folder: string): number | undefined => {
  try {
    return JSON.parse(readFileSync(join(folder, "daemon.json"), "utf8")).pid;
  } catch {
    return undefined;
  }
};

/** A data folder whose daemon, if one is left at the end, is ended by its pid. */
const dataFolder = Effect.acquireRelease(
  Effect.map(tempFolder, (folder) => join(folder, "data")),
  (folder) =>
    Effect.promise(async () => {
      const pid = pidIn(folder);
      if (pid === undefined || pid === process.pid || !isAlive(pid)) return;
      process.kill(pid, "SIGKILL");
      await until(() => !isAlive(pid));
    }),
);

const withFolder = (use: (folder: string) => Promise<void>, env: Readonly<Record<string, string>> = {}) =>
  Effect.flatMap(dataFolder, (folder) =>
    withVariables(
      { OCVIBE_AGENT_TOKEN: "", OCVIBE_IDLE_SECONDS: "60", ...env },
      Effect.promise(() => use(folder)),
    ),
  ).pipe(Effect.scoped);

const launch = (folder: string) => {
  const child = spawn(process.execPath, [join(project, "daemon", "main.ts")], {
    env: { ...process.env, OCVIBE_HOME: folder },
    stdio: ["ignore", "ignore", "inherit"],
  });
  return { child, ended: once(child, "exit") };
};

describe("connect", () => {
  it.live("starts a daemon once, finds it again, and stops it", () =>
    withFolder(async (folder) => {
      const nobody = await failureOf(connect({ start: false, folder }));
      assert.strictEqual(nobody._tag, "DaemonUnreachable");
      assert.isFalse(existsSync(folder), "looking for a daemon makes no folder");
      const client = await connect({ start: true, folder });
      const status = await client.daemon.status({});
      assert.strictEqual(status.protocol, PROTOCOL);
      assert.strictEqual(status.pid, pidIn(folder));
      const again = await connect({ start: true, folder });
      assert.strictEqual((await again.daemon.status({})).pid, status.pid);
      assert.strictEqual((await again.daemon.stop({})).pid, status.pid);
      await until(() => !isAlive(status.pid));
      assert.isUndefined(pidIn(folder));
      const next = await client.daemon.status({});
      assert.notStrictEqual(next.pid, status.pid, "a call that finds none starts one");
      assert.strictEqual(readFileSync(join(folder, "logs", "daemon.out"), "utf8"), "");
    }),
  );

  it.live("starts another in place of one that was killed", () =>
    withFolder(async (folder) => {
      const before = await (await connect({ start: true, folder })).daemon.status({});
      process.kill(before.pid, "SIGKILL");
      await until(() => !isAlive(before.pid));
      assert.strictEqual(pidIn(folder), before.pid, "it could not tidy up");
      assert.isUndefined(await findDaemon(folder));
      const after = await (await connect({ start: true, folder })).daemon.status({});
      assert.notStrictEqual(after.pid, before.pid);
      assert.strictEqual(after.store, before.store);
      assert.strictEqual(after.clone, before.clone);
    }),
  );

  it.live("gives all who ask at once the same daemon, and leaves no other", () =>
    withFolder(async (folder) => {
      const clients = await Promise.all(Array.from({ length: 8 }, () => connect({ start: true, folder })));
      const pids = await Promise.all(clients.map(async (client) => (await client.daemon.status({})).pid));
      assert.strictEqual(new Set(pids).size, 1);
      await until(() => daemonsOf(folder).length === 1);
      assert.deepStrictEqual(daemonsOf(folder), [pids[0]!]);
    }),
  );

  it.live("starts one again when the lock was still held by one on its way out", () =>
    withFolder(async (folder) => {
      await mkdir(join(folder, "logs"), { recursive: true });
      const holder = await Effect.runPromise(Scope.make());
      await Effect.runPromise(holdDaemonLock(join(folder, "daemon.lock")).pipe(Scope.provide(holder)));
      const connecting = connect({ start: true, folder });
      const seen = new Set<number>();
      // The first one it starts must have come and gone.
      await until(() => {
        for (const pid of daemonsOf(folder)) seen.add(pid);
        return seen.size >= 1 && daemonsOf(folder).length === 0;
      });
      await Effect.runPromise(Scope.close(holder, Exit.void));
      const { pid } = await (await connecting).daemon.status({});
      assert.isFalse([...seen][0] === pid);
    }),
  );

  it.live("repeats the daemon's own reason when it can't run", () =>
    withFolder(async (folder) => {
      await mkdir(folder);
      await writeFile(join(folder, "store.db"), "this is no database".repeat(1000));
      const error = await failureOf(connect({ start: true, folder }));
      assert.strictEqual(error._tag, "DaemonUnreachable");
      assert.match(error.message, /^The daemon can't start: .*(database|SQLITE_NOTADB)/);
    }),
  );

  it.live("says when the folder can't be made", () =>
    withFolder(async (folder) => {
      await writeFile(folder, "");
      const error = await failureOf(connect({ start: true, folder }));
      assert.strictEqual(error._tag, "DaemonUnreachable");
      assert.include(error.message, folder);
      assert.include(error.message, "OCVIBE_HOME");
    }),
  );

  it.live("says how the daemon broke when it could not say so itself", () =>
    withFolder(
      async (folder) => {
        const error = await failureOf(connect({ start: true, folder }));
        assert.strictEqual(error._tag, "DaemonUnreachable");
        assert.match(error.message, /no-such-module.* has the rest/s);
      },
      { NODE_OPTIONS: "--import=/no-such-module.mjs" },
    ),
  );

  it.live("does not speak with a daemon of another time", () =>
    withFolder(async (folder) => {
      const socket = `${folder}.sock`;
      const server = createServer((_, outgoing) => outgoing.end("ok"));
      await new Promise<void>((resolve) => server.listen(socket, resolve));
      await mkdir(folder);
      await writeFile(join(folder, "person.token"), "t");
      for (const protocol of [0, PROTOCOL + 2]) {
        await writeFile(
          join(folder, "daemon.json"),
          JSON.stringify({ pid: process.pid, protocol, version: "9.9.9", socket }),
        );
        const error = await failureOf(connect({ start: true, folder }));
        assert.strictEqual(error._tag, "ProtocolMismatch");
        assert.include(error.message, "9.9.9");
      }
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }),
  );

  it.live("takes the person's word only from a process outside of every worker, and with the token", () =>
    withFolder(async (folder) => {
      const client = await connect({ start: true, folder });
      const { socket } = (await findDaemon(folder))!;
      const as = (token: string) => createClient(contract, socketTransport({ socket, token }));
      assert.strictEqual((await failureOf(as("").daemon.status({})))._tag, "Unauthenticated");
      assert.strictEqual((await failureOf(as("wrong").daemon.status({})))._tag, "Unauthenticated");
      assert.strictEqual((await failureOf(as("wrong").daemon.stop({})))._tag, "Unauthenticated");
      const source = `
        import { connect } from ${JSON.stringify(join(project, "shared/client/connect.ts"))};
        const client = await connect({ start: false, folder: ${JSON.stringify(folder)} });
        const tried = [client.daemon.status({}), client.daemon.stop({})];
        const told = tried.map((call) => call.then(() => "answered", (error) => error._tag));
        console.log(...(await Promise.all(told)));`;
      // The marker is an ancestor's alone: a worker's child that cleaned its environment is told all the same.
      const outer = `
        import { spawn } from "node:child_process";
        const { OCVIBE_MARKER: _, ...env } = process.env;
        spawn(process.execPath, ["--input-type=module", "--eval", ${JSON.stringify(source)}], { env, stdio: "inherit" });`;
      const clone = JSON.parse(readFileSync(join(folder, "clone.json"), "utf8")) as { id: string };
      const worker = spawn(process.execPath, ["--input-type=module", "--eval", outer], {
        env: { ...process.env, OCVIBE_MARKER: `${clone.id}.some-run` },
        stdio: ["ignore", "pipe", "inherit"],
      });
      let printed = "";
      worker.stdout.on("data", (chunk) => {
        printed += chunk;
      });
      await once(worker, "close");
      assert.strictEqual(printed.trim(), "NotAllowed NotAllowed");
      assert.strictEqual((await client.daemon.status({})).pid, pidIn(folder));
    }),
  );
});

describe("the daemon", () => {
  it.live("ends with status 0 when it is asked to by a signal, and cuts its streams", () =>
    withFolder(async (folder) => {
      const { child, ended } = launch(folder);
      await until(async () => (await findDaemon(folder)) !== undefined);
      const client = await connect({ start: false, folder });
      const stream = failureOf(
        (async () => {
          for await (const _ of client.events.follow({})) assert.fail("there are no events");
        })(),
      );
      await until(async () => (await client.daemon.status({})).clients === 2);
      child.kill("SIGTERM");
      assert.deepStrictEqual(await ended, [0, null]);
      assert.strictEqual((await stream)._tag, "DaemonUnreachable");
      assert.isUndefined(pidIn(folder));
    }),
  );

  it.live("leaves quietly when another serves the folder", () =>
    withFolder(async (folder) => {
      const { pid } = await (await connect({ start: true, folder })).daemon.status({});
      assert.deepStrictEqual(await launch(folder).ended, [0, null]);
      assert.isFalse(existsSync(join(folder, "daemon-refused.txt")));
      assert.strictEqual((await findDaemon(folder))?.pid, pid);
    }),
  );

  it.live("ends by itself when it has nothing to do, and not while somebody is there", () =>
    withFolder(
      async (folder) => {
        const client = await connect({ start: true, folder });
        const { pid } = await client.daemon.status({});
        const watching = new AbortController();
        const stream = (async () => {
          for await (const _ of client.events.follow({}, { signal: watching.signal }));
        })();
        await new Promise((resolve) => setTimeout(resolve, 2500));
        assert.isTrue(isAlive(pid));
        watching.abort();
        await stream;
        await until(() => !isAlive(pid));
        assert.isUndefined(pidIn(folder));
      },
      { OCVIBE_IDLE_SECONDS: "1" },
    ),
  );
});

/** The daemons of a folder, by their environment. */
const daemonsOf = (folder: string): ReadonlyArray<number> =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const home = readFileSync(`/proc/${pid}/environ`, "utf8")
          .split("\0")
          .includes(`OCVIBE_HOME=${folder}`);
        return home && readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("daemon/main.ts");
      } catch {
        return false;
      }
    })
    .map(Number);
