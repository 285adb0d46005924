/** Whatever event is redacted: every service still starts and answers, and every projection is its replay. */
import { cp } from "node:fs/promises";
import { assert, describe, it } from "@effect/vitest";
import { Effect, Layer, Logger } from "effect";
import { Agents } from "../../../../daemon/coordination/agents/Agents.ts";
import { Hive } from "../../../../daemon/coordination/hive/Hive.ts";
import { Reservations } from "../../../../daemon/coordination/reservations/Reservations.ts";
import { followSwarm } from "../../../../daemon/orchestration/swarm/SwarmLog.ts";
import { Cursor } from "../../../../daemon/primitives/Cursor.ts";
import { Deferred } from "../../../../daemon/primitives/Deferred.ts";
import { EventStore, type NewEvent, type Origin } from "../../../../daemon/primitives/EventStore.ts";
import { Lock } from "../../../../daemon/primitives/Lock.ts";
import { Mailbox } from "../../../../daemon/primitives/Mailbox.ts";
import { projections, stateTables } from "../../../../daemon/tables.ts";
import { collectStore } from "../../../support/collectStore.ts";
import { tempFolder } from "../../../support/tempFolder.ts";
import { storeIn } from "../../coordination/storeLayer.ts";

const full = process.env.OCVIBE_TEST_TIER === "full";
const project = "p";
const origin: Origin = { project, actor: "daemon" };
const oid = "a".repeat(40);
const later = new Date(Date.now() + 3_600_000).toISOString();

const one = <T extends NewEvent["type"]>(
  stream: string,
  type: T,
  data: Extract<NewEvent, { type: T }>["data"],
) => ({ stream, type, data }) as NewEvent;
const stamped = (id: string, fields: Record<string, string>, tick: number) => ({
  id,
  fields,
  stamps: Object.fromEntries(Object.keys(fields).map((name) => [name, `00000000000${tick}-0000-clone`])),
});
const sent = (id: string, thread: string, to: ReadonlyArray<string>) =>
  one(`mail/${thread}`, "mail_sent", {
    id,
    from: "ada",
    to,
    subject: "s",
    body: "b",
    thread,
    importance: "normal",
  });
const granted = (lease: string, patterns: ReadonlyArray<string>) =>
  one("lease", "lease_granted", { lease, holder: "ada", patterns, exclusive: true, expiresAt: later });

/** Something of everything, some of it over and some of it live. */
const history: ReadonlyArray<NewEvent> = [
  one("project", "project_opened", { commonDir: "/x/repo/.git", rootCommits: [oid] }),
  one("project", "checks_approved", { checks: [] }),
  one("agent/ada", "agent_registered", { name: "ada", tokenHash: "11", kind: "session" }),
  one("agent/ada", "agent_rejoined", { name: "ada", tokenHash: "22" }),
  one("agent/bob", "agent_registered", { name: "bob", tokenHash: "33", kind: "session" }),
  one("agent/bob", "agent_ended", { name: "bob", reason: "done" }),
  one("cell/r-1", "cell_created", stamped("r-1", { title: "Epic", status: "open" }, 1)),
  one("cell/r-1.1", "cell_created", stamped("r-1.1", { title: "A", status: "open", parent_id: "r-1" }, 2)),
  one("cell/r-2", "cell_created", stamped("r-2", { title: "B", status: "open" }, 3)),
  one("cell/r-2", "cell_dependency_added", {
    id: "r-2",
    depends_on_id: "r-1.1",
    dependency: "blocks",
    stamp: "000000000004-0000-clone",
  }),
  one("cell/r-1.1", "cell_updated", stamped("r-1.1", { status: "closed" }, 5)),
  one("cell/r-2", "cell_updated", stamped("r-2", { assignee: "ada" }, 6)),
  granted("l1", ["src/**"]),
  one("lease", "lease_released", { lease: "l1", reason: "some of it", kept: ["src/a.ts"] }),
  granted("l2", ["docs/**"]),
  one("lease", "lease_passed", { lease: "l2", toEpic: "r-1" }),
  granted("l3", ["x"]),
  one("lease", "lease_expired", { lease: "l3" }),
  one("lock/k", "lock_acquired", { name: "k", holder: "ada", expiresAt: later }),
  one("lock/m", "lock_acquired", { name: "m", holder: "ada", expiresAt: later }),
  one("lock/m", "lock_released", { name: "m", token: 20 }),
  sent("m1", "t1", ["bob", "ada"]),
  one("mail/t1", "mail_acked", { id: "m1", recipient: "bob" }),
  sent("m2", "t2", ["ada"]),
  one("mail/t2", "mail_dead", { id: "m2", recipient: "ada", deliveries: 3, error: "e" }),
  sent("m3", "t2", ["ada"]),
  one("mail/t2", "mail_revived", { id: "m2", recipient: "ada", sent: 24, importance: "normal" }),
  one("deferred/d1", "deferred_created", { id: "d1", expiresAt: later }),
  one("deferred/d1", "deferred_resolved", { id: "d1", value: 1 }),
  one("deferred/d2", "deferred_created", { id: "d2", expiresAt: later }),
  one("swarm/r-1", "epic_created", {
    epic: "r-1",
    plan: { epic: { title: "Epic" }, subtasks: [] },
    cells: [{ id: "r-1.1", title: "A", files: ["a"], dependencies: [], agent: "command:x" }],
    root: "/x/repo",
    base: oid,
    target: { kind: "detached" },
    checks: [],
    maxWorkers: 1,
  }),
  one("swarm/r-1", "spawn_intended", {
    epic: "r-1",
    cell: "r-1.1",
    attempt: 1,
    agent: "ada",
    spec: "command:x",
    base: oid,
    folder: "f",
    marker: "m",
  }),
  one("swarm/r-1", "subtask_spawned", { cell: "r-1.1", attempt: 1, agent: "ada", pid: 1 }),
  one("swarm/r-1", "subtask_merged", { cell: "r-1.1", attempt: 1, commit: oid, head: oid }),
  one("swarm/r-1", "epic_ready", { epic: "r-1", head: oid, results: [] }),
  one("swarm/r-1", "landed", { epic: "r-1", ref: "refs/heads/main", commit: oid }),
];

