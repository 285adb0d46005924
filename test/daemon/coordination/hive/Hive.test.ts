import { assert, describe, it } from "@effect/vitest";
import { Effect, Layer } from "effect";
import { TestClock } from "effect/testing";
import fc from "fast-check";
import { Hive } from "../../../../daemon/coordination/hive/Hive.ts";
import { EventStore, type Origin } from "../../../../daemon/primitives/EventStore.ts";
import { isKnown } from "../../../../shared/contract/events.ts";
import { tempFolder } from "../../../support/tempFolder.ts";
import { storeIn, temporaryStore } from "../storeLayer.ts";

const project = "p";
const origin: Origin = { project, actor: "person" };
const hiveOn = <E>(store: Layer.Layer<EventStore, E>) =>
  Hive.layer({ cloneId: "clone" }).pipe(Layer.provideMerge(store));
const start = Date.UTC(2026, 0, 1);
/** The time is set before anything is built that would look at it all the way from 1970. */
const withHive = <A, E>(effect: Effect.Effect<A, E, Hive | EventStore>) =>
  Effect.andThen(TestClock.setTime(start), Effect.provide(effect, hiveOn(temporaryStore)));

describe("cells", () => {
  it.effect("are created with beads' fields, and keep unknown ones", () =>
    withHive(
      Effect.gen(function* () {
        const hive = yield* Hive;
        const store = yield* EventStore;
        const opened = { commonDir: "/home/me/My App/.git", rootCommits: [] };
        yield* store.append(origin, [{ stream: "project", type: "project_opened", data: opened }]);
        const cell = yield* hive.create(origin, {
          title: "  Fix it ",
          priority: 0,
          labels: ["x", "y", "x"],
          estimated_minutes: 30,
          future: { nested: [1, null] },
        });
        assert.match(cell.id, /^my-app-[0-9a-z]{4}$/);
        assert.deepStrictEqual(cell, {
          id: cell.id,
          title: "Fix it",
          status: "open",
          issue_type: "task",
          priority: 0,
          fields: {
            title: "Fix it",
            status: "open",
            issue_type: "task",
            priority: 0,
            labels: ["x", "y"],
            estimated_minutes: 30,
            future: { nested: [1, null] },
            created_at: "2026-01-01T00:00:00.000Z",
            created_by: "person",
            updated_at: "2026-01-01T00:00:00.000Z",
          },
          parent_id: null,
          dependencies: [],
          ready: true,
          waiting_for: [],
        });
        const child = yield* hive.create(origin, { title: "Part", parent_id: cell.id });
        assert.strictEqual(child.id, `${cell.id}.1`);
        assert.strictEqual(
          (yield* hive.create(origin, { title: "Part", parent_id: cell.id })).id,
          `${cell.id}.2`,
        );
        assert.deepStrictEqual(yield* hive.list("other"), []);
      }),
    ),
  );

  it.effect("have closed_at exactly when closed", () =>
    withHive(
      Effect.gen(function* () {
        const hive = yield* Hive;
        const { id } = yield* hive.create(origin, { title: "A" });
        yield* TestClock.adjust("1 minute");
        const closed = yield* hive.close(origin, id, "done");
        assert.strictEqual(closed.fields.closed_at, "2026-01-01T00:01:00.000Z");
        assert.strictEqual(closed.fields.updated_at, "2026-01-01T00:01:00.000Z");
        assert.strictEqual(closed.fields.close_reason, "done");
        yield* TestClock.adjust("1 minute");
        const again = yield* hive.close(origin, id, "really done");
        assert.strictEqual(again.fields.closed_at, "2026-01-01T00:01:00.000Z");
        assert.strictEqual(again.fields.close_reason, "really done");
        const open = yield* hive.reopen(origin, id);
        assert.notProperty(open.fields, "closed_at");
        assert.notProperty(open.fields, "close_reason");
        assert.isTrue(open.ready);
        const gone = yield* hive.update(origin, id, { status: "tombstone" });
        assert.notProperty(gone.fields, "closed_at");
        assert.deepStrictEqual(yield* hive.list(project), []);
        assert.strictEqual((yield* hive.list(project, { status: "tombstone" })).length, 1);
        assert.property((yield* hive.create(origin, { title: "B", status: "closed" })).fields, "closed_at");
      }),
    ),
  );

  it.effect("write an event with a stamp for each field that changed, and none when nothing did", () =>
    withHive(
      Effect.gen(function* () {
        const hive = yield* Hive;
        const store = yield* EventStore;
        const { id } = yield* hive.create(origin, { title: "A", description: "text" });
        yield* hive.update(origin, id, { title: "A", priority: 2, description: "text" });
        yield* hive.update(origin, id, { title: "B", priority: 2, description: null });
        assert.deepStrictEqual(yield* hive.changes(origin, id, { title: "B" }), []);
        const events = (yield* store.readAll({ stream: `cell/${id}` })).filter(isKnown);
        assert.strictEqual(events.length, 2);
        const stamps: Array<string> = [];
        for (const event of events) {
          assert(event.type === "cell_created" || event.type === "cell_updated");
          assert.sameMembers(Object.keys(event.data.stamps), Object.keys(event.data.fields));
          stamps.push(...new Set(Object.values(event.data.stamps)));
        }
        assert.sameMembers(Object.keys((events[1]!.data as { fields: object }).fields), [
          "title",
          "description",
          "updated_at",
        ]);
        assert.isTrue(stamps[0]! < stamps[1]! && stamps[1]!.endsWith("-clone"));
      }),
    ),
  );

  it.effect("refuse what is no field", () =>
    withHive(
      Effect.gen(function* () {
        const hive = yield* Hive;
        const store = yield* EventStore;
        const { id } = yield* hive.create(origin, { title: "A" });
        const head = yield* store.head;
        const bad: ReadonlyArray<readonly [Record<string, null | string | number | Array<number>>, string]> =
          [
            [{ title: " " }, "give the cell a title"],
            [{ title: null }, "give the cell a title"],
            [{ title: "x".repeat(501) }, "longer than 500"],
            [{ priority: 5 }, "from 0 (highest) to 4"],
            [{ priority: "1" }, "from 0 (highest) to 4"],
            [{ status: "" }, "must be a word"],
            [{ labels: [1] }, "must be a list of words"],
            [{ assignee: 1 }, "must be text"],
            [{ closed_at: "2020-01-01" }, "is set by the hive itself"],
          ];
        for (const [fields, why] of bad) {
          for (const error of [
            yield* Effect.flip(hive.create(origin, { title: "B", ...fields })),
            yield* Effect.flip(hive.update(origin, id, fields)),
          ]) {
            assert.strictEqual(error._tag, "InvalidInput");
            assert.include(error.message, why);
          }
        }
        assert.strictEqual((yield* Effect.flip(hive.create(origin, {})))._tag, "InvalidInput");
        for (const act of [
          Effect.asVoid(hive.update(origin, "nope", {})),
          Effect.asVoid(hive.show(project, "nope")),
          Effect.asVoid(hive.create(origin, { title: "B", parent_id: "nope" })),
          Effect.asVoid(hive.update(origin, id, { parent_id: "nope" })),
          Effect.asVoid(hive.addDependency(origin, id, "nope", "blocks")),
          Effect.asVoid(hive.planChild(origin, "nope", { title: "B" })),
        ]) {
          assert.strictEqual((yield* Effect.flip(act))._tag, "NotFound");
        }
        // Statuses and types that we do not know pass through.
        assert.strictEqual(
          (yield* hive.update(origin, id, { status: "hooked", issue_type: "molecule" })).status,
          "hooked",
        );
        assert.strictEqual(yield* store.head, head + 1);
      }),
    ),
  );
});

