/** What becomes of the store when the disk, the file or the file system fails it: real ones, each with its sentence. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fsPromises, { copyFile, mkdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { assert, describe, it } from "@effect/vitest";
import { Effect, Layer } from "effect";
import { makeDataFolder } from "../../../daemon/platform/DataFolder.ts";
import { SqlBatch } from "../../../daemon/platform/Sql.ts";
import { EventStore, type NewEvent } from "../../../daemon/primitives/EventStore.ts";
import { tempFolder } from "../../support/tempFolder.ts";
import { origin, registered, storeAt } from "../primitives/storeFixture.ts";

const pageBytes = 4096;
const marked = (n: number): NewEvent => ({
  stream: `agent/a${n}`,
  type: "agent_registered",
  data: { name: `a${n}`, tokenHash: `needle-${n}-${"x".repeat(200)}`, kind: "worker" },
});

/** A closed store of 2,000 events, all of it in one file. */
const filled = Effect.gen(function* () {
  const folder = yield* tempFolder;
  yield* Effect.gen(function* () {
    const store = yield* EventStore;
    const sql = yield* SqlBatch;
    yield* store.append(
      origin,
      Array.from({ length: 2000 }, (_, n) => marked(n + 1)),
    );
    yield* sql.query("PRAGMA wal_checkpoint(TRUNCATE)");
  }).pipe(Effect.provide(storeAt(folder)));
  return folder;
});

/** Writes garbage over the page of the file that holds the text, or over one by its number. */
const damage = (folder: string, where: string | number) =>
  Effect.promise(async () => {
    const file = join(folder, "store.db");
    const bytes = await readFile(file);
    const at = typeof where === "number" ? where * pageBytes : bytes.indexOf(where);
    assert.isAtLeast(at, 0, "the text is not in the file");
    const start = Math.floor(at / pageBytes) * pageBytes;
    await writeFile(file, bytes.fill(0xa5, start, start + pageBytes));
  });

const open = (folder: string) => Effect.scoped(Layer.build(storeAt(folder)));
const canMount = process.platform === "linux" && process.getuid?.() === 0;
const mount = (...args: ReadonlyArray<string>) => {
  const result = spawnSync("mount", args, { encoding: "utf8" });
  assert.strictEqual(result.status, 0, result.stderr);
};

/** Mounts a path over itself, to be read only. */
const readOnly = (path: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      mount("--bind", path, path);
      mount("-o", "remount,ro,bind", path);
    }),
    () => Effect.sync(() => spawnSync("umount", ["-l", path])),
  );

describe("a damaged page", () => {
  it.live("of events takes those alone: the others can be read, and appended to", () =>
    Effect.gen(function* () {
      const folder = yield* filled;
      yield* damage(folder, "needle-1000-");
      yield* Effect.gen(function* () {
        const store = yield* EventStore;
        const sql = yield* SqlBatch;
        const damaged = yield* Effect.flip(store.readAll({}));
        assert.strictEqual(damaged.code, "SQLITE_CORRUPT");
        assert.include(damaged.message, "stop the daemon and restore store.db from a backup");
        assert.strictEqual((yield* store.readAll({ upTo: 900 })).length, 900);
        assert.strictEqual((yield* store.readAll({ after: 1100 })).length, 900);
        assert.strictEqual((yield* store.rows("seen")).length, 2000);
        const [next] = yield* store.append(origin, [registered("after")]);
        assert.strictEqual(next?.seq, 2001);
        assert.deepStrictEqual(yield* store.readAll({ after: 2000 }), [next!]);
        assert.strictEqual((yield* Effect.flip(store.rebuild)).code, "SQLITE_CORRUPT");
        assert.strictEqual((yield* store.rows("seen")).length, 2001, "the rows are as they were");
        yield* store.append(origin, [registered("again")]);
        const [checkpoint] = yield* sql.query("PRAGMA wal_checkpoint(TRUNCATE)");
        assert.strictEqual(checkpoint?.busy, 0, "what failed holds nothing open");
      }).pipe(Effect.provide(storeAt(folder)));
    }).pipe(Effect.scoped),
  );

  it.live("that an append has to read fails the append, and nothing of it is there", () =>
    Effect.gen(function* () {
      const folder = yield* filled;
      yield* damage(folder, "needle-2000-");
      const opened = yield* Effect.exit(open(folder));
      // The last event says where the log ends: without it nothing can be appended.
      const error = yield* Effect.flip(opened);
      assert.strictEqual(error.code, "SQLITE_CORRUPT");
      assert.include(error.message, "restore store.db from a backup");
    }).pipe(Effect.scoped),
  );

  it.live("at the beginning of the file is told before anything is written", () =>
    Effect.gen(function* () {
      const folder = yield* filled;
      yield* damage(folder, 0);
      const before = yield* Effect.promise(() => readFile(join(folder, "store.db")));
      const error = yield* Effect.flip(open(folder));
      assert.strictEqual(error.code, "SQLITE_NOTADB");
      assert.include(error.message, "store.db is not a database; move it away");
      assert.isTrue(before.equals(yield* Effect.promise(() => readFile(join(folder, "store.db")))));
    }).pipe(Effect.scoped),
  );
});