const everything = (folder: string) =>
  Layer.mergeAll(
    Agents.layer,
    Reservations.layer,
    Lock.layer,
    Cursor.layer,
    Mailbox.layer.pipe(Layer.provideMerge(Deferred.layer)),
    Hive.layer({ cloneId: "clone" }),
  ).pipe(Layer.provideMerge(storeIn(folder)), Layer.provideMerge(Logger.layer([])));

/** Asks every service something that goes through what it holds. */
const useAll = Effect.gen(function* () {
  const store = yield* EventStore;
  const hive = yield* Hive;
  yield* hive.ready(project);
  for (const { id } of yield* hive.list(project)) yield* hive.show(project, id);
  yield* hive.create(origin, { title: "new" });
  const agents = yield* Agents;
  yield* agents.list(project, { ended: true });
  yield* agents.register(origin, { kind: "session" });
  const reservations = yield* Reservations;
  reservations.queue(project);
  yield* reservations.reserve(origin, { holder: "eve", patterns: ["new.ts"] });
  const mail = yield* Mailbox;
  for (const name of ["ada", "bob"]) {
    yield* mail.inbox(project, name);
    yield* mail.receive(project, name, {});
  }
  yield* mail.dead(project);
  yield* Effect.exit((yield* Deferred).get(project, "d1"));
  yield* Effect.exit((yield* Deferred).resolve(origin, "d2", 2));
  yield* Effect.exit((yield* Lock).acquire(origin, "k", { holder: "eve" }));
  yield* Effect.scoped(Effect.catchTag(followSwarm(project, "r-1"), "NotFound", () => Effect.void));
  const { tables } = yield* store.stateAt({ seq: yield* store.head });
  const inOrder = (rows: ReadonlyArray<unknown>) =>
    rows.map((row) => JSON.stringify(Object.entries(row as object).sort())).sort();
  for (const [table, rows] of Object.entries(tables)) {
    assert.deepStrictEqual(inOrder(rows), inOrder(yield* store.rows(table)), table);
  }
  for (const { equal, projection, differing } of yield* store.rebuild)
    assert.isTrue(equal, `${projection}: ${differing.join()}`);
});

describe("redacting any event", () => {
  it("is tried with events that every projection is fed by", () => {
    const types = new Set<string>(history.map(({ type }) => type));
    for (const { name, types: fed } of projections)
      assert.isTrue(
        fed.some((type) => types.has(type)),
        name,
      );
    assert.isAbove(stateTables.length, 0);
  });

  it.live(
    "leaves a store that every service starts on and works with",
    () =>
      Effect.gen(function* () {
        const made = yield* tempFolder;
        yield* Effect.gen(function* () {
          const store = yield* EventStore;
          for (const event of history) yield* store.append(origin, [event]);
          yield* store.rebuild;
        }).pipe(Effect.provide(storeIn(made)), Effect.scoped);
        const offset = Math.floor(Math.random() * 3);
        for (let seq = 1; seq <= history.length; seq++) {
          if (!full && seq % 3 !== offset) continue;
          const folder = yield* tempFolder;
          yield* Effect.promise(() => cp(made, folder, { recursive: true }));
          const what = `after event ${seq} (${history[seq - 1]?.type}) was redacted`;
          yield* Effect.gen(function* () {
            // While the services run, and on what a new daemon loads.
            yield* (yield* EventStore).redact({ actor: "person" }, seq, "x");
          }).pipe(Effect.provide(everything(folder)), Effect.scoped, Effect.orDie);
          yield* useAll.pipe(
            Effect.provide(everything(folder)),
            Effect.scoped,
            Effect.catchCause((cause) => Effect.die(new Error(`${what}: ${cause}`))),
          );
          collectStore(`${folder}/store.db`);
        }
      }).pipe(Effect.scoped),
    120_000,
  );
});
