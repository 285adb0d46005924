import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, lstat, mkdir, readFile, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { assert, describe, it } from "@effect/vitest";
import { Effect, Fiber } from "effect";
import fc from "fast-check";
import { toLand } from "../../../../daemon/orchestration/swarm/branchAct.ts";
import { executeLanding, recoverLanding } from "../../../../daemon/orchestration/swarm/executeLanding.ts";
import type { OpenProject } from "../../../../daemon/orchestration/swarm/Projects.ts";
import { planLanding } from "../../../../daemon/orchestration/swarm/planLanding.ts";
import { Git } from "../../../../daemon/platform/Git.ts";
import type { BranchMove } from "../../../../shared/contract/events.ts";
import {
  fingerprint,
  isThere,
  makeWork,
  userGit,
  withProject,
  writeFiles,
} from "../../../support/gitFixture.ts";

const isFull = process.env.OCVIBE_TEST_TIER === "full";
const main = { kind: "branch", ref: "refs/heads/main" } as const;

const intentOf = Effect.fnUntraced(function* (project: OpenProject, head: string) {
  const plan = yield* planLanding({ project, epicId: "e1", target: main, head });
  return plan.kind === "ready" ? plan.intent : yield* Effect.die("not ready");
});

const recordFile = (root: string) => join(root, ".git", "vibe", "landing-e1.json");
const lockFile = (root: string) => join(root, ".git", "index.lock");

const assertWhole = async (root: string, intent: BranchMove) => {
  assert.strictEqual(userGit(root, "rev-parse", "main").trim(), intent.new);
  assert.strictEqual(userGit(root, "symbolic-ref", "HEAD").trim(), "refs/heads/main");
  assert.strictEqual(userGit(root, "status", "--porcelain", "--untracked-files=no", "--", ":!user"), "");
  assert.strictEqual(userGit(root, "fsck", "--strict"), "");
  assert.isFalse(await isThere(lockFile(root)));
  assert.isFalse(await isThere(recordFile(root)));
};

/** The user's own changes, in files the epic does not touch. */
const own = {
  "user/staged.txt": "a\n",
  "user/dirty.txt": "b\n",
  "user/removed.txt": "c\n",
};
const makeMess = async (root: string) => {
  await writeFiles(root, { "user/dirty.txt": "stash\n" });
  userGit(root, "stash", "--quiet");
  await writeFiles(root, { "user/staged.txt": "staged\n" });
  userGit(root, "add", "user/staged.txt");
  userGit(root, "rm", "--quiet", "user/removed.txt");
  await writeFiles(root, { "user/dirty.txt": "dirty\n", "user/untracked.txt": "untracked\n" });
};
const mess = async (root: string) => ({
  status: userGit(root, "--no-optional-locks", "status", "--porcelain", "--", "user"),
  staged: userGit(root, "diff", "--cached", "--", "user"),
  stash: userGit(root, "stash", "list", "--patch"),
  files: await fingerprint(join(root, "user")),
});

