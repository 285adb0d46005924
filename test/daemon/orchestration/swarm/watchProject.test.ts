import { assert, describe, it } from "@effect/vitest";
import { Deferred, Effect, Fiber, Stream } from "effect";
import fc from "fast-check";
import { Agents } from "../../../../daemon/coordination/agents/Agents.ts";
import { Hive } from "../../../../daemon/coordination/hive/Hive.ts";
import { Mail } from "../../../../daemon/coordination/mail/Mail.ts";
import { Reservations } from "../../../../daemon/coordination/reservations/Reservations.ts";
import { Swarms } from "../../../../daemon/orchestration/swarm/Swarms.ts";
import { EventStore, type NewEvent } from "../../../../daemon/primitives/EventStore.ts";
import { Mailbox } from "../../../../daemon/primitives/Mailbox.ts";
import { follow, fresh, newReader, project, projectLayer, type Reader, watch } from "./projectLayer.ts";
import { shownIn } from "./shownIn.ts";

type Services = Agents | Hive | Mail | Mailbox | Reservations | Swarms | EventStore;
type Act = Effect.Effect<unknown, unknown, Services>;

const origin = { project, actor: "person" } as const;
const elsewhere = { project: "q", actor: "person" } as const;
const base = "0".repeat(40);
const epicsOf = ["e-1", "e-2"];

const swarmEvent = (epic: string, kind: number): NewEvent => {
  const stream = `swarm/${epic}`;
  const cell = `${epic}.1`;
  const attempt = { cell, attempt: 1 };
  const created: NewEvent = {
    stream,
    type: "epic_created",
    data: {
      epic,
      plan: { epic: { title: epic }, subtasks: [] },
      cells: [{ id: cell, title: "A", files: ["a"], dependencies: [], agent: "command:x" }],
      root: "/x/repo",
      base,
      target: { kind: "detached" },
      checks: [],
      maxWorkers: 1,
    },
  };
  const spec = { spec: "command:x", base, folder: "/x", marker: "m", agent: "A", epic };
  const all: ReadonlyArray<NewEvent> = [
    created,
    { stream, type: "swarm_resumed", data: { epic } },
    { stream, type: "swarm_paused", data: { epic } },
    { stream, type: "swarm_unpaused", data: { epic } },
    { stream, type: "spawn_intended", data: { ...attempt, ...spec } },
    { stream, type: "subtask_spawned", data: { ...attempt, agent: "A", pid: 1 } },
    { stream, type: "subtask_blocked", data: { cell, findings: [] } },
    { stream, type: "epic_ready", data: { epic, head: base, results: [] } },
    { stream, type: "swarm_cancelled", data: { epic, reason: "r" } },
  ];
  return all[kind]!;
};

