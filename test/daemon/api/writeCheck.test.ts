import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { assert, describe, it } from "@effect/vitest";
import { Effect, Layer } from "effect";
import * as fc from "fast-check";
import type { Caller } from "../../../daemon/api/authenticate.ts";
import { writeCheck } from "../../../daemon/api/handlers/writeCheck.ts";
import { Agents } from "../../../daemon/coordination/agents/Agents.ts";
import { leaseSnapshots } from "../../../daemon/coordination/agents/leaseSnapshots.ts";
import { leavingAgents } from "../../../daemon/coordination/agents/leavingAgents.ts";
import { Reservations } from "../../../daemon/coordination/reservations/Reservations.ts";
import { projectRecord } from "../../../daemon/orchestration/swarm/UserRepository.ts";
import { DataFolder, makeDataFolder } from "../../../daemon/platform/DataFolder.ts";
import { EventStore } from "../../../daemon/primitives/EventStore.ts";
import { readLeaseSnapshot, stateBySnapshot } from "../../../shared/client/leaseSnapshot.ts";
import { isThere, makeRepository, userGit } from "../../support/gitFixture.ts";
import { tempFolder } from "../../support/tempFolder.ts";
import { until } from "../../support/until.ts";
import { temporaryStore } from "../coordination/storeLayer.ts";

const parts = Layer.unwrap(
  Effect.gen(function* () {
    const root = join(yield* tempFolder, "data");
    yield* makeDataFolder(root);
    return Layer.mergeAll(leavingAgents, leaseSnapshots).pipe(
      Layer.provideMerge(Layer.mergeAll(Agents.layer, Reservations.layer)),
      Layer.provideMerge(temporaryStore),
      Layer.provideMerge(DataFolder.layer(root)),
    );
  }),
);

const person: Caller = { kind: "person", actor: "person" };
const launcher: Caller = { kind: "launcher", actor: "launcher" };
const claude = { harness: "claude", session: "s-1" };

/** A repository, of ours when `managed`. Answers its root and the project's id. */
const repository = Effect.fnUntraced(function* (managed = true) {
  const root = join(yield* tempFolder, "repo");
  yield* Effect.promise(() => makeRepository(root, { "src/a.ts": "a\n", "b.ts": "b\n" }));
  const project = managed ? (yield* projectRecord(join(root, ".git"))).id : "";
  return { root, project };
});

const agentIn = Effect.fnUntraced(function* (project: string, name: string, session?: typeof claude) {
  const agents = yield* Agents;
  yield* agents.register({ project, actor: "person" }, { kind: "session", name, ...session });
  const caller: Caller = { kind: "agent", actor: `agent:${name}`, name, project };
  return caller;
});

const check = (context: Caller, project: string, path: string, more: Partial<typeof claude> = {}) =>
  writeCheck({ input: { project, path, ...more }, context });
const refusal = (context: Caller, project: string, path: string, more: Partial<typeof claude> = {}) =>
  Effect.flip(check(context, project, path, more));

/** What is shown of an end of a lease is off by the rounding of two clocks. */
const isAbout = (one: string | undefined, two: string | undefined) =>
  Math.abs(Date.parse(one ?? "") - Date.parse(two ?? "")) <= 5;

const eventsAfter = (seq: number) => Effect.flatMap(EventStore, (store) => store.readAll({ after: seq }));
const head = Effect.flatMap(EventStore, (store) => store.head);

const test = (
  name: string,
  body: Effect.Effect<void, unknown, Layer.Success<typeof parts> | import("effect").Scope.Scope>,
) => it.live(name, () => body.pipe(Effect.provide(parts)));