describe("recoverLanding", () => {
  // Files in the order in which git writes them; a kill when one of them appears is a kill in mid-update.
  const count = 2000;
  const name = (index: number) => `many/${String(index).padStart(4, "0")}.txt`;
  const many = (text: string) =>
    Object.fromEntries(
      Array.from({ length: count }, (_, index) => [name(index), `${text} ${index}\n`.repeat(20)]),
    );

  it.live(
    "completes a fast-forward whose git was killed at random moments",
    () =>
      withProject({ ...many("old"), ...own }, (setting) =>
        Effect.gen(function* () {
          const { root, project, base } = setting;
          const seed = Number(process.env.OCVIBE_TEST_SEED ?? Date.now() % 100_000);
          const head = yield* makeWork(setting, "e1", async (at) => {
            await writeFiles(at, many("new"));
            for (let index = 0; index < count; index += 10) await rm(join(at, name(index)));
            for (let index = 0; index < count; index += 10)
              await writeFiles(at, { [`${name(index)}/inner.txt`]: "n\n" });
          });
          yield* Effect.promise(() => makeMess(root));
          const before = yield* Effect.promise(() => mess(root));
          const kills = isFull ? 20 : 4;
          const seen = { ended: 0, halfDone: 0, untouched: 0 };
          for (let round = 0; round < kills; round++) {
            const intent = yield* intentOf(project, head);
            const landing = yield* Effect.forkChild(
              Effect.exit(executeLanding({ project, intent, words: toLand })),
            );
            const at = ((seed + round * 7919) % (count / 10)) * 10;
            // The first round kills as soon as there is a process, the others when a certain file was reached.
            const isReached = () => round === 0 || existsSync(join(root, name(at), "inner.txt"));
            yield* Effect.promise(() => killWhen(root, isReached));
            yield* Fiber.join(landing);
            const tip = userGit(root, "rev-parse", "main").trim();
            const isBegun =
              userGit(root, "--no-optional-locks", "diff", "--name-only", base, "--", "many") !== "";
            seen[tip === head ? "ended" : isBegun ? "halfDone" : "untouched"]++;
            const recovery = yield* recoverLanding({ project, intent, words: toLand });
            assert.strictEqual(
              recovery.kind,
              tip === head || isBegun ? "landed" : "not-started",
              JSON.stringify(recovery),
            );
            if (recovery.kind === "not-started") yield* executeLanding({ project, intent, words: toLand });
            yield* Effect.promise(() => assertWhole(root, intent));
            assert.deepStrictEqual(yield* Effect.promise(() => mess(root)), before);
            userGit(root, "read-tree", "-u", "--reset", head, base);
            userGit(root, "update-ref", "refs/heads/main", base);
          }
          console.log(`landing killed with seed ${seed}: ${JSON.stringify(seen)}`);
          assert.isAtLeast(seen.halfDone, 1);
        }),
      ),
    300_000,
  );

  it.live("waits for a git that outlived its daemon, which runs to completion", () =>
    withProject({ ...many("old"), ...own }, (setting) =>
      Effect.gen(function* () {
        const { root, project, folder } = setting;
        // A filter of the user's own holds git in the middle until the gate is opened.
        const gate = join(folder, "gate");
        const filter = join(folder, "filter");
        yield* Effect.promise(async () => {
          await writeFile(
            filter,
            `#!/bin/sh\ntouch "${gate}.reached"\nwhile [ ! -e "${gate}" ]; do sleep 0.02; done\ncat\n`,
          );
          await chmod(filter, 0o755);
          await writeFiles(root, { ".git/info/attributes": `${name(1000)} filter=gate\n` });
        });
        userGit(root, "config", "filter.gate.smudge", `"${filter}"`);
        const head = yield* makeWork(setting, "e1", (at) => writeFiles(at, many("new")));
        yield* Effect.promise(() => makeMess(root));
        const before = yield* Effect.promise(() => mess(root));
        const intent = yield* intentOf(project, head);
        const script = join(import.meta.dirname, "..", "..", "..", "support", "landInProcess.ts");
        const intentFile = join(folder, "intent.json");
        yield* Effect.promise(() => writeFile(intentFile, JSON.stringify(intent)));
        const daemon = spawn(process.execPath, [script, root, project.workshop.folder, intentFile], {
          detached: true,
          stdio: ["ignore", "inherit", "inherit"],
        });
        yield* Effect.promise(() => until(() => existsSync(`${gate}.reached`)));
        // With its whole group, as a terminal or a service manager would.
        process.kill(-daemon.pid!, "SIGKILL");
        yield* Effect.promise(() => once(daemon, "exit"));
        assert.isTrue(existsSync(lockFile(root)));
        const recovery = yield* Effect.forkChild(recoverLanding({ project, intent, words: toLand }));
        yield* Effect.sleep("300 millis");
        assert.isUndefined(recovery.pollUnsafe());
        yield* Effect.promise(() => writeFile(gate, ""));
        assert.deepStrictEqual(yield* Fiber.join(recovery), { kind: "landed" });
        yield* Effect.promise(() => assertWhole(root, intent));
        assert.deepStrictEqual(yield* Effect.promise(() => mess(root)), before);
      }),
    ),
  );

  const small = {
    "a.txt": "a long enough first line\nand a second\n",
    "dir/b.txt": "b\n",
    "dir/gone.txt": "gone\n",
    "run.sh": "#!/bin/sh\n",
    "swap/inner.txt": "inner\n",
    "to-folder": "a file\n",
    ...own,
  };
  const edit = async (at: string) => {
    await writeFiles(at, {
      "a.txt": "a long enough new line\nand a new second\n",
      "dir/b.txt": "B\n",
      "new/n.txt": "new\nlines\n",
    });
    await rm(join(at, "dir/gone.txt"));
    await chmod(join(at, "run.sh"), 0o755);
    await rm(join(at, "swap"), { recursive: true });
    await rm(join(at, "to-folder"));
    await writeFiles(at, { swap: "now a file\n", "to-folder/x.txt": "x\n" });
    await symlink("a.txt", join(at, "link"));
  };

  for (const crlf of [false, true]) {
    it.live(
      `completes from every mixture of old, new, absent and half-written files${crlf ? ", CRLF" : ""}`,
      () =>
        withProject({ ...small, ...(crlf ? { ".gitattributes": "*.txt text eol=crlf\n" } : {}) }, (setting) =>
          Effect.gen(function* () {
            const { root, project, base } = setting;
            const head = yield* makeWork(setting, "e1", edit);
            yield* Effect.promise(() => makeMess(root));
            const before = yield* Effect.promise(() => mess(root));
            const intent = yield* intentOf(project, head);
            const context = yield* Effect.context<never>();
            const run = Effect.runPromiseWith(context);
            const cut = fc.constantFrom("old", "new", "absent", "begun", "empty");
            yield* Effect.promise(() =>
              fc.assert(
                fc.asyncProperty(
                  fc.array(cut, { minLength: intent.paths.length, maxLength: intent.paths.length }),
                  async (cuts) => {
                    await cutShort(root, intent, cuts, crlf);
                    const recovery = await run(
                      recoverLanding({ project, intent, words: toLand }).pipe(Effect.provide(Git.layer)),
                    );
                    if (recovery.kind === "not-started") {
                      await run(
                        executeLanding({ project, intent, words: toLand }).pipe(Effect.provide(Git.layer)),
                      );
                    }
                    assert.notStrictEqual(recovery.kind, "ask", JSON.stringify({ recovery, cuts }));
                    await assertWhole(root, intent);
                    assert.deepStrictEqual(await mess(root), before);
                    userGit(root, "read-tree", "-u", "--reset", head, base);
                    userGit(root, "update-ref", "refs/heads/main", base);
                  },
                ),
                { numRuns: isFull ? 60 : 8 },
              ),
            );
          }),
        ),
    );
  }

  it.live("asks, and touches no file, when something else is in a path", () =>
    withProject(small, (setting) =>
      Effect.gen(function* () {
        const { root, project } = setting;
        const head = yield* makeWork(setting, "e1", edit);
        const intent = yield* intentOf(project, head);
        const all = (state: string) => intent.paths.map(() => state);
        const strange: ReadonlyArray<readonly [string, () => Promise<void>]> = [
          ["a.txt", () => writeFiles(root, { "a.txt": "the user's\n" })],
          [
            "a.txt",
            () => writeFiles(root, { "a.txt": "a long enough new line\nand a new second\nand more\n" }),
          ],
          ["run.sh", () => writeFiles(root, { "run.sh": "#!/bin/other\n" })],
          ["new/n.txt", () => writeFiles(root, { "new/n.txt/deeper.txt": "the user's\n" })],
          ["swap", () => writeFiles(root, { "swap/mine.txt": "the user's\n" })],
          ["new/n.txt", () => writeFiles(root, { new: "the user's\n" })],
        ];
        for (const [path, change] of strange) {
          userGit(root, "reset", "--quiet", "--hard");
          userGit(root, "clean", "--quiet", "-fdx");
          yield* Effect.promise(async () => {
            await cutShort(root, intent, all("old"), false);
            await writeFiles(root, { "dir/b.txt": "B\n" });
            await change();
          });
          const before = yield* Effect.promise(() => fingerprint(root, [".git"]));
          const recovery = yield* recoverLanding({ project, intent, words: toLand });
          assert.strictEqual(recovery.kind, "ask", path);
          assert.deepStrictEqual(recovery.kind === "ask" && recovery.paths, [path]);
          assert.deepStrictEqual(yield* Effect.promise(() => fingerprint(root, [".git"])), before);
          assert.strictEqual(userGit(root, "rev-parse", "main").trim(), intent.old);
          // Our own lock is gone, so that the user can put things in order.
          assert.isFalse(existsSync(lockFile(root)));
        }
      }),
    ),
  );

  it.live("asks when the user staged something in a path, or went to another branch", () =>
    withProject(small, (setting) =>
      Effect.gen(function* () {
        const { root, project } = setting;
        const head = yield* makeWork(setting, "e1", edit);
        const intent = yield* intentOf(project, head);
        yield* Effect.promise(async () => {
          await writeFiles(root, { "a.txt": "staged by the user\n" });
          userGit(root, "add", "a.txt");
          await cutShort(
            root,
            intent,
            intent.paths.map(() => "new"),
            false,
          );
          await rm(lockFile(root));
        });
        const staged = yield* recoverLanding({ project, intent, words: toLand });
        assert.deepStrictEqual(staged.kind === "ask" && staged.paths, ["a.txt"]);
        userGit(root, "reset", "--quiet", "--hard");
        userGit(root, "checkout", "--quiet", "-b", "other");
        assert.strictEqual((yield* recoverLanding({ project, intent, words: toLand })).kind, "ask");
        assert.strictEqual(userGit(root, "status", "--porcelain", "--untracked-files=no"), "");
      }),
    ),
  );

  it.live("leaves a lock that is not ours, and says so", () =>
    withProject(small, (setting) =>
      Effect.gen(function* () {
        const { root, project } = setting;
        const head = yield* makeWork(setting, "e1", edit);
        const intent = yield* intentOf(project, head);
        const none = intent.paths.map(() => "old");
        // Somebody's whole index, while no file has changed: `git commit -a` waits for its editor like this.
        yield* Effect.promise(async () => {
          await cutShort(root, intent, none, false);
          await writeFile(lockFile(root), await readFile(join(root, ".git", "index")));
        });
        const held = yield* recoverLanding({ project, intent, words: toLand });
        assert.match(held.kind === "ask" ? held.message : "", /Another git has .*index\.lock/);
        assert.isTrue(existsSync(lockFile(root)));
        // Older than our git.
        yield* Effect.promise(async () => {
          await writeFile(lockFile(root), "");
          await utimes(lockFile(root), 1, 1);
        });
        assert.strictEqual((yield* recoverLanding({ project, intent, words: toLand })).kind, "ask");
        assert.isTrue(existsSync(lockFile(root)));
        // Empty, young, and nobody has it open: ours, taken before the first file.
        yield* Effect.promise(async () => {
          await rm(lockFile(root));
          await writeFile(lockFile(root), "");
        });
        assert.deepStrictEqual(yield* recoverLanding({ project, intent, words: toLand }), {
          kind: "not-started",
        });
        assert.isFalse(existsSync(lockFile(root)));
      }),
    ),
  );

  it.live("knows a landing that was never begun, and one that the user has gone on from", () =>
    withProject(small, (setting) =>
      Effect.gen(function* () {
        const { root, project } = setting;
        const head = yield* makeWork(setting, "e1", edit);
        const intent = yield* intentOf(project, head);
        assert.deepStrictEqual(yield* recoverLanding({ project, intent, words: toLand }), {
          kind: "not-started",
        });
        yield* executeLanding({ project, intent, words: toLand });
        userGit(root, "commit", "--quiet", "--allow-empty", "-m", "The user's next");
        assert.deepStrictEqual(yield* recoverLanding({ project, intent, words: toLand }), { kind: "landed" });
      }),
    ),
  );
});

