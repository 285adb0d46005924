/**
 * Readers that stall while events come: the daemon holds nothing for them, and once they read on they are given
 * everything, in order. And a disk that is full while streams are open.
 */
import { execFileSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { afterAll, assert, beforeAll, describe, it } from "vitest";
import { connect as connectTo, type DaemonClient } from "../../../shared/client/connect.ts";
import { socketPath } from "../../../shared/client/dataFolder.ts";
import type { EventDataOf, StoredEvent } from "../../../shared/contract/events.ts";
import { Sandbox } from "../../support/sandbox.ts";
import { until } from "../../support/until.ts";

const full = process.env.OCVIBE_TEST_TIER === "full";
const wanted = full ? 50_000 : 3000;
const stalled = full ? 20 : 50;

let box: Sandbox;
let client: DaemonClient;
beforeAll(async () => {
  box = new Sandbox();
  box.commit({ "a.txt": "a\n" });
  await box.startDaemon();
  client = await box.client();
});
afterAll(async () => {
  assert.deepStrictEqual(await box.end(), []);
});

const residentMb = () => {
  const status = readFileSync(`/proc/${box.daemonPid()}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024;
};

/** A reader of the whole log that reads nothing until it is told to, and keeps the positions and the bytes only. */
const follow = () => {
  const token = readFileSync(join(box.home, "person.token"), "utf8").trim();
  const connection: Socket = connect(socketPath(box.home));
  connection.write(
    `GET /api/events/follow?input={} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n\r\n`,
  );
  connection.pause();
  const seqs: Array<number> = [];
  let bytes = 0;
  let rest = "";
  connection.on("data", (chunk) => {
    bytes += chunk.length;
    const lines = `${rest}${chunk}`.split("\n");
    rest = lines.pop() ?? "";
    // Its data has no seq of its own at the line's beginning, so each frame is counted once.
    for (const line of lines) {
      const seq = /^data: \{"seq":(\d+),/.exec(line)?.[1];
      if (seq !== undefined) seqs.push(Number(seq));
    }
  });
  return {
    seqs,
    bytes: () => bytes,
    read: () => connection.resume(),
    end: () => connection.destroy(),
  };
};

const appendMany = async (count: number) => {
  for (let made = 0; made < count; made += 501) {
    await client.hive.createEpic({
      project: box.repo,
      title: "Many events",
      subtasks: Array.from({ length: 500 }, (_, n) => ({
        title: `Cell ${n}`,
        description: "x".repeat(2000),
      })),
    });
  }
};

describe("readers that stall", () => {
  it(`cost no memory while ${wanted} events come, and miss none`, async () => {
    // What so many events take in the daemon anyway.
    await appendMany(wanted / 5);
    const fewer = residentMb();
    const readers = Array.from({ length: stalled }, follow);
    await until(async () => (await client.daemon.status({})).clients === stalled + 1);
    await appendMany(wanted);
    const grown = residentMb() - fewer;
    const head = (await client.events.list({ after: 0, limit: 1 })).length;
    assert.strictEqual(head, 1);
    const seqs = await positions();
    for (const { read } of readers) read();
    await until(() => readers.every((reader) => reader.seqs.length >= seqs.length), 240);
    const sent = readers.reduce((sum, reader) => sum + reader.bytes(), 0) / 2 ** 20;
    console.log(`grew by ${grown.toFixed(0)} MB; ${sent.toFixed(0)} MB waited for ${stalled} readers`);
    for (const reader of readers) assert.deepStrictEqual(reader.seqs, seqs);
    assert.isBelow(grown, sent / 2);
    for (const { end } of readers) end();
    await until(async () => (await client.daemon.status({})).clients === 1);
  }, 600_000);
});

describe("a disk that is full, or can't be written", () => {
  let small: Sandbox;
  beforeAll(() => {
    small = new Sandbox();
    small.commit({ "a.txt": "a\n" });
    mkdirSync(small.home);
    // Only root may; test/cli/fullDisk says so at more length.
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=12m", "tmpfs", small.home]);
  });
  afterAll(async () => {
    const pid = small.daemonPid();
    if (pid !== undefined) await small.cli(["daemon", "stop"]);
    execFileSync("umount", ["--lazy", small.home]);
    assert.deepStrictEqual(await small.end(), []);
  });

  const titleOf = ({ data }: StoredEvent) => (data as EventDataOf<"cell_created">).fields.title;
  const fill = () => {
    const file = openSync(join(small.home, "filled"), "a");
    for (let size = 1 << 20; size >= 1; size = Math.floor(size / 2)) {
      try {
        for (;;) writeSync(file, Buffer.alloc(size));
      } catch (error) {
        assert.strictEqual((error as NodeJS.ErrnoException).code, "ENOSPC");
      }
    }
    closeSync(file);
  };

  it("fails what is to be written, by name, while streams stay open and go on once there is room", async () => {
    await small.startDaemon();
    const writer = await small.client();
    const create = (title: string, description = "") =>
      writer.hive.create({ project: small.repo, title, description });
    const titles: Array<unknown> = [];
    const enough = new AbortController();
    const followed = (async () => {
      const stream = (await small.client()).events.follow(
        { type: "cell_created" },
        { signal: enough.signal },
      );
      for await (const { data } of stream) titles.push(titleOf(data));
    })();
    await create("Before");
    await until(() => titles.length === 1);
    fill();
    const failed = new Set<string>();
    for (let n = 0; failed.size === 0; n++) {
      await create(`Filling ${n}`, "x".repeat(10_000)).catch((error) => {
        failed.add(error._tag);
        assert.match(error.message, /disk is full|No space left/i);
      });
    }
    assert.deepStrictEqual([...failed], ["StorageError"]);
    assert.strictEqual((await writer.daemon.status({})).pid, small.daemonPid());
    rmSync(join(small.home, "filled"));
    await create("After");
    await until(() => titles.includes("After"));
    const stored = await writer.events.list({ type: "cell_created" });
    assert.deepStrictEqual(titles, stored.map(titleOf));
    enough.abort();
    await followed;
  });

  it("says that the data folder can't be written", async () => {
    await small.cli(["daemon", "stop"]);
    await until(() => small.daemonPid() === undefined);
    execFileSync("mount", ["-o", "remount,ro", small.home]);
    const error = await connectTo({ start: true, folder: small.home }).then(
      () => assert.fail("it started"),
      (cause) => cause,
    );
    execFileSync("mount", ["-o", "remount,rw", small.home]);
    assert.strictEqual(error._tag, "DaemonUnreachable", String(error));
    assert.include(error.message, `${small.home} can't be made or written`);
    assert.deepStrictEqual(small.processes(), []);
  });
});

const positions = async () => {
  const seqs: Array<number> = [];
  for (;;) {
    const page = await client.events.list({ after: seqs.at(-1) ?? 0 });
    if (page.length === 0) return seqs;
    seqs.push(...page.map(({ seq }) => seq));
  }
};