describe("a session in the shared tree", () => {
  test(
    "gets a free file reserved by the check itself, anew with each write, until it ends",
    Effect.gen(function* () {
      const { root, project } = yield* repository();
      const alice = yield* agentIn(project, "Alice");
      const bob = yield* agentIn(project, "Bob");
      const reservations = yield* Reservations;
      const before = Date.now();
      const verdict = yield* check(alice, root, "src/a.ts");
      assert.include(verdict, { allowed: true, message: "" });
      const until = Date.parse(verdict.reservedUntil ?? "");
      assert.isAtLeast(until, before + 600_000);
      assert.isAtMost(until, Date.now() + 600_000);
      const [lease] = reservations.list(project);
      assert.deepInclude(lease, { holder: "Alice", patterns: ["src/a.ts"], exclusive: true });
      // Written again, by its absolute path: the same lease, with a later end, and nothing in the log.
      const seq = yield* head;
      yield* Effect.sleep(2);
      const again = yield* check(alice, root, join(root, "src/a.ts"));
      assert.isAbove(Date.parse(again.reservedUntil ?? ""), until);
      const [kept, ...none] = reservations.list(project);
      assert.strictEqual(kept?.token, lease?.token);
      assert.deepStrictEqual(none, []);
      assert.isTrue(isAbout(kept?.expiresAt, again.reservedUntil));
      assert.strictEqual(yield* head, seq);
      // Another is denied, and told by whom.
      const denied = yield* check(bob, root, "src/a.ts");
      assert.isFalse(denied.allowed);
      assert.match(
        denied.message,
        /^src\/a\.ts is held by Alice, for 10 minutes more \(until .*\); you would be the first in the queue/,
      );
      assert.deepInclude(denied.conflicts[0], { requested: "src/a.ts", held: "src/a.ts", holder: "Alice" });
      assert.strictEqual(yield* head, seq);
      assert.isTrue(yield* (yield* Agents).end({ project, actor: "person" }, "Alice", "over"));
      assert.isTrue((yield* check(bob, root, "src/a.ts")).allowed);
    }),
  );

  test(
    "is never given a file together with another: of many at once one gets it",
    Effect.gen(function* () {
      const { root, project } = yield* repository();
      const all = yield* Effect.forEach(Array.from({ length: 12 }), (_, n) => agentIn(project, `A${n}`));
      const verdicts = yield* Effect.forEach(all, (one) => check(one, root, "new/file.ts"), {
        concurrency: "unbounded",
      });
      assert.strictEqual(verdicts.filter(({ allowed }) => allowed).length, 1);
      assert.strictEqual((yield* Reservations).list(project).length, 1);
    }),
  );

  test(
    "may write what it holds, and needs no other lease for it",
    Effect.gen(function* () {
      const { root, project } = yield* repository();
      const alice = yield* agentIn(project, "Alice");
      const reservations = yield* Reservations;
      yield* reservations.reserve({ project, actor: "person" }, { holder: "Alice", patterns: ["src/**"] });
      const verdict = yield* check(alice, root, "src/deep/x.ts");
      assert.deepStrictEqual(verdict, { allowed: true, message: "", conflicts: [] });
      assert.strictEqual(reservations.list(project).length, 1);
    }),
  );

  test(
    "is told its place in the queue, and does not get past those who wait",
    Effect.gen(function* () {
      const { root, project } = yield* repository();
      const reservations = yield* Reservations;
      const origin = { project, actor: "person" } as const;
      for (const name of ["Alice", "Bob", "Carol", "Dave"]) yield* agentIn(project, name);
      const caller = (name: string): Caller => ({ kind: "agent", actor: `agent:${name}`, name, project });
      yield* reservations.reserve(origin, { holder: "Alice", patterns: ["src/a.ts"] });
      yield* reservations.reserveOrWait(origin, { holder: "Bob", patterns: ["src/**"] }, 0);
      yield* reservations.reserveOrWait(origin, { holder: "Carol", patterns: ["src/a.ts"] }, 0);
      assert.include(
        (yield* check(caller("Dave"), root, "src/a.ts")).message,
        "; 2 requests are served before",
      );
      assert.include(
        (yield* check(caller("Carol"), root, "src/a.ts")).message,
        "; one request is served before",
      );
      // Nobody holds this one, and Bob came first.
      const free = yield* check(caller("Dave"), root, "src/free.ts");
      assert.isFalse(free.allowed);
      assert.match(free.message, /Bob|came first/);
    }),
  );

  test(
    "is asked for by the launcher, which has to name a session that is registered",
    Effect.gen(function* () {
      const { root, project } = yield* repository();
      yield* agentIn(project, "Alice", claude);
      const seq = yield* head;
      assert.isTrue((yield* check(launcher, root, "src/a.ts", claude)).allowed);
      const [granted] = yield* eventsAfter(seq);
      // The lease is the session's, and so is the act.
      assert.deepInclude(granted, { type: "lease_granted", actor: "agent:Alice" });
      assert.strictEqual((yield* refusal(launcher, root, "src/a.ts"))._tag, "InvalidInput");
      assert.strictEqual(
        (yield* refusal(launcher, root, "src/a.ts", { harness: "claude" }))._tag,
        "InvalidInput",
      );
      const unknown = yield* refusal(launcher, root, "src/a.ts", { ...claude, session: "s-2" });
      assert.strictEqual(unknown._tag, "NotFound");
      assert.include(unknown.message, "Register");
      // Ended: not registered any more.
      yield* (yield* Agents).end({ project, actor: "person" }, "Alice", "over");
      assert.strictEqual((yield* refusal(launcher, root, "src/a.ts", claude))._tag, "NotFound");
    }),
  );

  test(
    "asks for itself only",
    Effect.gen(function* () {
      const { root, project } = yield* repository();
      const alice = yield* agentIn(project, "Alice", claude);
      yield* agentIn(project, "Bob", { harness: "claude", session: "s-2" });
      assert.isTrue((yield* check(alice, root, "b.ts", claude)).allowed);
      for (const other of [{ harness: "claude", session: "s-2" }, { harness: "x" }, { session: "s-2" }]) {
        assert.strictEqual((yield* refusal(alice, root, "src/a.ts", other))._tag, "NotAllowed");
      }
      assert.strictEqual((yield* refusal(person, root, "src/a.ts", claude))._tag, "InvalidInput");
      assert.deepStrictEqual(
        (yield* Reservations).list(project).map(({ holder }) => holder),
        ["Alice"],
      );
      const gone: Caller = { kind: "agent", actor: "agent:Gone", name: "Gone", project };
      assert.strictEqual((yield* refusal(gone, root, "src/a.ts"))._tag, "NotFound");
    }),
  );

  test(
    "writes in no other project, and in no checkout of a worker",
    Effect.gen(function* () {
      const { root, project } = yield* repository();
      const other = yield* repository();
      const { root: data } = yield* DataFolder;
      const alice = yield* agentIn(project, "Alice", claude);
      const checkout = join(data, "projects", project, "work", "e", "e.1", "1", "src", "a.ts");
      for (const path of [join(other.root, "src/a.ts"), checkout, join(data, "store.db")]) {
        const verdict = yield* check(alice, root, path);
        assert.isFalse(verdict.allowed, path);
        assert.match(verdict.message, /does not lie in the tree of your project/);
      }
      assert.isFalse((yield* check(launcher, root, checkout, claude)).allowed);
      assert.isFalse((yield* check(launcher, root, checkout, { ...claude, session: "?" })).allowed);
      assert.strictEqual((yield* refusal(launcher, root, join(other.root, "b.ts"), claude))._tag, "NotFound");
      assert.deepStrictEqual((yield* Reservations).list(other.project), []);
    }),
  );
});