const until = async (holds: () => boolean) => {
  while (!holds()) await sleep(1);
};

/** Kills the landing's git, by the pid in its record, once `isReached`; returns when it has ended before that. */
const killWhen = async (root: string, isReached: () => boolean) => {
  await until(() => existsSync(recordFile(root)));
  for (;;) {
    const text = await readFile(recordFile(root), "utf8").catch(() => undefined);
    if (text === undefined) return;
    const { pid } = JSON.parse(text) as { pid?: number };
    if (pid !== undefined && isReached()) {
      try {
        process.kill(pid, "SIGKILL");
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code !== "ESRCH") throw cause;
      }
      return;
    }
    await new Promise(setImmediate);
  }
};

/** Puts a checkout into a state that a killed git can leave: a record, a lock, and each path cut as told. */
const cutShort = async (root: string, intent: BranchMove, cuts: ReadonlyArray<string>, crlf: boolean) => {
  await mkdir(dirname(recordFile(root)), { recursive: true });
  await writeFile(recordFile(root), JSON.stringify({ marker: "landing.e1.test", since: Date.now() - 1000 }));
  userGit(
    root,
    "fetch",
    "--quiet",
    "--no-write-fetch-head",
    join(root, "..", "data ß", "workshop.git"),
    "+refs/heads/swarm/e1:refs/vibe/e1/head",
  );
  // Git removes first, then writes.
  const apply = async (isRemoval: boolean) => {
    for (const [index, { path, new: side }] of intent.paths.entries()) {
      const cut = cuts[index] ?? "old";
      if (cut === "old" || (side === null) !== isRemoval) continue;
      const file = join(root, path);
      await rm(file, {
        recursive: side === null ? false : await isEmptied(intent, cuts, path),
        force: true,
      }).catch(() => undefined);
      if (side === null || cut === "absent" || existsSync(file)) continue;
      if (!(await canHold(root, path))) continue;
      const text = userGit(root, "cat-file", "blob", side.oid);
      await mkdir(dirname(file), { recursive: true });
      if (side.mode === "120000") await symlink(text, file);
      else {
        const whole = crlf && path.endsWith(".txt") ? text.replaceAll("\n", "\r\n") : text;
        const written =
          cut === "new" ? whole : cut === "empty" ? "" : whole.slice(0, Math.ceil(whole.length / 2));
        await writeFile(file, written, { mode: side.mode === "100755" ? 0o755 : 0o644 });
      }
    }
  };
  await apply(true);
  await apply(false);
  await writeFile(lockFile(root), "");
};

/** Whether all old files below a path were removed, so that a file may take the folder's place. */
const isEmptied = async (intent: BranchMove, cuts: ReadonlyArray<string>, path: string) =>
  intent.paths.every(
    (other, index) =>
      !other.path.startsWith(`${path}/`) || (other.new === null && (cuts[index] ?? "old") !== "old"),
  );

/** Whether no file stands where a folder would have to be. */
const canHold = async (root: string, path: string) => {
  for (let end = path.indexOf("/"); end !== -1; end = path.indexOf("/", end + 1)) {
    const info = await lstat(join(root, path.slice(0, end))).catch(() => undefined);
    if (info !== undefined && !info.isDirectory()) return false;
  }
  return true;
};