describe("dependencies", () => {
  it.effect("say why a cell waits, own and inherited, and refuse cycles by name", () =>
    withHive(
      Effect.gen(function* () {
        const hive = yield* Hive;
        const make = (title: string, parent_id: string | null = null) =>
          Effect.map(hive.create(origin, { title, parent_id }), (cell) => cell.id);
        const [a, b, parent] = [yield* make("a"), yield* make("b"), yield* make("parent")];
        const child = yield* make("child", parent);
        yield* hive.addDependency(origin, a, b, "blocks");
        yield* hive.addDependency(origin, parent, a, "blocks");
        assert.deepStrictEqual((yield* hive.show(project, child)).waiting_for, [
          `${parent}, to which it belongs, waits for ${a} (open)`,
        ]);
        const refusal = (id: string, on: string, kind: "blocks" | "parent-child" | "related") =>
          Effect.map(Effect.flip(hive.addDependency(origin, id, on, kind)), (error) => error.message);
        assert.include(yield* refusal(b, a, "blocks"), `${b} → ${a} → ${b}`);
        assert.include(yield* refusal(b, child, "blocks"), `${b} → ${child} → ${parent} → ${a} → ${b}`);
        assert.include(yield* refusal(parent, child, "blocks"), `${parent} → ${child} → ${parent}`);
        assert.include(yield* refusal(a, a, "related"), "can't depend on itself");
        assert.include(yield* refusal(a, b, "related"), 'already, as "blocks"');
        const moved = yield* Effect.flip(hive.update(origin, parent, { parent_id: child }));
        assert.include(moved.message, `${parent} → ${child} → ${parent}`);
        yield* hive.addDependency(origin, b, child, "related");
        assert.deepStrictEqual(
          (yield* hive.ready(project)).map((cell) => cell.id),
          [b],
        );
        assert.deepStrictEqual((yield* hive.addDependency(origin, a, b, "blocks")).dependencies, [
          { depends_on_id: b, type: "blocks" },
        ]);
        yield* hive.close(origin, b);
        yield* hive.update(origin, a, { status: "in_progress" });
        assert.deepStrictEqual((yield* hive.show(project, a)).waiting_for, ["it is in_progress"]);
        assert.deepStrictEqual((yield* hive.show(project, parent)).waiting_for, [
          `it waits for ${a} (in_progress)`,
        ]);
        yield* hive.close(origin, a);
        assert.sameMembers(
          (yield* hive.ready(project)).map((cell) => cell.id),
          [parent, child],
        );
        yield* hive.reopen(origin, b);
        assert.deepStrictEqual((yield* hive.ready(project)).map((cell) => cell.id).includes(b), true);
      }),
    ),
  );

  it.effect("leave the most urgent and then the oldest first among the ready", () =>
    withHive(
      Effect.gen(function* () {
        const hive = yield* Hive;
        for (const [title, priority] of [
          ["late", 3],
          ["old", 1],
          ["top", 0],
          ["new", 1],
        ] as const) {
          yield* TestClock.adjust("1 second");
          yield* hive.create(origin, { title, priority });
        }
        assert.deepStrictEqual(
          (yield* hive.ready(project)).map((cell) => cell.title),
          ["top", "old", "new", "late"],
        );
        assert.deepStrictEqual(
          (yield* hive.list(project)).map((cell) => cell.title),
          ["late", "old", "top", "new"],
        );
      }),
    ),
  );
});

