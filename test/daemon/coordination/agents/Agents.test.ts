import { assert, describe, it } from "@effect/vitest";
import { Effect, Layer } from "effect";
import { Agents } from "../../../../daemon/coordination/agents/Agents.ts";
import { agentName, nameCount } from "../../../../daemon/coordination/agents/agentName.ts";
import { EventStore, type Origin } from "../../../../daemon/primitives/EventStore.ts";
import { tempFolder } from "../../../support/tempFolder.ts";
import { storeIn } from "../storeLayer.ts";

const origin: Origin = { project: "p", actor: "daemon" };
const runIn = (folder: string) => {
  const layer = Agents.layer.pipe(Layer.provideMerge(storeIn(folder)));
  return <A, E>(effect: Effect.Effect<A, E, Agents | EventStore>) =>
    effect.pipe(Effect.provide(layer), Effect.scoped);
};

describe("Agents", () => {
  it.live("knows an agent by its token, across a restart, until it ends", () =>
    Effect.gen(function* () {
      const run = runIn(yield* tempFolder);
      const { one, two } = yield* run(
        Effect.gen(function* () {
          const agents = yield* Agents;
          const one = yield* agents.register(origin, { kind: "worker", epic: "e", cell: "e.1", attempt: 2 });
          const two = yield* agents.register({ ...origin, project: "q" }, { kind: "session" });
          assert.deepStrictEqual(agents.authenticate(one.token), {
            name: one.name,
            project: "p",
            kind: "worker",
            epic: "e",
            cell: "e.1",
          });
          assert.match(one.name, /^[A-Z][a-z]+[A-Z][a-z]+$/);
          assert.strictEqual(Buffer.from(one.token, "base64url").length, 32);
          for (const wrong of ["", one.name, `${one.token}x`]) assert.isUndefined(agents.authenticate(wrong));
          return { one, two };
        }),
      );
      yield* run(
        Effect.gen(function* () {
          const agents = yield* Agents;
          const store = yield* EventStore;
          assert.strictEqual(agents.authenticate(one.token)?.name, one.name);
          yield* agents.end(origin, two.name, "another project's");
          assert.strictEqual(agents.authenticate(two.token)?.project, "q");
          yield* agents.end(origin, one.name, "over");
          yield* agents.end(origin, one.name, "over");
          assert.isUndefined(agents.authenticate(one.token));
          const events = yield* store.readAll({});
          assert.deepStrictEqual(
            events.map((event) => event.type),
            ["agent_registered", "agent_registered", "agent_ended"],
          );
          // The token itself is nowhere in the store.
          assert.notInclude(JSON.stringify([events, yield* store.rows("agents")]), one.token);
          for (const report of yield* store.rebuild) assert.isTrue(report.equal, report.projection);
        }),
      );
      yield* run(
        Effect.gen(function* () {
          const agents = yield* Agents;
          assert.isUndefined(agents.authenticate(one.token));
          assert.strictEqual(agents.authenticate(two.token)?.name, two.name);
        }),
      );
    }),
  );

  it.live("gives each of many at once a name of its own", () =>
    Effect.gen(function* () {
      const run = runIn(yield* tempFolder);
      yield* run(
        Effect.gen(function* () {
          const agents = yield* Agents;
          const all = yield* Effect.forEach(
            Array.from({ length: 300 }),
            () => agents.register(origin, { kind: "session" }),
            { concurrency: "unbounded" },
          );
          assert.strictEqual(new Set(all.map((one) => one.name)).size, 300);
        }),
      );
    }),
  );

  it("goes on with numbers when every name is taken", () => {
    assert.isAtLeast(nameCount, 3600);
    const taken = new Set<string>();
    for (let count = 0; count <= nameCount; count++) {
      const name = agentName((one) => taken.has(one));
      assert.isFalse(taken.has(name));
      taken.add(name);
    }
    assert.strictEqual([...taken].filter((name) => name.endsWith("2")).length, 1);
  });
});