/** What three sessions and the person do at once. */
const move = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("write" as const), who: fc.nat(2), path: fc.nat(3) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("reserve" as const), who: fc.nat(2), path: fc.nat(3) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("release" as const), who: fc.nat(2), path: fc.nat(3) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("end" as const), who: fc.nat(2), path: fc.nat(3) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("takeover" as const), who: fc.nat(2), path: fc.nat(3) }),
  },
);
const paths = ["src/a.ts", "src/b.ts", "lib/[x].ts", "lib/{a,b}.ts"] as const;
const patterns = ["src/**", "src/b.ts", "lib/*", "**/*.ts"] as const;

describe("sessions and the person at once", () => {
  test(
    "never write the same file both, and an end frees everything",
    Effect.gen(function* () {
      const { root, project } = yield* repository();
      const agents = yield* Agents;
      const reservations = yield* Reservations;
      const origin = { project, actor: "person" } as const;
      const register = Effect.map(agents.register(origin, { kind: "session" }), ({ name }) => name);
      const names = yield* Effect.all([register, register, register]);
      const run = Effect.fnUntraced(function* (
        moves: ReadonlyArray<typeof move extends fc.Arbitrary<infer T> ? T : never>,
      ) {
        const now = [...names];
        yield* reservations.releaseAll(origin, "person", "anew");
        const written = yield* Effect.forEach(
          moves,
          Effect.fnUntraced(function* (one) {
            const name = now[one.who] as string;
            const path = paths[one.path] as string;
            const wanted = [patterns[one.path] as string];
            const caller: Caller = { kind: "agent", actor: `agent:${name}`, name, project };
            switch (one.do) {
              case "write": {
                const verdict = yield* Effect.option(check(caller, root, path));
                return verdict._tag === "Some" && verdict.value.allowed ? [[path, name] as const] : [];
              }
              case "reserve":
                yield* Effect.ignore(
                  reservations.reserve(origin, {
                    holder: name,
                    patterns: wanted,
                    isThere: () => agents.isLive(project, name),
                  }),
                );
                return [];
              case "release":
                yield* reservations.releaseAll(origin, name, "over");
                return [];
              case "takeover":
                yield* reservations.takeOver(origin, { holder: "person", patterns: wanted });
                return [];
              case "end":
                yield* agents.end(origin, name, "over");
                names[one.who] = yield* register;
                return [];
            }
          }),
          { concurrency: "unbounded" },
        );
        const moved = moves.some((one) => !["write", "reserve"].includes(one.do));
        const byPath = Map.groupBy(written.flat(), ([path]) => path);
        // While nobody lets go of anything, a file is written by one of them.
        if (!moved) {
          for (const [path, all] of byPath)
            assert.strictEqual(new Set(all.map(([, name]) => name)).size, 1, path);
        }
        for (const path of paths) {
          const holders = new Set(reservations.check(project, path).map(({ holder }) => holder));
          assert.isAtMost(holders.size, 1, path);
          for (const holder of holders)
            assert.isTrue(holder === "person" || agents.get(project, holder) !== undefined);
          // Who was allowed to write, and let go of nothing, holds it.
          const [[, last] = []] = moved ? [] : (byPath.get(path) ?? []);
          if (last !== undefined) assert.isTrue(holders.has(last));
        }
      });
      const context = yield* Effect.context<Layer.Success<typeof parts>>();
      yield* Effect.promise(() =>
        fc.assert(
          fc.asyncProperty(fc.array(move, { minLength: 2, maxLength: 10 }), (moves) =>
            Effect.runPromise(Effect.provide(run(moves), context)),
          ),
          { numRuns: process.env.OCVIBE_TEST_TIER === "full" ? 2000 : 60 },
        ),
      );
    }),
  );
});

