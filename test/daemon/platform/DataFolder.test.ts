import { chmod, cp, mkdir, readdir, readFile, rename, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import { DataFolder, makeDataFolder } from "../../../daemon/platform/DataFolder.ts";
import { networkFileSystem } from "../../../daemon/platform/networkFileSystem.ts";
import { PROTOCOL } from "../../../shared/contract/protocol.ts";
import { tempFolder } from "../../support/tempFolder.ts";

const open = (root: string) =>
  Effect.gen(function* () {
    yield* makeDataFolder(root);
    return yield* Effect.provide(DataFolder, DataFolder.layer(root));
  });

const modeOf = (path: string) => Effect.promise(async () => (await stat(path)).mode & 0o777);
const tokenOf = (root: string) => Effect.promise(() => readFile(join(root, "person.token"), "utf8"));

describe("DataFolder", () => {
  it.live("is made for its user only, also when it was open to others", () =>
    Effect.gen(function* () {
      const root = join(yield* tempFolder, "a", "data folder");
      yield* open(root);
      assert.strictEqual(yield* modeOf(root), 0o700);
      assert.strictEqual(yield* modeOf(join(root, "logs")), 0o700);
      assert.strictEqual(yield* modeOf(join(root, "person.token")), 0o600);
      assert.strictEqual(yield* modeOf(join(root, "clone.json")), 0o600);
      yield* Effect.promise(async () => {
        await chmod(root, 0o755);
        await chmod(join(root, "person.token"), 0o644);
      });
      yield* open(root);
      assert.strictEqual(yield* modeOf(root), 0o700);
      assert.strictEqual(yield* modeOf(join(root, "person.token")), 0o600);
    }).pipe(Effect.scoped),
  );

  it.live("keeps one token of 256 bits, and knows no other", () =>
    Effect.gen(function* () {
      const root = join(yield* tempFolder, "data");
      const folders = [yield* open(root), yield* open(root)];
      const token = yield* tokenOf(root);
      assert.strictEqual(Buffer.from(token, "base64url").length, 32);
      assert.isTrue(folders.every((folder) => folder.isPersonToken(token)));
      const others = ["", "x", token.slice(1), `${token}x`, token.toUpperCase(), `${token}\n`];
      assert.isFalse(others.some((other) => folders[0]!.isPersonToken(other)));
      const left = yield* Effect.promise(() => readdir(root));
      assert.deepStrictEqual(left.sort(), ["clone.json", "launcher.token", "logs", "person.token"]);
      // The launcher's is another, for its user only too, and neither is taken for the other.
      const launcher = yield* Effect.promise(() => readFile(join(root, "launcher.token"), "utf8"));
      assert.strictEqual(Buffer.from(launcher, "base64url").length, 32);
      assert.strictEqual(yield* modeOf(join(root, "launcher.token")), 0o600);
      assert.isTrue(folders.every((folder) => folder.isLauncherToken(launcher)));
      assert.isFalse(folders[0]!.isLauncherToken(token) || folders[0]!.isPersonToken(launcher));
      assert.notStrictEqual(token, yield* tokenOf(yield* Effect.tap(tempFolder, open)));
    }).pipe(Effect.scoped),
  );

  it.live("keeps its clone id under every name, and gives a copy another", () =>
    Effect.gen(function* () {
      const base = yield* tempFolder;
      const root = join(base, "data");
      const first = yield* open(root);
      assert.strictEqual((yield* open(root)).cloneId, first.cloneId);
      yield* Effect.promise(() => symlink(root, join(base, "link")));
      assert.strictEqual((yield* open(join(base, "link"))).cloneId, first.cloneId);
      yield* Effect.promise(() => cp(root, join(base, "copy"), { recursive: true }));
      const copy = yield* open(join(base, "copy"));
      assert.notStrictEqual(copy.cloneId, first.cloneId);
      assert.strictEqual((yield* open(join(base, "copy"))).cloneId, copy.cloneId);
      // Another machine, seen through a record that names it.
      yield* Effect.promise(async () => {
        const file = join(root, "clone.json");
        await writeFile(
          file,
          (await readFile(file, "utf8")).replace(/"machine": "[^"]*"/, '"machine": "other"'),
        );
      });
      assert.notStrictEqual((yield* open(root)).cloneId, first.cloneId);
    }).pipe(Effect.scoped),
  );

  it.live("gives a new clone id when the record can't be read as one", () =>
    Effect.gen(function* () {
      const root = join(yield* tempFolder, "data");
      const first = yield* open(root);
      for (const text of ["", "{", "{}", "[]"]) {
        yield* Effect.promise(() => writeFile(join(root, "clone.json"), text));
        const again = yield* open(root);
        assert.match(again.cloneId, /^[0-9a-f]{12}$/);
        assert.notStrictEqual(again.cloneId, first.cloneId);
      }
    }).pipe(Effect.scoped),
  );

  it.live("says and unsays where the daemon is", () =>
    Effect.gen(function* () {
      const root = join(yield* tempFolder, "data");
      const data = yield* open(root);
      const address = { pid: 1, protocol: PROTOCOL, version: "v", socket: "/s" };
      yield* data.announce(address);
      yield* data.announce({ ...address, pid: 2 });
      const file = join(root, "daemon.json");
      assert.deepStrictEqual(JSON.parse(yield* Effect.promise(() => readFile(file, "utf8"))), {
        ...address,
        pid: 2,
      });
      assert.strictEqual(yield* modeOf(file), 0o600);
      yield* data.withdraw;
      yield* data.withdraw;
      const left = yield* Effect.promise(() => readdir(root));
      assert.notInclude(left.join(), "daemon.json");
    }).pipe(Effect.scoped),
  );

  it.live("says where it can't be made, and why", () =>
    Effect.gen(function* () {
      const base = yield* tempFolder;
      yield* Effect.promise(async () => {
        await writeFile(join(base, "file"), "");
        await mkdir(join(base, "other"));
        await rename(join(base, "other"), join(base, "moved"));
      });
      const error = yield* Effect.flip(open(join(base, "file", "data")));
      assert.strictEqual(error.path, join(base, "file", "data"));
      assert.strictEqual(error.code, "ENOTDIR");
    }).pipe(Effect.scoped),
  );
});

describe("networkFileSystem", () => {
  const mounts = [
    "27 1 254:0 / / rw - ext4 /dev/vda rw",
    "28 27 0:30 / /home/me/remote rw - fuse.sshfs host: rw",
    "29 27 0:31 / /home/me/remote/local rw - fuse.gocryptfs secret rw",
    "30 27 0:32 / /mnt/with\\040space rw - fuse.rclone drive: rw",
  ].join("\n");
  const fuse = 0x65735546;

  it("knows network file systems by their number", () => {
    assert.strictEqual(networkFileSystem("/x", 0x6969, ""), "NFS");
    assert.strictEqual(networkFileSystem("/x", 0xff534d42, ""), "CIFS");
    for (const local of [0xef53, 0x01021994, 0x9123683e, 0x58465342, 0x794c7630]) {
      assert.isUndefined(networkFileSystem("/x", local, mounts));
    }
  });

  it("tells file systems of user space by their innermost mount", () => {
    assert.strictEqual(networkFileSystem("/home/me/remote", fuse, mounts), "fuse.sshfs");
    assert.strictEqual(networkFileSystem("/home/me/remote/a", fuse, mounts), "fuse.sshfs");
    assert.isUndefined(networkFileSystem("/home/me/remote/local/a", fuse, mounts));
    assert.isUndefined(networkFileSystem("/home/me/remoter", fuse, mounts));
    assert.strictEqual(networkFileSystem("/mnt/with space/a", fuse, mounts), "fuse.rclone");
    assert.isUndefined(networkFileSystem("/x", fuse, ""));
  });
});