/** What anybody may do to a project, by three numbers. What is refused changes nothing, which is right too. */
const acts: ReadonlyArray<(a: number, b: number) => Act> = [
  // Cells.
  (a) =>
    Effect.gen(function* () {
      const hive = yield* Hive;
      const ids = yield* hive.ids(project);
      const parent = a % 3 === 0 ? undefined : ids[a % Math.max(1, ids.length)];
      yield* hive.create(origin, { title: `Cell ${a}`, ...(parent !== undefined && { parent_id: parent }) });
    }),
  (a, b) =>
    onCell(a, (hive, id) => hive.update(origin, id, [{ title: `t${b}` }, { priority: b % 5 }][b % 2]!)),
  (a) => onCell(a, (hive, id) => hive.close(origin, id)),
  (a) => onCell(a, (hive, id) => hive.reopen(origin, id)),
  (a, b) =>
    onCell(a, (hive, id) =>
      Effect.flatMap(hive.ids(project), (ids) =>
        hive.addDependency(origin, id, ids[b % ids.length]!, b % 3 === 0 ? "parent-child" : "blocks"),
      ),
    ),
  (a, b) =>
    onCell(a, (hive, id) =>
      Effect.flatMap(hive.ids(project), (ids) =>
        hive.update(origin, id, { parent_id: b % 2 === 0 ? null : ids[b % ids.length]! }),
      ),
    ),
  (a) =>
    onCell(a, (hive, id) => (a % 4 === 0 ? hive.update(origin, id, { status: "tombstone" }) : Effect.void)),
  () => Effect.flatMap(Hive, (hive) => hive.create(elsewhere, { title: "of another" })),
  // Agents.
  (a) => Effect.flatMap(Agents, (agents) => agents.register(origin, { kind: "session", name: `Agent${a}` })),
  (a) =>
    Effect.flatMap(Agents, (agents) => {
      const live = agents.live(project);
      return agents.end(origin, live[a % Math.max(1, live.length)]?.name ?? "Nobody", "done");
    }),
  // Leases.
  (a, b) =>
    Effect.flatMap(Reservations, (all) =>
      all.reserve(origin, { holder: `H${a % 3}`, patterns: [`f${b % 2}`, `g${a % 5}`], ttlSeconds: 3000 }),
    ),
  (a, b) =>
    Effect.flatMap(Reservations, (all) =>
      all.reserveOrWait(origin, { holder: `H${a % 3}`, patterns: [`f${b % 2}`] }, 0),
    ),
  (a, b) => onLease(a, (all, held) => all.renew(origin, held, 3000 + (b % 2000))),
  (a) => onLease(a, (all, held) => all.release(origin, held, "done")),
  (a, b) =>
    Effect.flatMap(Reservations, (all) =>
      all.takeOver(origin, { holder: `H${a % 3}`, patterns: [`f${b % 2}`] }),
    ),
  (a) => Effect.flatMap(Reservations, (all) => all.releaseAll(origin, `H${a % 3}`, "gone")),
  (a) =>
    Effect.flatMap(Reservations, (all) => {
      const queue = all.queue(project);
      const ticket = queue[a % Math.max(1, queue.length)];
      return ticket === undefined ? Effect.void : all.withdraw(origin, ticket.holder, ticket.ticket);
    }),
  // Mail.
  (a) =>
    Effect.flatMap(Mail, (mail) => mail.send(origin, { from: "person", to: ["person"], subject: `s${a}` })),
  () =>
    Effect.gen(function* () {
      const mailbox = yield* Mailbox;
      const [one] = yield* mailbox.receive(project, "person", { limit: 1 });
      if (one !== undefined) yield* mailbox.ack(origin, "person", one.id, one.delivery);
    }),
  () =>
    Effect.gen(function* () {
      const mailbox = yield* Mailbox;
      const [one] = yield* mailbox.inbox(project, "person");
      if (one !== undefined) yield* mailbox.seen(origin, "person", one.id);
    }),
  // Swarms, with and without events.
  (a, b) =>
    Effect.gen(function* () {
      const epic = epicsOf[a % 2]!;
      const store = yield* EventStore;
      const begun = yield* isBegun(epic);
      yield* store.append(origin, [swarmEvent(epic, begun ? 1 + (b % 8) : 0)]);
    }),
  (a) =>
    Effect.gen(function* () {
      const store = yield* EventStore;
      const type = a % 3 === 0 ? "swarm_unpaused" : "swarm_paused";
      for (const epic of epicsOf)
        if (yield* isBegun(epic))
          yield* store.append(origin, [{ stream: `swarm/${epic}`, type, data: { epic } }]);
    }),
  (a) =>
    Effect.gen(function* () {
      const epic = epicsOf[a % 2]!;
      const swarms = yield* Swarms;
      if (yield* isBegun(epic)) yield* swarms.launch(Effect.never, epic);
    }),
  (a) => Effect.scoped(Effect.flatMap(Swarms, (swarms) => swarms.halt(epicsOf[a % 2]!))),
  (a, b) => Effect.flatMap(Swarms, (swarms) => swarms.setAside(epicsOf[a % 2]!, `why ${b}`)),
];

const isBegun = (epic: string) =>
  Effect.map(
    Effect.flatMap(EventStore, (store) => store.readAll({ project, stream: `swarm/${epic}`, limit: 1 })),
    (events) => events.length > 0,
  );

const onCell = (at: number, use: (hive: Hive["Service"], id: string) => Act): Act =>
  Effect.gen(function* () {
    const hive = yield* Hive;
    const ids = yield* hive.ids(project);
    if (ids.length > 0) yield* use(hive, ids[at % ids.length]!);
  });

const onLease = (
  at: number,
  use: (
    all: Reservations["Service"],
    held: { readonly holder: string; readonly lease: string; readonly token: number },
  ) => Act,
): Act =>
  Effect.gen(function* () {
    const all = yield* Reservations;
    const held = all.list(project);
    if (held.length > 0) yield* use(all, held[at % held.length]!);
  });