describe("a worker", () => {
  test(
    "writes its files in its own checkout, and nothing else",
    Effect.gen(function* () {
      const { root, project } = yield* repository();
      const { root: data } = yield* DataFolder;
      const agents = yield* Agents;
      const reservations = yield* Reservations;
      const origin = { project, actor: "daemon" } as const;
      const folder = (attempt: number) =>
        join(data, "projects", project, "work", "e", "e.1", String(attempt));
      const work = { epic: "e", cell: "e.1" };
      const { name } = yield* agents.register(origin, { kind: "worker", ...work, attempt: 2 });
      const worker: Caller = { kind: "agent", actor: `agent:${name}`, name, project };
      yield* reservations.reserve(origin, { holder: "e.1", ...work, patterns: ["src/**"], ttlSeconds: null });
      yield* reservations.reserve(origin, { holder: "e.2", epic: "e", cell: "e.2", patterns: ["lib/**"] });
      const own = folder(2);
      // Its checkout, with no `.git` at all: an agent may have removed it.
      yield* Effect.promise(() => mkdir(join(own, "src"), { recursive: true }));
      const ask = (path: string, from = own) => check(worker, from, path);
      assert.deepStrictEqual(yield* ask("src/new.ts"), { allowed: true, message: "", conflicts: [] });
      assert.isTrue((yield* ask(join(own, "src", "a.ts"), root)).allowed);
      const free = yield* ask("b.ts");
      assert.isFalse(free.allowed);
      assert.match(free.message, /^b\.ts is not among the files of your task.*ask the person for the file/);
      const others = yield* ask("lib/x.ts");
      assert.isFalse(others.allowed);
      assert.match(others.message, /^lib\/x\.ts is held by e\.2/);
      for (const path of [
        join(root, "src", "a.ts"),
        join(folder(1), "src", "a.ts"),
        join(data, "projects", project, "work", "e", "e.2", "2", "src", "a.ts"),
        join(data, "projects", "other", "work", "e", "e.1", "2", "src", "a.ts"),
      ]) {
        const verdict = yield* ask(path);
        assert.isFalse(verdict.allowed, path);
        assert.include(verdict.message, `Write only below ${own}.`);
      }
      // A check of a worker's reserves nothing.
      assert.strictEqual(reservations.list(project).length, 2);
    }),
  );
});