describe("epics", () => {
  it.effect("are planned as events that count when appended", () =>
    withHive(
      Effect.gen(function* () {
        const hive = yield* Hive;
        const store = yield* EventStore;
        const planned = yield* hive.planEpic(origin, {
          title: "Epic",
          description: "all of it",
          subtasks: [{ title: "one" }, { title: "two", description: "second", dependencies: [0, 0] }],
        });
        assert.deepStrictEqual(planned.cellIds, [`${planned.epicId}.1`, `${planned.epicId}.2`]);
        assert.deepStrictEqual(yield* hive.list(project), []);
        yield* store.append(origin, planned.events);
        const [epic, one, two] = yield* hive.list(project);
        assert.strictEqual(epic?.issue_type, "epic");
        assert.strictEqual(one?.parent_id, planned.epicId);
        assert.deepStrictEqual(two?.waiting_for, [`it waits for ${one?.id} (open)`]);
        const first = yield* hive.planChild(origin, planned.epicId, { title: "three" });
        const second = yield* hive.planChild(origin, planned.epicId, { title: "four" });
        assert.deepStrictEqual([first.id, second.id], [`${planned.epicId}.3`, `${planned.epicId}.4`]);
        yield* store.append(origin, [
          ...second.events,
          ...(yield* hive.changes(origin, one!.id, { status: "closed" })),
        ]);
        assert.deepStrictEqual((yield* hive.ready(project)).map((cell) => cell.title).sort(), [
          "Epic",
          "four",
          "two",
        ]);
      }),
    ),
  );

  it.effect("are refused when their subtasks can't be ordered", () =>
    withHive(
      Effect.gen(function* () {
        const hive = yield* Hive;
        const plan = (...dependencies: ReadonlyArray<ReadonlyArray<number>>) =>
          Effect.map(
            Effect.flip(
              hive.createEpic(origin, {
                title: "E",
                subtasks: dependencies.map((one) => ({ title: "s", dependencies: one })),
              }),
            ),
            (error) => error.message,
          );
        assert.include(yield* plan([1], [2], [1]), "1 → 2 → 1");
        assert.include(yield* plan([7]), "subtask 7, which is not in the plan");
        assert.deepStrictEqual(yield* hive.list(project), []);
      }),
    ),
  );
});

