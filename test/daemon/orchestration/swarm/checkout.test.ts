import { mkdir, readdir, readFile, readlink, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import { prepareCheckout, removeCheckout } from "../../../../daemon/orchestration/swarm/checkout.ts";
import { Git } from "../../../../daemon/platform/Git.ts";
import {
  commitAll,
  fingerprint,
  isThere,
  makeRepository,
  openProject,
  userGit,
  withProject,
  writeFiles,
} from "../../../support/gitFixture.ts";
import { tempFolder } from "../../../support/tempFolder.ts";

const files = {
  ".gitignore": "node_modules/\n.venv\n",
  "package.json": "{}\n",
  "packages/[a] b/package.json": "{}\n",
  "packages/[a] b/index.js": "export {};\n",
  "a.txt": "one\n",
};
const branch = "swarm/c-1";

describe("prepareCheckout", () => {
  it.live("is a repository of its own that shows and reaches nothing of the user's", () =>
    withProject(files, ({ root, folder, project, base }) =>
      Effect.gen(function* () {
        yield* Effect.promise(() => writeFiles(root, { "a.txt": "stashed\n" }));
        userGit(root, "stash", "--quiet");
        userGit(root, "branch", "private");
        userGit(root, "tag", "secret");
        userGit(root, "remote", "add", "origin", "https://example.test/x.git");
        userGit(root, "config", "alias.mine", "status");
        yield* Effect.promise(() =>
          writeFile(join(root, ".git/hooks/post-checkout"), `#!/bin/sh\ntouch "${folder}/hooked"\n`, {
            mode: 0o755,
          }),
        );
        yield* Effect.promise(() => writeFiles(root, { "a.txt": "dirty\n", "u.txt": "untracked\n" }));
        const before = yield* Effect.promise(() => fingerprint(root));
        const at = join(folder, "work ä", "c 1");
        const checkout = yield* prepareCheckout({ project, folder: at, commit: base, branch });
        assert.strictEqual(checkout.folder, at);
        assert.strictEqual(userGit(at, "status", "--porcelain", "--ignored"), "");
        assert.strictEqual(userGit(at, "symbolic-ref", "HEAD").trim(), `refs/heads/${branch}`);
        assert.strictEqual(userGit(at, "for-each-ref", "--format=%(refname)").trim(), `refs/heads/${branch}`);
        assert.strictEqual(userGit(at, "remote"), "");
        assert.strictEqual(userGit(at, "stash", "list"), "");
        assert.notInclude(userGit(at, "config", "--list"), "alias.mine");
        assert.strictEqual(yield* Effect.promise(() => readFile(join(at, "a.txt"), "utf8")), "one\n");
        // All that an agent may do by itself: commit, stash, rewrite, tag, set hooks and configuration, push.
        yield* Effect.promise(() => writeFiles(at, { "a.txt": "1\n" }));
        userGit(at, "stash");
        userGit(at, "stash", "pop", "--quiet");
        userGit(at, "commit", "--quiet", "-am", "By the agent");
        assert.match(userGit(at, "log", "-1", "--format=%an <%ae>"), /Ada Example <ada@example.test>/);
        userGit(at, "commit", "--quiet", "--amend", "-m", "Rewritten");
        userGit(at, "tag", "theirs");
        userGit(at, "config", "core.fsmonitor", "false");
        assert.throws(() => userGit(at, "push", "--all"), /No configured push destination/);
        assert.throws(
          () => userGit(at, "push", "origin", "HEAD:refs/heads/evil"),
          /does not appear to be a git repository/,
        );
        userGit(at, "gc", "--quiet", "--prune=now");
        assert.deepStrictEqual(yield* Effect.promise(() => fingerprint(root)), before);
        assert.isFalse(yield* Effect.promise(() => isThere(join(folder, "hooked"))));
        assert.isFalse(yield* Effect.promise(() => isThere(join(at, ".git/hooks"))));
        yield* removeCheckout(at);
        assert.deepStrictEqual(yield* Effect.promise(() => readdir(join(folder, "work ä"))), []);
      }),
    ),
  );

  it.live("copies dependency folders, so that what they link to is the worker's own", () =>
    withProject(files, ({ root, folder, project, base }) =>
      Effect.gen(function* () {
        const outside = join(folder, "outside");
        yield* Effect.promise(async () => {
          await mkdir(outside);
          await writeFiles(root, {
            "node_modules/dep/index.js": "dep\n",
            "node_modules/dep/bin/cli.js": "cli\n",
            "packages/[a] b/node_modules/inner/index.js": "inner\n",
            ".venv/pyvenv.cfg": "home = x\n",
          });
          await writeFile(join(root, "node_modules/dep/run.sh"), "#!/bin/sh\n", { mode: 0o755 });
          await mkdir(join(root, "node_modules/.bin"));
          await symlink("../dep/bin/cli.js", join(root, "node_modules/.bin/cli"));
          await symlink("../packages/[a] b", join(root, "node_modules/workspace"));
          await symlink(join(root, "packages/[a] b"), join(root, "node_modules/absolute"));
          await symlink("../../outside", join(root, "node_modules/leaving"));
          await symlink(outside, join(root, "node_modules/away"));
        });
        const before = yield* Effect.promise(() => fingerprint(root));
        const at = join(folder, "deeper", "down", "work");
        const checkout = yield* prepareCheckout({ project, folder: at, commit: base, branch });
        const link = (path: string) => Effect.promise(() => readlink(join(at, "node_modules", path)));
        assert.strictEqual(yield* link(".bin/cli"), "../dep/bin/cli.js");
        assert.strictEqual(yield* link("workspace"), "../packages/[a] b");
        assert.strictEqual(yield* link("absolute"), "../packages/[a] b");
        assert.strictEqual(yield* link("leaving"), outside);
        assert.strictEqual(yield* link("away"), outside);
        yield* Effect.promise(async () => {
          assert.strictEqual((await stat(join(at, "node_modules/dep/run.sh"))).mode & 0o777, 0o755);
          await writeFile(join(at, "node_modules/dep/index.js"), "changed by the worker\n");
          await rm(join(at, ".venv"), { recursive: true });
          await writeFiles(at, {
            "packages/[a] b/node_modules/inner/new.js": "x\n",
            "node_modules/workspace/index.js": "edited\n",
          });
        });
        assert.deepStrictEqual(yield* Effect.promise(() => fingerprint(root)), before);
        const { tree } = yield* project.workshop.snapshot(checkout);
        const changes = yield* project.workshop.changes(base, tree!);
        assert.deepStrictEqual(
          changes.map(({ path }) => path),
          ["packages/[a] b/index.js"],
        );
      }),
    ),
  );

  it.live(
    "keeps prepared folders out of the result when nothing ignores them, and takes tracked ones as work",
    () =>
      withProject(
        { "package.json": "{}\n", "p/package.json": "{}\n", "p/node_modules/own/x/i.js": "vendored\n" },
        ({ root, folder, project, base }) =>
          Effect.gen(function* () {
            yield* Effect.promise(() =>
              writeFiles(root, {
                "node_modules/dep/index.js": "dep\n",
                "p/node_modules/own/x/i.js": "the user's own change\n",
              }),
            );
            const at = join(folder, "work");
            const checkout = yield* prepareCheckout({ project, folder: at, commit: base, branch });
            assert.strictEqual(userGit(at, "status", "--porcelain"), "");
            assert.isTrue(yield* Effect.promise(() => isThere(join(at, "node_modules/dep/index.js"))));
            assert.strictEqual(
              (yield* project.workshop.snapshot(checkout)).tree,
              yield* project.workshop.treeOf(base),
            );
            yield* Effect.promise(() =>
              writeFiles(at, {
                "p/node_modules/own/x/i.js": "work\n",
                "node_modules/dep/x.js": "not work\n",
              }),
            );
            const { tree } = yield* project.workshop.snapshot(checkout);
            const changes = yield* project.workshop.changes(base, tree!);
            assert.deepStrictEqual(
              changes.map(({ path }) => path),
              ["p/node_modules/own/x/i.js"],
            );
          }),
      ),
  );

  it.live("never takes a folder that is there already", () =>
    withProject(files, ({ folder, project, base }) =>
      Effect.gen(function* () {
        const at = join(folder, "work");
        yield* Effect.promise(() => writeFiles(at, { "x.txt": "mine\n" }));
        const error = yield* Effect.flip(prepareCheckout({ project, folder: at, commit: base, branch }));
        assert.strictEqual(error._tag, "FileSystemError");
        assert.deepStrictEqual(yield* Effect.promise(() => readdir(at)), ["x.txt"]);
      }),
    ),
  );

  it.live("works from SHA-256 repositories, and from clones that borrow objects themselves", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder;
      const modern = join(folder, "modern");
      yield* Effect.promise(() => mkdir(modern));
      userGit(modern, "init", "--quiet", "--object-format=sha256", "--initial-branch=main");
      yield* Effect.promise(() => makeRepository(modern, files));
      const origin = join(folder, "origin");
      yield* Effect.promise(() => makeRepository(origin, files));
      userGit(folder, "clone", "--quiet", "--shared", origin, "borrower");
      for (const name of ["modern", "borrower"]) {
        const project = yield* openProject(join(folder, name), join(folder, `${name}.git`));
        const at = join(folder, `${name}-work`);
        const checkout = yield* prepareCheckout({ project, folder: at, commit: project.user.commit, branch });
        yield* Effect.promise(() => writeFiles(at, { "a.txt": "1\n" }));
        commitAll(at, "By the agent");
        const { tree } = yield* project.workshop.snapshot(checkout);
        const changes = yield* project.workshop.changes(project.user.commit, tree!);
        assert.deepStrictEqual(
          changes.map(({ path }) => path),
          ["a.txt"],
        );
      }
    }).pipe(Effect.scoped, Effect.provide(Git.layer)),
  );
});