describe("the person", () => {
  test(
    "is warned and never denied, and a write into another's file is recorded once",
    Effect.gen(function* () {
      const { root, project } = yield* repository();
      const reservations = yield* Reservations;
      const { root: data } = yield* DataFolder;
      yield* agentIn(project, "Alice");
      const origin = { project, actor: "daemon" } as const;
      const lease = yield* reservations.reserve(origin, { holder: "Alice", patterns: ["src/**"] });
      const seq = yield* head;
      for (let time = 0; time < 3; time++) {
        const verdict = yield* check(person, root, "src/a.ts");
        assert.isTrue(verdict.allowed);
        assert.match(verdict.message, /^src\/a\.ts is held by Alice, .*may collide/);
        assert.strictEqual(verdict.conflicts[0]?.holder, "Alice");
      }
      yield* check(person, root, "src/b.ts");
      assert.deepStrictEqual(
        (yield* eventsAfter(seq)).map(({ type, actor, data }) => ({ type, actor, data })),
        ["src/a.ts", "src/b.ts"].map((path) => ({
          type: "reserved_file_written",
          actor: "person",
          data: { path, by: "person", holder: "Alice", lease: lease.lease },
        })),
      );
      assert.deepStrictEqual(yield* check(person, root, "b.ts"), {
        allowed: true,
        message: "",
        conflicts: [],
      });
      const inside = join(data, "projects", project, "work", "e", "e.1", "1", "x");
      assert.isTrue((yield* check(person, root, inside)).allowed);
      // What it reserved for itself is its own; nothing was reserved for it unasked.
      yield* reservations.reserve(origin, { holder: "person", patterns: ["own.ts"] });
      assert.strictEqual((yield* check(person, root, "own.ts")).message, "");
      assert.strictEqual(reservations.list(project).length, 2);
    }),
  );
});