describe("cells that are done", () => {
  it.effect("are not loaded before somebody asks for them, and nothing shows that they were not", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder;
      const ids = yield* Effect.gen(function* () {
        const hive = yield* Hive;
        const made = (title: string, parent?: string) =>
          Effect.map(
            hive.create(origin, { title, ...(parent !== undefined && { parent_id: parent }) }),
            ({ id }) => id,
          );
        for (let n = 0; n < 40; n++) yield* hive.close(origin, yield* made(`old ${n}`));
        const [blocker, top, family] = [yield* made("blocker"), yield* made("top"), yield* made("family")];
        const [child, waiting] = [yield* made("child", family), yield* made("waiting")];
        yield* hive.close(origin, yield* made("second child", family));
        yield* hive.addDependency(origin, waiting, blocker, "blocks");
        yield* hive.addDependency(origin, family, top, "blocks");
        for (const id of [blocker, top, family]) yield* hive.close(origin, id);
        return {
          blocker,
          top,
          family,
          child,
          waiting,
          old: (yield* hive.list(project)).find(({ title }) => title === "old 0")!.id,
        };
      }).pipe(Effect.provide(hiveOn(storeIn(folder))), Effect.scoped);
      let read = 0;
      const counting = Layer.effect(
        EventStore,
        Effect.map(EventStore, (store) => ({
          ...store,
          rows: (table, where) =>
            Effect.tap(store.rows(table, where), (rows) => Effect.sync(() => (read += rows.length))),
        })),
      ).pipe(Layer.provide(storeIn(folder)));
      yield* Effect.gen(function* () {
        const hive = yield* Hive;
        const titles = Effect.map(hive.ready(project), (cells) => cells.map(({ title }) => title).sort());
        assert.deepStrictEqual(yield* titles, ["child", "waiting"]);
        assert.strictEqual((yield* hive.list(project, { status: "open" })).length, 2);
        assert.isBelow(read, 60, "rows were read of cells that nobody asked for");
        // What an open cell leans on counts, though it is done.
        const refused = yield* Effect.flip(hive.addDependency(origin, ids.top, ids.child, "blocks"));
        assert.include(refused.message, `${ids.top} → ${ids.child} → ${ids.family} → ${ids.top}`);
        yield* hive.reopen(origin, ids.blocker);
        yield* hive.reopen(origin, ids.top);
        assert.deepStrictEqual(yield* titles, ["blocker", "top"]);
        assert.strictEqual((yield* hive.show(project, ids.old)).title, "old 0");
        const again = yield* hive.create(origin, { title: "again", parent_id: ids.family });
        assert.strictEqual(again.id, `${ids.family}.3`, "the second child has its id though it is not here");
        assert.isBelow(read, 200);
        assert.strictEqual((yield* hive.list(project)).length, 47);
        assert.isAbove(read, 300);
      }).pipe(Effect.provide(hiveOn(counting)), Effect.scoped);
    }).pipe(Effect.scoped),
  );

  it.effect("miss nothing of what is committed while they are loaded", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder;
      const id = yield* Effect.gen(function* () {
        const hive = yield* Hive;
        const made = yield* hive.create(origin, { title: "A" });
        return (yield* hive.close(origin, made.id)).id;
      }).pipe(Effect.provide(hiveOn(storeIn(folder))), Effect.scoped);
      let meanwhile: Effect.Effect<unknown> = Effect.void;
      const slow = Layer.effect(
        EventStore,
        Effect.map(EventStore, (store) => ({
          ...store,
          rows: (table, where, latest) =>
            Effect.tap(store.rows(table, where, latest), () => {
              const now = table === "cell_fields" ? meanwhile : Effect.void;
              if (table === "cell_fields") meanwhile = Effect.void;
              return now;
            }),
        })),
      ).pipe(Layer.provide(storeIn(folder)));
      yield* Effect.gen(function* () {
        const hive = yield* Hive;
        const store = yield* EventStore;
        const fields = { title: "B", status: "open" };
        const stamps = { title: "000000000009-0000-other", status: "000000000009-0000-other" };
        meanwhile = Effect.orDie(
          store.append(origin, [
            { stream: `cell/${id}`, type: "cell_updated", data: { id, fields, stamps } },
          ]),
        );
        assert.deepInclude(yield* hive.show(project, id), { title: "B", status: "open", ready: true });
      }).pipe(Effect.provide(hiveOn(slow)), Effect.scoped);
    }).pipe(Effect.scoped),
  );

  it.effect("are brought when somebody else changes them", () =>
    withHive(
      Effect.gen(function* () {
        const hive = yield* Hive;
        const store = yield* EventStore;
        const stamp = "000000000001-0000-other";
        const change = (id: string, fields: Record<string, string>, type: "cell_created" | "cell_updated") =>
          store.append(origin, [
            {
              stream: `cell/${id}`,
              type,
              data: {
                id,
                fields,
                stamps: Object.fromEntries(Object.keys(fields).map((name) => [name, stamp])),
              },
            },
          ]);
        const folder = yield* tempFolder;
        yield* Effect.gen(function* () {
          const first = yield* Hive;
          const { id } = yield* first.create(origin, { title: "A", description: "all of it" });
          yield* first.close(origin, id);
          yield* Effect.gen(function* () {
            const other = yield* Hive;
            const here = yield* EventStore;
            const fields = { status: "open" };
            yield* here.append(origin, [
              { stream: `cell/${id}`, type: "cell_updated", data: { id, fields, stamps: { status: stamp } } },
            ]);
            const [cell] = yield* other.ready(project);
            assert.deepInclude(cell, { id, title: "A", status: "open" });
            assert.strictEqual(cell?.fields.description, "all of it");
          }).pipe(Effect.provide(Hive.layer({ cloneId: "clone" })));
        }).pipe(Effect.provide(hiveOn(storeIn(folder))), Effect.scoped);
        // A cell that waits for one that nobody has.
        yield* change("x-1", { title: "X", status: "open" }, "cell_created");
        yield* store.append(origin, [
          {
            stream: "cell/x-1",
            type: "cell_dependency_added",
            data: { id: "x-1", depends_on_id: "x-9", dependency: "blocks", stamp },
          },
        ]);
        assert.deepStrictEqual((yield* hive.show(project, "x-1")).waiting_for, [
          "it waits for x-9, which is not in this hive",
        ]);
        yield* change("x-9", { title: "late", status: "closed" }, "cell_created");
        assert.isTrue((yield* hive.show(project, "x-1")).ready);
      }).pipe(Effect.scoped),
    ),
  );
});

