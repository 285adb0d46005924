import { chmod, mkdir, readdir, readFile, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import { Git, nulFields } from "../../../daemon/platform/Git.ts";
import { isThere, makeRepository, userGit } from "../../support/gitFixture.ts";
import { tempFolder } from "../../support/tempFolder.ts";
import { withVariables } from "../../support/withVariables.ts";

const withRepository = <A, E>(run: (root: string) => Effect.Effect<A, E, Git>) =>
  Effect.gen(function* () {
    const root = join(yield* tempFolder, "a repo");
    yield* Effect.promise(() => makeRepository(root, { "a.txt": "one\n", "ü b.txt": "two\n" }));
    return yield* run(root);
  }).pipe(Effect.scoped, Effect.provide(Git.layer));

describe("Git", () => {
  it.live("gives exit codes that simple-git reports as success, and fails on those not expected", () =>
    withRepository((root) =>
      Effect.gen(function* () {
        const git = yield* Git;
        const head = userGit(root, "rev-parse", "HEAD").trim();
        userGit(root, "commit", "--quiet", "--allow-empty", "-m", "Next");
        const args = ["merge-base", "--is-ancestor", "HEAD", head];
        assert.strictEqual((yield* git.run(args, { cwd: root, expect: [1] })).exitCode, 1);
        const error = yield* Effect.flip(git.run(args, { cwd: root }));
        assert.strictEqual(error.exitCode, 1);
        const broken = yield* Effect.flip(git.run(["rev-parse", "--verify", "nothing"], { cwd: root }));
        assert.strictEqual(broken.exitCode, 128);
        assert.match(broken.message, /^git rev-parse failed in .*a repo: fatal: /);
      }),
    ),
  );

  it.live("keeps NUL separated names whole, whatever letters they have", () =>
    withRepository((root) =>
      Effect.gen(function* () {
        const git = yield* Git;
        const { stdout } = yield* git.run(["ls-files", "-z"], { cwd: root });
        assert.deepStrictEqual(nulFields(stdout), ["a.txt", "ü b.txt"]);
      }),
    ),
  );

  it.live("gives blobs byte for byte and takes standard input", () =>
    withRepository((root) =>
      Effect.gen(function* () {
        const git = yield* Git;
        const bytes = Buffer.from([0, 255, 10, 13, 10, 200, 0]);
        yield* Effect.promise(() => writeFile(join(root, "blob"), bytes));
        const oid = userGit(root, "hash-object", "-w", "blob").trim();
        assert.isTrue(bytes.equals(yield* git.readBlob(oid, { cwd: root })));
        const { stdout } = yield* git.run(["hash-object", "--stdin"], { cwd: root, input: "one\n" });
        assert.strictEqual(stdout.trim(), userGit(root, "hash-object", "a.txt").trim());
      }),
    ),
  );

  it.live("runs no hook and no monitor, and no inherited variable leads it astray", () =>
    withRepository((root) =>
      Effect.gen(function* () {
        const git = yield* Git;
        const seen = join(root, "..", "seen");
        const program = join(root, "..", "program");
        yield* Effect.promise(async () => {
          await writeFile(program, `#!/bin/sh\necho ran >> "${seen}"\n`);
          await chmod(program, 0o755);
          for (const hook of ["pre-commit", "post-checkout", "reference-transaction", "post-merge"]) {
            await writeFile(join(root, ".git", "hooks", hook), `#!/bin/sh\necho ${hook} >> "${seen}"\n`, {
              mode: 0o755,
            });
          }
        });
        userGit(root, "config", "core.fsmonitor", program);
        const inherited = {
          GIT_DIR: "/nowhere",
          GIT_INDEX_FILE: "/nowhere/index",
          GIT_CONFIG_COUNT: "1",
          GIT_EXTERNAL_DIFF: program,
          GIT_SSH_COMMAND: program,
          EDITOR: program,
          VISUAL: program,
          PAGER: program,
          SSH_ASKPASS: program,
        };
        yield* withVariables(
          inherited,
          Effect.gen(function* () {
            yield* git.run(["status", "--porcelain"], { cwd: root });
            yield* git.run(["update-ref", "refs/heads/other", "HEAD"], { cwd: root });
            yield* git.run(["checkout", "--quiet", "other"], { cwd: root });
          }),
        );
        assert.isFalse(yield* Effect.promise(() => isThere(seen)));
      }),
    ),
  );

  it.live("leaves the user's own configuration out when isolated", () =>
    withRepository((root) =>
      Effect.gen(function* () {
        const git = yield* Git;
        const home = join(root, "..", "home");
        yield* Effect.promise(async () => {
          await mkdir(home);
          await writeFile(join(home, ".gitconfig"), "[vibe]\n\ttest = seen\n");
        });
        const args = ["config", "--get", "vibe.test"];
        yield* withVariables(
          { HOME: home, XDG_CONFIG_HOME: home },
          Effect.gen(function* () {
            assert.strictEqual((yield* git.run(args, { cwd: root })).stdout.trim(), "seen");
            assert.strictEqual(
              (yield* git.run(args, { cwd: root, isolated: true, expect: [1] })).exitCode,
              1,
            );
          }),
        );
      }),
    ),
  );

  it.live("leaves the index alone when it only looks", () =>
    withRepository((root) =>
      Effect.gen(function* () {
        const git = yield* Git;
        const index = () =>
          Effect.promise(async () => (await readFile(join(root, ".git", "index"))).toString("hex"));
        // The same content at another time: what a plain `git status` writes down.
        yield* Effect.promise(() => utimes(join(root, "a.txt"), 1, 1));
        const before = yield* index();
        yield* git.run(["status"], { cwd: root });
        assert.strictEqual(yield* index(), before);
        assert.deepStrictEqual(
          (yield* Effect.promise(() => readdir(join(root, ".git")))).filter((name) => name.endsWith(".lock")),
          [],
        );
        userGit(root, "status");
        assert.notStrictEqual(yield* index(), before);
      }),
    ),
  );

  it.live("says plainly that git is missing, and that a folder is", () =>
    withRepository((root) =>
      Effect.gen(function* () {
        const git = yield* Git;
        const error = yield* Effect.flip(
          withVariables({ PATH: "/nowhere" }, git.run(["version"], { cwd: root })),
        );
        assert.isBelow(error.exitCode, 0);
        assert.match(error.message, /git was not found; install git/);
        const gone = yield* Effect.flip(git.run(["version"], { cwd: join(root, "gone") }));
        assert.match(gone.message, /gone/);
        assert.notMatch(gone.message, /install git/);
      }),
    ),
  );
});
