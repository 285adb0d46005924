/**
 * A thousand events a second, and consumers whose connections are cut at random places, also within a frame: each
 * event arrives exactly once and in order. And a store that was replaced by another is noticed.
 */
import { readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { afterAll, assert, beforeAll, describe, it } from "vitest";
import type { DaemonClient } from "../../../shared/client/connect.ts";
import { socketPath } from "../../../shared/client/dataFolder.ts";
import { socketTransport } from "../../../shared/client/transport.ts";
import type { StoredEvent } from "../../../shared/contract/events.ts";
import { contract } from "../../../shared/contract/routes.ts";
import { createClient } from "../../../shared/router/createClient.ts";
import { random } from "../../primitives/random.ts";
import { type Cut, cuttingProxy } from "../../support/cuttingProxy.ts";
import { pause, Sandbox } from "../../support/sandbox.ts";
import { until } from "../../support/until.ts";

const wanted = process.env.OCVIBE_TEST_TIER === "full" ? 1000 : 60;
const seed = Number(process.env.OCVIBE_TEST_SEED ?? Date.now() % 1_000_000);
/** What the filtered consumer asks for: one event of a hundred. */
const rare = "cell_dependency_added";

let box: Sandbox;
let project: string;
let person: DaemonClient;
beforeAll(async () => {
  box = new Sandbox();
  box.commit({ "a.txt": "a\n" });
  project = box.repo;
  await box.startDaemon();
  person = await box.client();
  console.log(`OCVIBE_TEST_SEED=${seed}`);
});
afterAll(async () => {
  assert.deepStrictEqual(await box.end(), []);
});

const clientAt = (socket: string) => {
  const token = readFileSync(join(box.home, "person.token"), "utf8").trim();
  return createClient(contract, socketTransport({ socket, token }));
};

/** An epic of 98 cells, one of which waits for another: a hundred events in one commit. */
const appendHundred = (client = person) =>
  client.hive.createEpic({
    project,
    title: "A hundred events",
    subtasks: Array.from({ length: 98 }, (_, n) => ({
      title: `Cell ${n}`,
      ...(n === 97 ? { dependencies: [0] } : {}),
    })),
  });

const readAll = async (): Promise<ReadonlyArray<StoredEvent>> => {
  const all: Array<StoredEvent> = [];
  for (;;) {
    const page = await person.events.list({ after: all.at(-1)?.seq ?? 0 });
    if (page.length === 0) return all;
    all.push(...page);
  }
};

/** Follows the log until told to stop, and keeps what came. */
const consume = (socket: string, filter: { readonly type?: string }) => {
  const received: Array<StoredEvent> = [];
  const enough = new AbortController();
  const ended = (async () => {
    const stream = clientAt(socket).events.follow({ after: 0, ...filter }, { signal: enough.signal });
    for await (const { data } of stream) received.push(data);
  })();
  return { received, ended, stop: () => enough.abort() };
};

describe("a stream of the log", () => {
  it(`is whole and in order through ${wanted} cuts, unfiltered and with a filter that passes 1 %`, async () => {
    const dice = random(seed);
    const anywhere = (most: number, mostMs: number) => (): Cut => ({
      afterBytes: 1 + Math.floor(dice() ** 2 * most),
      afterMs: dice() * mostMs,
    });
    const target = socketPath(box.home);
    const cutting = { all: true };
    const proxies = await Promise.all(
      [
        { name: "a", cut: anywhere(60_000, 80) },
        { name: "b", cut: anywhere(3000, 80) },
      ].map(({ name, cut }) =>
        cuttingProxy(join(box.folder, `${name}.sock`), target, () => (cutting.all ? cut() : undefined)),
      ),
    );
    const everything = consume(join(box.folder, "a.sock"), {});
    const some = consume(join(box.folder, "b.sock"), { type: rare });
    const begun = performance.now();
    let rounds = 0;
    while (proxies.some(({ cuts }) => cuts() < wanted)) {
      // A consumer that gave up would be cut no more.
      await Promise.race([appendHundred(), ...[everything, some].map(({ ended }) => ended)]);
      // A hundred events each tenth of a second, or as fast as the machine goes.
      await pause(++rounds * 100 - (performance.now() - begun));
    }
    const seconds = (performance.now() - begun) / 1000;
    cutting.all = false;
    const log = await readAll();
    const few = log.filter(({ type }) => type === rare);
    // What is missing now never comes.
    await until(() => everything.received.length >= log.length && some.received.length >= few.length, 60);
    for (const { stop } of [everything, some]) stop();
    await Promise.all([everything.ended, some.ended]);
    console.log(
      `${log.length} events, ${Math.round(log.length / seconds)} a second; cuts ${proxies.map(({ cuts }) => cuts())}`,
    );
    assert.deepStrictEqual(
      everything.received.map(({ seq }) => seq),
      log.map((_, index) => index + 1),
    );
    assert.deepStrictEqual(everything.received, log);
    assert.deepStrictEqual(some.received, few);
    assert.isAtMost(few.length / log.length, 0.011);
    await Promise.all(proxies.map(({ close }) => close()));
  }, 300_000);

  it("notices that the store was replaced: an error, or what the new one holds from its beginning", async () => {
    const socket = socketPath(box.home);
    const client = clientAt(socket);
    const unaware: Array<StoredEvent> = [];
    const failed = (async () => {
      for await (const { data } of client.events.follow({ after: 0 })) unaware.push(data);
    })().then(
      () => assert.fail("it ended"),
      (error) => error,
    );
    const enough = new AbortController();
    const resets: Array<number> = [];
    const aware: Array<StoredEvent> = [];
    const followed = (async () => {
      const options = { signal: enough.signal, onReset: () => void resets.push(aware.length) };
      for await (const { data } of client.events.follow({ after: 0 }, options)) aware.push(data);
    })();
    const before = await readAll();
    await until(() => aware.length === before.length && unaware.length === before.length);

    await box.killDaemon();
    for (const name of ["store.db", "store.db-wal", "store.db-shm"])
      renameSync(join(box.home, name), join(box.folder, name));
    await box.startDaemon();
    assert.strictEqual((await failed)._tag, "StreamReset");
    assert.strictEqual(unaware.length, before.length);
    person = await box.client();
    await person.hive.create({ project, title: "In the new store" });
    const after = await readAll();
    await until(() => aware.length === before.length + after.length);
    assert.deepStrictEqual(resets, [before.length]);
    assert.deepStrictEqual(aware, [...before, ...after]);
    enough.abort();
    await followed;
  });
});