const act = fc.record({
  kind: fc.constantFrom("create", "child", "update", "close", "reopen", "depend"),
  which: fc.nat(20),
  other: fc.nat(20),
  priority: fc.nat(4),
});

describe("any history", () => {
  it("is the same after a restart, after a replay, and stamps never go back", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 10, maxLength: 40 }), (acts) =>
        Effect.gen(function* () {
          const folder = yield* tempFolder;
          const run = <A, E>(effect: Effect.Effect<A, E, Hive | EventStore>) =>
            effect.pipe(Effect.provide(hiveOn(storeIn(folder))), Effect.scoped);
          const read = Effect.gen(function* () {
            const hive = yield* Hive;
            return { ready: yield* hive.ready(project), list: yield* hive.list(project) };
          });
          const live = yield* run(
            Effect.gen(function* () {
              const hive = yield* Hive;
              for (const { kind, which, other, priority } of acts) {
                const cells = yield* hive.list(project);
                const cell = cells[which % cells.length]?.id ?? "";
                const target = cells[other % cells.length]?.id ?? "";
                const done = {
                  create: hive.create(origin, { title: `t${which}`, priority }),
                  child: hive.create(origin, { title: "child", parent_id: cell || null }),
                  update: hive.update(origin, cell, {
                    priority,
                    note: other,
                    parent_id: other % 3 ? null : target,
                  }),
                  close: hive.close(origin, cell, "x"),
                  reopen: hive.reopen(origin, cell),
                  depend: hive.addDependency(origin, cell, target, "blocks"),
                }[kind];
                yield* TestClock.adjust(`${which} millis`);
                yield* Effect.ignore(Effect.asVoid(done));
              }
              return yield* read;
            }),
          );
          // The clock starts anew, far in the past.
          yield* TestClock.setTime(0);
          yield* run(
            Effect.gen(function* () {
              const hive = yield* Hive;
              const store = yield* EventStore;
              for (const cell of live.list.slice(0, 3)) {
                assert.deepStrictEqual(yield* hive.show(project, cell.id), cell);
              }
              assert.deepStrictEqual(yield* read, live);
              for (const report of yield* store.rebuild) {
                assert.isTrue(report.equal, `${report.projection}: ${report.differing.join()}`);
              }
            }),
          );
          // Nobody has looked at the cells that are done: their stamps count all the same.
          yield* run(
            Effect.gen(function* () {
              const hive = yield* Hive;
              const store = yield* EventStore;
              yield* hive.create(origin, { title: "last" });
              const stamps = (yield* store.readAll({})).filter(isKnown).flatMap((event) => {
                if (event.type === "cell_dependency_added") return [event.data.stamp];
                return event.type === "cell_created" || event.type === "cell_updated"
                  ? [...new Set(Object.values(event.data.stamps))]
                  : [];
              });
              assert.deepStrictEqual(stamps, [...new Set(stamps)].sort());
            }),
          );
        }).pipe(Effect.provide(TestClock.layer()), Effect.scoped, Effect.runPromise),
      ),
      { numRuns: 10, endOnFailure: true },
    );
  });
});