describe("where a file lies", () => {
  test(
    "a repository that is not ours is left alone: allowed, and nothing is written into it",
    Effect.gen(function* () {
      const { root } = yield* repository(false);
      const plain = yield* tempFolder;
      const seq = yield* head;
      for (const [from, path] of [
        [root, "src/a.ts"],
        [root, join(root, "new", "x")],
        [plain, "file.txt"],
        [join(plain, "not", "there"), "file.txt"],
      ] as const) {
        for (const caller of [person, launcher]) {
          const verdict = yield* check(caller, from, path, caller === launcher ? claude : {});
          assert.deepStrictEqual(verdict, { allowed: true, message: "", conflicts: [] });
        }
      }
      assert.isFalse(yield* Effect.promise(() => isThere(join(root, ".git", "vibe"))));
      assert.strictEqual(yield* head, seq);
    }),
  );

  test(
    "a nested repository of somebody else's is not ours, and a linked worktree of ours is",
    Effect.gen(function* () {
      const { root, project } = yield* repository();
      const alice = yield* agentIn(project, "Alice");
      yield* Effect.promise(() => makeRepository(join(root, "vendor", "lib"), { x: "x\n" }));
      assert.isUndefined((yield* check(alice, root, "vendor/lib/x")).reservedUntil);
      const tree = join(yield* tempFolder, "tree");
      userGit(root, "worktree", "add", "--quiet", tree, "-b", "other");
      assert.isString((yield* check(alice, tree, "src/a.ts")).reservedUntil);
      assert.isString((yield* check(alice, join(tree, "src"), "b.ts")).reservedUntil);
      assert.deepStrictEqual(
        (yield* Reservations).list(project).flatMap(({ patterns }) => patterns),
        ["src/a.ts", "b.ts"],
      );
    }),
  );

  test(
    "a path that leaves the project is refused with the path named",
    Effect.gen(function* () {
      const { root, project } = yield* repository();
      const outside = yield* tempFolder;
      const alice = yield* agentIn(project, "Alice");
      yield* Effect.promise(async () => {
        await writeFile(join(outside, "secret"), "s");
        await symlink(outside, join(root, "out"));
        await symlink(join(outside, "secret"), join(root, "src", "link.ts"));
        await symlink(join(outside, "not-there"), join(root, "src", "dangling"));
        await symlink("a.ts", join(root, "src", "alias.ts"));
        await symlink("loop", join(root, "loop"));
      });
      for (const path of [
        "",
        ".",
        "..",
        "../x",
        "src/../../x",
        "src/../a.ts",
        `${root}/../x`,
        "a\u0000b",
        "a\nb",
        "x".repeat(5000),
        root,
        "out/x",
        "out/deep/x",
        join(root, "out", "x"),
        "src/link.ts",
        "src/dangling",
        "loop",
      ]) {
        const error = yield* refusal(alice, root, path);
        assert.strictEqual(error._tag, "InvalidInput", JSON.stringify(path));
        assert.include(error.message, JSON.stringify(path), path);
      }
      assert.include((yield* refusal(alice, root, "out/x")).message, outside);
      // Relative to the daemon's own folder it would mean nothing.
      for (const from of ["", ".", "repo"]) {
        assert.strictEqual((yield* refusal(alice, from, "src/a.ts"))._tag, "InvalidInput");
      }
      assert.deepStrictEqual((yield* Reservations).list(project), []);
      // A link within the project is the file that it leads to.
      yield* check(alice, root, "src/alias.ts");
      assert.deepStrictEqual((yield* Reservations).list(project)[0]?.patterns, ["src/a.ts"]);
    }),
  );

  test(
    "a name with characters that mean something in patterns is that name",
    Effect.gen(function* () {
      const { root, project } = yield* repository();
      const alice = yield* agentIn(project, "Alice");
      const bob = yield* agentIn(project, "Bob");
      for (const path of ["app/[slug]/{a,b}*.tsx", "q?.ts", "a\\b", "+!@().ts"]) {
        assert.isString((yield* check(alice, root, path)).reservedUntil, path);
        assert.isFalse((yield* check(bob, root, path)).allowed, path);
      }
      assert.isTrue((yield* check(bob, root, "app/[slug]/a1.tsx")).allowed);
      assert.isTrue((yield* check(bob, root, "qx.ts")).allowed);
    }),
  );
});

describe("the snapshot for those who don't reach the daemon", () => {
  test(
    "follows grants, renewals, ends and sessions, and names no token",
    Effect.gen(function* () {
      const { root, project } = yield* repository();
      const { root: data } = yield* DataFolder;
      const agents = yield* Agents;
      const { name, token } = yield* agents.register(
        { project, actor: "person" },
        { kind: "session", ...claude },
      );
      const alice: Caller = { kind: "agent", actor: `agent:${name}`, name, project };
      const read = () => readLeaseSnapshot(data, project);
      const state = async (path: string, session = "s-1") => {
        const taken = await read();
        return taken && stateBySnapshot(taken, { ...claude, session, path, now: Date.now() }).file;
      };
      const first = yield* check(alice, root, "src/a.ts");
      yield* Effect.promise(() => until(async () => (await state("src/a.ts")) === "mine"));
      assert.strictEqual(yield* Effect.promise(() => state("src/a.ts", "s-2")), "other");
      assert.strictEqual(yield* Effect.promise(() => state("b.ts")), "free");
      yield* Effect.sleep(20);
      const second = yield* check(alice, root, "src/a.ts");
      assert.isFalse(isAbout(first.reservedUntil, second.reservedUntil));
      yield* Effect.promise(() =>
        until(async () => isAbout((await read())?.leases[0]?.expiresAt, second.reservedUntil)),
      );
      const text = yield* Effect.promise(() =>
        readFile(join(data, "projects", project, "leases.json"), "utf8"),
      );
      assert.notInclude(text, token);
      yield* agents.endSession({ project, actor: "launcher" }, claude, "over");
      yield* Effect.promise(() =>
        until(async () => (await state("src/a.ts")) === "free" && (await read())?.sessions.length === 0),
      );
    }),
  );
});
