import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import * as fc from "fast-check";
import { dataFolder, runtimeFolder, socketPath } from "../../../shared/client/dataFolder.ts";
import { tempFolder } from "../../support/tempFolder.ts";

describe("dataFolder", () => {
  it("is OCVIBE_HOME where that is given, else the platform's", () => {
    assert.strictEqual(dataFolder({ OCVIBE_HOME: "/a/b/../c" }), "/a/c");
    assert.strictEqual(dataFolder({ OCVIBE_HOME: "rel" }), join(process.cwd(), "rel"));
    if (process.platform !== "linux") return;
    assert.strictEqual(dataFolder({ OCVIBE_HOME: "", XDG_DATA_HOME: "/d" }), "/d/opencode-vibe");
    assert.match(dataFolder({}), /\/\.local\/share\/opencode-vibe$/);
  });
});

describe("socketPath", () => {
  it("stays under 100 bytes wherever the folders are", () => {
    const path = fc.array(fc.string({ unit: "grapheme", minLength: 1, maxLength: 30 }), { maxLength: 12 });
    fc.assert(
      fc.property(path, path, (runtime, data) => {
        const socket = socketPath(`/${data.join("/")}`.replaceAll("\0", ""), {
          XDG_RUNTIME_DIR: `/${runtime.join("/")}`,
        });
        assert.isBelow(Buffer.byteLength(socket), 100);
      }),
    );
  });

  it("lies in the user's runtime folder", () => {
    assert.isTrue(socketPath("/d", { XDG_RUNTIME_DIR: "/run/user/7" }).startsWith("/run/user/7/ocvibe/"));
    assert.include(runtimeFolder({}), `ocvibe-${process.getuid?.()}`);
  });

  it.live("is one for all names of a folder, and another for another folder", () =>
    Effect.gen(function* () {
      const base = yield* tempFolder;
      yield* Effect.promise(async () => {
        await mkdir(join(base, "a"));
        await symlink(join(base, "a"), join(base, "b"));
      });
      const socket = socketPath(join(base, "a"), {});
      assert.strictEqual(socketPath(join(base, "b"), {}), socket);
      assert.strictEqual(socketPath(`${base}/x/../a/`, {}), socket);
      assert.notStrictEqual(socketPath(join(base, "c"), {}), socket);
    }).pipe(Effect.scoped),
  );
});
