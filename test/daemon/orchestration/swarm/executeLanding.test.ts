import { chmod, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import { toLand } from "../../../../daemon/orchestration/swarm/branchAct.ts";
import { executeLanding, recoverLanding } from "../../../../daemon/orchestration/swarm/executeLanding.ts";
import type { OpenProject } from "../../../../daemon/orchestration/swarm/Projects.ts";
import { planLanding } from "../../../../daemon/orchestration/swarm/planLanding.ts";
import { unpin } from "../../../../daemon/orchestration/swarm/UserRepository.ts";
import {
  commitAll,
  fingerprint,
  isThere,
  makeWork,
  userGit,
  withProject,
  writeFiles,
} from "../../../support/gitFixture.ts";

const files = {
  ".gitignore": "out\n*.log\n",
  "a.txt": "one\n",
  "b.txt": "two\n",
  "run.sh": "#!/bin/sh\n",
  "dir/c.txt": "three\n",
  "dir/staged.txt": "four\n",
  "dir/removed.txt": "five\n",
  "Büro/e f.txt": "six\n",
};

const edit = async (at: string) => {
  await writeFiles(at, {
    "a.txt": "1\n",
    "new folder/ñ.txt": "n\n",
    "dir/c.txt": "3\n",
    "Büro/big.bin": Buffer.alloc(200_000, 7),
  });
  await chmod(join(at, "run.sh"), 0o755);
  await symlink("a.txt", join(at, "link"));
};

/** Something of every kind that a landing must not touch. */
const makeMess = async (root: string) => {
  await writeFiles(root, { "b.txt": "stashed\n" });
  userGit(root, "stash", "--quiet");
  await writeFiles(root, { "dir/staged.txt": "staged\n", "intended.txt": "x\n" });
  userGit(root, "add", "dir/staged.txt");
  userGit(root, "add", "--intent-to-add", "intended.txt");
  userGit(root, "rm", "--quiet", "--cached", "dir/removed.txt");
  await writeFiles(root, { "b.txt": "dirty\n", "dir/own.txt": "untracked\n", "y.log": "ignored\n" });
};

/** What of the user's must be as it was: changes, staged or not, stash and the files themselves. */
const mess = async (root: string) => ({
  status: userGit(root, "--no-optional-locks", "status", "--porcelain", "--ignored", "--untracked-files=all"),
  staged: userGit(root, "diff", "--cached"),
  dirty: userGit(root, "diff"),
  stash: userGit(root, "stash", "list", "--patch"),
  files: await Promise.all(
    ["b.txt", "dir/staged.txt", "dir/own.txt", "y.log", "intended.txt", "dir/removed.txt"].map(
      async (path) => [
        path,
        (await stat(join(root, path))).mtimeMs,
        await readFile(join(root, path), "utf8"),
      ],
    ),
  ),
});

const main = { kind: "branch", ref: "refs/heads/main" } as const;

const intentOf = Effect.fnUntraced(function* (project: OpenProject, head: string) {
  const plan = yield* planLanding({ project, epicId: "e1", target: main, head });
  assert.strictEqual(plan.kind, "ready");
  return plan.kind === "ready" ? plan.intent : yield* Effect.die("not ready");
});

const assertLanded = async (root: string, head: string, paths: ReadonlyArray<string>) => {
  assert.strictEqual(userGit(root, "rev-parse", "main").trim(), head);
  assert.strictEqual(userGit(root, "status", "--porcelain", "--", ...paths), "");
  assert.strictEqual(userGit(root, "fsck", "--strict"), "");
  assert.isFalse(await isThere(join(root, ".git", "index.lock")));
  assert.isFalse(await isThere(join(root, ".git", "FETCH_HEAD")));
  assert.deepStrictEqual(
    (await readdir(join(root, ".git", "vibe")).catch(() => [])).filter((name) => name !== "project.json"),
    [],
  );
};

describe("executeLanding", () => {
  it.live(
    "fast-forwards beside dirty, staged and untracked files and a stash, whatever git is configured to do",
    () =>
      withProject(files, (setting) =>
        Effect.gen(function* () {
          const { root, project, base } = setting;
          const head = yield* makeWork(setting, "e1", edit);
          yield* Effect.promise(() => makeMess(root));
          userGit(root, "config", "merge.autoStash", "true");
          userGit(root, "config", "branch.main.mergeOptions", "--squash --no-ff");
          userGit(root, "config", "fetch.prune", "true");
          userGit(root, "config", "fetch.writeCommitGraph", "true");
          const hook = join(root, ".git", "hooks", "post-merge");
          yield* Effect.promise(() => writeFile(hook, "#!/bin/sh\ntouch hooked\n", { mode: 0o755 }));
          const before = yield* Effect.promise(() => mess(root));
          const intent = yield* intentOf(project, head);
          yield* executeLanding({ project, intent, words: toLand });
          assert.deepStrictEqual(yield* Effect.promise(() => mess(root)), before);
          yield* Effect.promise(() =>
            assertLanded(
              root,
              head,
              intent.paths.map(({ path }) => path),
            ),
          );
          assert.isFalse(yield* Effect.promise(() => isThere(join(root, "hooked"))));
          assert.isFalse(yield* Effect.promise(() => isThere(join(root, ".git/objects/info/commit-graphs"))));
          assert.strictEqual(userGit(root, "rev-parse", "ORIG_HEAD").trim(), base);
          assert.match(userGit(root, "reflog", "-1", "main"), /land e1/);
          assert.strictEqual(userGit(root, "rev-parse", "HEAD@{1}").trim(), base);
          // Again, as after a crash before the event: the same.
          yield* executeLanding({ project, intent, words: toLand });
          assert.deepStrictEqual(yield* recoverLanding({ project, intent, words: toLand }), {
            kind: "landed",
          });
          yield* unpin(root, "e1");
          assert.strictEqual(userGit(root, "for-each-ref", "refs/vibe", "refs/heads/swarm"), "");
          assert.isFalse(yield* Effect.promise(() => isThere(join(root, ".git", "refs", "vibe", "e1"))));
        }),
      ),
  );

  it.live("lands in a linked worktree and leaves the main one alone", () =>
    withProject(files, (setting) =>
      Effect.gen(function* () {
        const { root, folder, project } = setting;
        const head = yield* makeWork(setting, "e1", edit);
        const linked = join(folder, "zweiter ö");
        userGit(root, "checkout", "--quiet", "-b", "other");
        userGit(root, "worktree", "add", "--quiet", linked, "main");
        const mine = yield* Effect.promise(() => fingerprint(root, [".git"]));
        const intent = yield* intentOf(project, head);
        yield* executeLanding({ project, intent, words: toLand });
        assert.deepStrictEqual(yield* Effect.promise(() => fingerprint(root, [".git"])), mine);
        assert.strictEqual(userGit(linked, "rev-parse", "HEAD").trim(), head);
        assert.strictEqual(userGit(linked, "status", "--porcelain"), "");
        assert.strictEqual(userGit(root, "status", "--porcelain"), "");
      }),
    ),
  );

  it.live("moves a branch that is checked out nowhere by compare-and-set", () =>
    withProject(files, (setting) =>
      Effect.gen(function* () {
        const { root, project } = setting;
        const head = yield* makeWork(setting, "e1", edit);
        userGit(root, "checkout", "--quiet", "-b", "other");
        const intent = yield* intentOf(project, head);
        assert.strictEqual(intent.method, "update-ref");
        assert.deepStrictEqual(yield* recoverLanding({ project, intent, words: toLand }), {
          kind: "not-started",
        });
        const moved = commitAll(root, "Elsewhere");
        userGit(root, "branch", "--force", "main", moved);
        const refusal = yield* Effect.flip(executeLanding({ project, intent, words: toLand }));
        assert.strictEqual(refusal._tag, "LandingRefused");
        assert.strictEqual(userGit(root, "rev-parse", "main").trim(), moved);
        userGit(root, "branch", "--force", "main", intent.old!);
        yield* executeLanding({ project, intent, words: toLand });
        assert.strictEqual(userGit(root, "rev-parse", "main").trim(), head);
        assert.strictEqual(userGit(root, "status", "--porcelain"), "");
      }),
    ),
  );

  it.live("makes a branch where HEAD was detached, never over another of that name", () =>
    withProject(files, (setting) =>
      Effect.gen(function* () {
        const { root, project, base } = setting;
        const head = yield* makeWork(setting, "e1", edit);
        userGit(root, "checkout", "--quiet", "--detach");
        const plan = yield* planLanding({ project, epicId: "e1", target: { kind: "detached" }, head });
        if (plan.kind !== "ready") return assert.fail("not ready");
        userGit(root, "branch", "swarm/e1", base);
        const refusal = yield* Effect.flip(executeLanding({ project, intent: plan.intent, words: toLand }));
        assert.match(refusal.message, /refs\/heads\/swarm\/e1 is at .* can't be moved/);
        assert.strictEqual(userGit(root, "rev-parse", "swarm/e1").trim(), base);
        userGit(root, "branch", "--quiet", "-D", "swarm/e1");
        yield* executeLanding({ project, intent: plan.intent, words: toLand });
        assert.strictEqual(userGit(root, "rev-parse", "swarm/e1").trim(), head);
        assert.strictEqual(userGit(root, "rev-parse", "HEAD").trim(), base);
        assert.strictEqual(userGit(root, "status", "--porcelain"), "");
        // By then the user had gone on from it.
        userGit(root, "checkout", "--quiet", "swarm/e1");
        commitAll(root, "The user's next");
        assert.deepStrictEqual(yield* recoverLanding({ project, intent: plan.intent, words: toLand }), {
          kind: "landed",
        });
      }),
    ),
  );

  it.live(
    "is refused, with nothing changed, when a file or the branch came in between plan and landing",
    () =>
      withProject(files, (setting) =>
        Effect.gen(function* () {
          const { root, project } = setting;
          const head = yield* makeWork(setting, "e1", async (at) => {
            await writeFiles(at, { "a.txt": "1\n", "x.log": "theirs\n", "z.txt": "z\n" });
            userGit(at, "add", "--force", "x.log");
            await writeFile(join(at, ".gitignore"), "out\n");
          });
          const intent = yield* intentOf(project, head);
          assert.include(
            intent.paths.map(({ path }) => path),
            "x.log",
          );
          yield* Effect.promise(() => writeFiles(root, { "x.log": "the user's\n" }));
          const before = yield* Effect.promise(() => fingerprint(root, [".git"]));
          const ignored = yield* Effect.flip(executeLanding({ project, intent, words: toLand }));
          assert.strictEqual(ignored._tag, "LandingRefused");
          assert.deepStrictEqual(yield* Effect.promise(() => fingerprint(root, [".git"])), before);
          userGit(root, "checkout", "--quiet", "-b", "other");
          const switched = yield* Effect.flip(executeLanding({ project, intent, words: toLand }));
          assert.match(switched.message, /another branch or commit now/);
          assert.deepStrictEqual(yield* Effect.promise(() => fingerprint(root, [".git"])), before);
          userGit(root, "checkout", "--quiet", "main");
          yield* Effect.promise(() => writeFiles(root, { "x.log": "the user's\n", "a.txt": "dirty\n" }));
          const dirty = yield* Effect.flip(executeLanding({ project, intent, words: toLand }));
          assert.strictEqual(dirty._tag, "LandingRefused");
          assert.deepStrictEqual(yield* recoverLanding({ project, intent, words: toLand }), {
            kind: "not-started",
          });
        }),
      ),
  );
});