/** A watcher that has seen this has seen all that came before. */
const sentinel = Effect.flatMap(Hive, (hive) => hive.create(origin, { title: "sentinel" }));

/** What the readers have is what somebody is told who begins now. Queues are served a moment after a release. */
const agree = (readers: ReadonlyArray<Reader>, steady: Reader) =>
  Effect.gen(function* () {
    const store = yield* EventStore;
    for (;;) {
      const { id } = yield* sentinel;
      for (const reader of readers) yield* follow(reader, ({ cells }) => cells.has(id));
      while (!steady.model.cells.has(id)) yield* Effect.sleep(2);
      const now = yield* fresh;
      if (
        now.seq !== (yield* store.head) ||
        [...readers, steady].some(({ position }) => position !== now.seq)
      )
        continue;
      for (const { model } of [...readers, steady])
        assert.deepStrictEqual(shownIn(model), shownIn(now.model));
      return;
    }
  });

interface Chapter {
  /** Which act, and its two numbers. */
  readonly acts: ReadonlyArray<readonly [which: number, a: number, b: number]>;
  /** After so many frames the connection is lost, and made again at the position that was reached. */
  readonly cuts: ReadonlyArray<number>;
  /** The reader was away for the whole of it. */
  readonly away: boolean;
}
/** Half of them are about cells, which hang on one another. */
const which = fc.oneof(fc.nat({ max: 7 }), fc.nat({ max: acts.length - 1 }));
const act = fc.tuple(which, fc.nat({ max: 50 }), fc.nat({ max: 50 }));
const chapter: fc.Arbitrary<Chapter> = fc.record({
  acts: fc.array(fc.noBias(act), { minLength: 1, maxLength: 50, size: "max" }),
  cuts: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 8, size: "max" }),
  away: fc.boolean(),
});