describe("what can't be written", () => {
  it.live.skipIf(!canMount)("is named with what to do: a folder, or the file alone", () =>
    Effect.gen(function* () {
      for (const part of ["", "store.db"]) {
        const folder = yield* filled;
        yield* Effect.gen(function* () {
          yield* readOnly(join(folder, part));
          const error = yield* Effect.flip(open(folder));
          assert.match(error.code, /^SQLITE_(READONLY|CANTOPEN)/, part);
          assert.include(error.message, "check", part);
        }).pipe(Effect.scoped);
        const store = yield* open(folder);
        assert.isDefined(store, "writable again, it opens again");
      }
    }).pipe(Effect.scoped),
  );

  it.live.skipIf(!canMount)("is a folder that does not exist yet on a read-only disk", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder;
      yield* readOnly(folder);
      const error = yield* Effect.flip(makeDataFolder(join(folder, "home")));
      assert.strictEqual(error.code, "EROFS");
      assert.include(error.message, join(folder, "home"));
    }).pipe(Effect.scoped),
  );
});

describe("a data folder on a network", () => {
  it.live("is refused before the store is opened there", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder;
      const original = fsPromises.statfs;
      yield* Effect.acquireRelease(
        Effect.sync(() => {
          const nfs = async (path: string) => ({ ...(await original(path)), type: 0x6969 });
          fsPromises.statfs = nfs as never;
          syncBuiltinESMExports();
        }),
        () =>
          Effect.sync(() => {
            fsPromises.statfs = original;
            syncBuiltinESMExports();
          }),
      );
      const error = yield* Effect.flip(makeDataFolder(folder));
      assert.strictEqual(error.code, "NETWORK_FILE_SYSTEM");
      assert.match(error.message, /network file system \(NFS\).*Set OCVIBE_HOME to a local folder/);
    }).pipe(Effect.scoped),
  );
});

/** Kills a process in the middle of its appends; its log of changes stays behind. */
const killedInTheMiddle = (folder: string) =>
  Effect.promise(async () => {
    const child = spawn("node", [join(import.meta.dirname, "../primitives/appendForever.ts"), folder], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    child.stdout.on("data", (part: Buffer) => {
      output += part.toString();
      if (output.split("\n").length > 300) child.kill("SIGKILL");
    });
    await once(child, "close");
    return output.split("\n").length - 2;
  });

describe("the log of changes that a killed process left", () => {
  it.live("is taken up whole, and torn anywhere it gives a beginning of what was", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder;
      const acknowledged = yield* killedInTheMiddle(folder);
      const wal = (yield* Effect.promise(() => stat(join(folder, "store.db-wal")))).size;
      assert.isAbove(wal, 0);
      const events = (from: string) =>
        Effect.gen(function* () {
          const store = yield* EventStore;
          const all = yield* store.readAll({});
          for (const { equal } of yield* store.rebuild) assert.isTrue(equal);
          const sql = yield* SqlBatch;
          assert.deepStrictEqual(yield* sql.query("PRAGMA integrity_check"), [{ integrity_check: "ok" }]);
          return all.map(({ seq, id }) => `${seq} ${id}`);
        }).pipe(Effect.provide(storeAt(from)));

      const torn: Array<string> = [];
      for (let n = 0; n < 6; n++) {
        const copy = join(folder, `torn${n}`);
        const length = wal - 1 - Math.floor(Math.random() * (wal / 3));
        yield* Effect.promise(async () => {
          await mkdir(copy);
          for (const name of ["store.db", "store.db-wal"])
            await copyFile(join(folder, name), join(copy, name));
          await truncate(join(copy, "store.db-wal"), length);
        });
        torn.push(copy);
      }
      const whole = yield* events(folder);
      assert.isAtLeast(whole.length, acknowledged);
      for (const copy of torn) {
        const found = yield* events(copy);
        assert.isAbove(found.length, 0);
        assert.deepStrictEqual(found, whole.slice(0, found.length));
        yield* Effect.promise(() => rm(copy, { recursive: true }));
      }
    }).pipe(Effect.scoped),
  );
});

const canTrace = spawnSync("strace", ["-o", "/dev/null", "true"]).status === 0;

describe("what was answered", () => {
  it.live("is on the disk: each append that waits for the one before it is a sync", () =>
    Effect.gen(function* () {
      if (!canTrace) {
        console.warn("strace can't be used here: that commits are synced is checked by the pragma alone.");
        return;
      }
      const folder = yield* tempFolder;
      const trace = join(folder, "trace");
      const syncs = (appends: number) => {
        const program = [
          process.execPath,
          join(import.meta.dirname, "appendOneByOne.ts"),
          folder,
          `${appends}`,
        ];
        const traced = spawnSync("strace", ["-f", "-e", "trace=fsync,fdatasync", "-o", trace, ...program], {
          encoding: "utf8",
        });
        assert.strictEqual(traced.status, 0, traced.stderr);
        return Effect.map(
          Effect.promise(() => readFile(trace, "utf8")),
          (text) => text.match(/\b(fsync|fdatasync)\(/g)?.length ?? 0,
        );
      };
      // The first run makes the store.
      yield* syncs(0);
      const none = yield* syncs(0);
      assert.isAtLeast((yield* syncs(50)) - none, 50);
    }).pipe(Effect.scoped),
  );
});
