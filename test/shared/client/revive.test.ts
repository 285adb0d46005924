/** Clients that outlive their daemon: what starts another, what waits for one, and what is told instead. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, assert, beforeEach, describe, it } from "vitest";
import { connect, type DaemonClient } from "../../../shared/client/connect.ts";
import type { AnyError } from "../../../shared/contract/errors.ts";
import type { StoredEvent } from "../../../shared/contract/events.ts";
import { isAlive } from "../../support/processes.ts";
import { Sandbox } from "../../support/sandbox.ts";
import { until } from "../../support/until.ts";

let box: Sandbox;
beforeEach(async () => {
  box = new Sandbox();
  box.commit({ "a.txt": "a\n" });
  await box.startDaemon();
});
afterEach(async () => {
  assert.deepStrictEqual(await box.end(), []);
});

const failureOf = (run: Promise<unknown>) =>
  run.then(
    (value) => assert.fail(`succeeded with ${JSON.stringify(value)}`),
    (error) => error as AnyError,
  );

const follow = (client: DaemonClient) => {
  const received: Array<StoredEvent> = [];
  const enough = new AbortController();
  const ended = (async () => {
    for await (const { data } of client.events.follow({ after: 0 }, { signal: enough.signal }))
      received.push(data);
  })();
  return { received, ended, stop: () => enough.abort() };
};

const stopInOrder = async (client: DaemonClient) => {
  const { pid } = await client.daemon.stop({});
  await until(() => !isAlive(pid));
};

const create = (client: DaemonClient, title: string) => client.hive.create({ project: box.repo, title });

/** The daemon of the source that a client of this process starts runs with this process's variables. */
const starter = () => {
  process.env.OCVIBE_IDLE_SECONDS = "120";
  return connect({ start: true, folder: box.home });
};

describe("a daemon that was killed", () => {
  it("is started again under a stream by a client that may, and streams of all clients go on", async () => {
    const watcher = await box.client();
    const { received, ended, stop } = follow(watcher);
    const other = follow(await starter());
    await create(watcher, "Before");
    await until(() => received.length === 2 && other.received.length === 2);
    const before = box.daemonPid();
    await box.killDaemon();
    await until(() => box.daemonPid() !== undefined);
    assert.notStrictEqual(box.daemonPid(), before);
    await create(watcher, "After");
    await until(() => received.length === 3 && other.received.length === 3);
    assert.deepStrictEqual(
      received.map(({ seq }) => seq),
      [1, 2, 3],
    );
    assert.deepStrictEqual(other.received, received);
    stop();
    other.stop();
    await Promise.all([ended, other.ended]);
  });

  it("is started again by a call, and by a stream that begins", async () => {
    const client = await starter();
    await create(client, "Before");
    await box.killDaemon();
    assert.strictEqual((await client.hive.list({ project: box.repo })).length, 1);
    await box.killDaemon();
    const { received, stop, ended } = follow(client);
    await until(() => received.length === 2);
    stop();
    await ended;
  });

  it("is not started by a client that may not", async () => {
    const client = await box.client();
    await create(client, "Before");
    await box.killDaemon();
    assert.strictEqual((await failureOf(client.hive.list({ project: box.repo })))._tag, "DaemonUnreachable");
    assert.strictEqual((await failureOf(follow(client).ended))._tag, "DaemonUnreachable");
    assert.isUndefined(box.daemonPid());
  });
});

describe("a daemon that was stopped", () => {
  it("stays so though a stream was open, and is started by the next call", async () => {
    const client = await starter();
    const { received, ended } = follow(client);
    const failed = failureOf(ended);
    await create(client, "Before");
    await until(() => received.length === 2);
    await stopInOrder(await box.client());
    const error = await failed;
    assert.strictEqual(
      `${error._tag}: ${error.message.slice(0, 22)}`,
      "DaemonUnreachable: The daemon was stopped",
    );
    assert.isUndefined(box.daemonPid());
    assert.strictEqual((await client.hive.list({ project: box.repo })).length, 1);
    assert.isDefined(box.daemonPid());
  });

  it("is waited for, since the person may have started a newer one", async () => {
    const { received, ended, stop } = follow(await starter());
    const client = await box.client();
    await create(client, "Before");
    await until(() => received.length === 2);
    await stopInOrder(client);
    await box.startDaemon();
    await create(await box.client(), "After");
    await until(() => received.length === 3);
    stop();
    await ended;
  });
});

describe("a folder that can't be made", () => {
  it("is told, also where Node's own way to make folders never returns", async () => {
    for (const folder of ["/proc/nothing/there", join(box.folder, "file", "x")]) {
      mkdirSync(join(box.folder, "file"), { recursive: true, mode: 0o500 });
      if (folder.startsWith(box.folder) && process.getuid?.() === 0) continue;
      const error = await failureOf(connect({ start: true, folder }));
      assert.strictEqual(error._tag, "DaemonUnreachable");
      assert.include(error.message, `${folder} can't be made or written`);
    }
  });
});