describe("watchProject", () => {
  it.live(
    "tells in changes what a snapshot would, over any history, with connections lost anywhere",
    () => {
      const told = new Set<string>();
      const history = Effect.fnUntraced(function* (chapters: ReadonlyArray<Chapter>) {
        const [reader, steady] = [newReader(), newReader()];
        yield* follow(reader, () => true);
        yield* Effect.forkChild(follow(steady, () => false));
        for (const { acts: numbers, cuts, away } of chapters) {
          const writing = Effect.gen(function* () {
            for (const [which, a, b] of numbers) yield* Effect.exit(acts[which]!(a, b));
          });
          const writer = yield* Effect.forkChild(writing, { startImmediately: true });
          for (const frames of away ? [] : cuts)
            yield* Effect.raceFirst(
              follow(reader, () => false, frames),
              Fiber.await(writer),
            );
          yield* Fiber.join(writer);
          yield* agree([reader], steady);
        }
        for (const update of steady.updates)
          if (update.kind === "changes") for (const key of Object.keys(update)) told.add(key);
      });
      return Effect.gen(function* () {
        yield* Effect.promise(() =>
          fc.assert(
            fc.asyncProperty(fc.array(chapter, { minLength: 1, maxLength: 4 }), (chapters) =>
              Effect.runPromise(history(chapters).pipe(Effect.provide(projectLayer), Effect.scoped)),
            ),
            { numRuns: 20, endOnFailure: true },
          ),
        );
        const all = ["kind", "seq", "cells", "swarms", "agents", "leases", "queue", "mail", "paused"];
        assert.sameMembers([...told], all, "the histories are to be about everything");
      });
    },
    180_000,
  );

  it.live("tells of a change of one cell that cell, and of what a blocker lets go, that too", () =>
    Effect.gen(function* () {
      const hive = yield* Hive;
      const { cellIds } = yield* hive.createEpic(origin, {
        title: "Epic",
        subtasks: [{ title: "A" }, { title: "B", dependencies: [0] }, { title: "C" }],
      });
      const reader = newReader();
      yield* follow(reader, () => true);
      const cellsOf = (change: Effect.Effect<unknown, unknown>) =>
        Effect.gen(function* () {
          const before = reader.updates.length;
          // The first is what it is told when it comes back.
          const watcher = yield* Effect.forkChild(follow(reader, () => reader.updates.length > before + 1));
          while (reader.updates.length === before) yield* Effect.sleep(1);
          yield* change;
          yield* Fiber.join(watcher);
          const update = reader.updates.at(-1);
          return update?.kind === "changes" ? update.cells?.map(({ id }) => id) : undefined;
        });
      const [first, second, third] = cellIds as [string, string, string];
      assert.deepStrictEqual(yield* cellsOf(hive.update(origin, third, { title: "C2" })), [third]);
      assert.deepStrictEqual(yield* cellsOf(hive.close(origin, first)), [first, second]);
      assert.isTrue(reader.model.cells.get(second)?.ready);
    }).pipe(Effect.provide(projectLayer), Effect.scoped),
  );

  it.live("comes in parts when there is much, and begins anew for who was cut off in the middle", () =>
    Effect.gen(function* () {
      const hive = yield* Hive;
      const subtasks = Array.from({ length: 2500 }, (_, n) => ({ title: `Cell ${n}` }));
      yield* hive.createEpic(origin, { title: "Epic", subtasks });
      const frames = yield* Stream.runCollect(Stream.take(watch(), 3));
      const head = yield* (yield* EventStore).head;
      const parts = frames.map(({ seq, update }) => [
        seq,
        update?.kind,
        update?.kind !== "progress" && update?.cells?.length,
      ]);
      assert.deepStrictEqual(parts, [
        [0, "snapshot", 1000],
        [0, "changes", 1000],
        [head, "changes", 501],
      ]);
      const reader = newReader();
      yield* follow(reader, () => false, 2);
      yield* hive.create(origin, { title: "One more" });
      yield* follow(reader, ({ cells }) => cells.size === 2502);
      assert.deepStrictEqual(shownIn(reader.model), shownIn((yield* fresh).model));
    }).pipe(Effect.provide(projectLayer), Effect.scoped),
  );

  it.live("costs a reader that stalls one snapshot, however much it missed", () =>
    Effect.gen(function* () {
      const hive = yield* Hive;
      const store = yield* EventStore;
      const goOn = yield* Deferred.make<void>();
      const began = yield* Deferred.make<void>();
      const { id } = yield* hive.create(origin, { title: "A" });
      const kinds: Array<string | undefined> = [];
      const watcher = yield* watch().pipe(
        Stream.tap(({ update }) => {
          kinds.push(update?.kind);
          return Effect.andThen(Deferred.succeed(began, undefined), Deferred.await(goOn));
        }),
        Stream.takeUntil(
          ({ update }) => update?.kind === "snapshot" && update.cells.some(({ title }) => title === "59 99"),
        ),
        Stream.runDrain,
        Effect.forkChild({ startImmediately: true }),
      );
      yield* Deferred.await(began);
      const renamed = (title: string): NewEvent => ({
        stream: `cell/${id}`,
        type: "cell_updated",
        data: { id, fields: { title }, stamps: {} },
      });
      for (let n = 0; n < 60; n++)
        yield* store.append(
          origin,
          Array.from({ length: 100 }, (_, k) => renamed(`${n} ${k}`)),
        );
      yield* Deferred.succeed(goOn, undefined);
      yield* Fiber.join(watcher);
      // What was made already when the reader stalled comes between them.
      assert.strictEqual(kinds[0], "snapshot");
      assert.strictEqual(kinds.at(-1), "snapshot");
      assert.isAtMost(kinds.length, 3);
    }).pipe(Effect.provide(projectLayer), Effect.scoped),
  );

  it.live("moves a watcher on while only other projects change", () =>
    Effect.gen(function* () {
      const store = yield* EventStore;
      const reader = newReader();
      yield* follow(reader, () => true);
      const other: NewEvent = {
        stream: "cell/q-1",
        type: "cell_updated",
        data: { id: "q-1", fields: {}, stamps: {} },
      };
      const watcher = yield* Effect.forkChild(follow(reader, () => (reader.position ?? 0) >= 1000));
      for (let n = 0; n < 12; n++)
        yield* store.append(
          elsewhere,
          Array.from({ length: 100 }, () => other),
        );
      yield* Fiber.join(watcher);
      assert.isFalse(
        reader.updates.some((update) => update.kind === "changes" && update.cells !== undefined),
      );
    }).pipe(Effect.provide(projectLayer), Effect.scoped),
  );
});
