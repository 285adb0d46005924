/**
 * Agents against a tiny reference model: several actors at once, ends, sessions that come back, names that are wanted
 * by many, transactions that fail, and stores that are closed in the middle and opened again. The log is the judge:
 * what everybody was told has to agree with it, and so has what the service shows.
 */
import { createHash } from "node:crypto";
import { cp, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { assert, it } from "@effect/vitest";
import { Effect, Exit, Fiber, Layer, Scope } from "effect";
import * as fc from "fast-check";
import { Agents } from "../../../../daemon/coordination/agents/Agents.ts";
import { sqlLayer } from "../../../../daemon/platform/Sql.ts";
import { EventStore } from "../../../../daemon/primitives/EventStore.ts";
import type { Projection } from "../../../../daemon/primitives/Projection.ts";
import { projections, stateTables } from "../../../../daemon/tables.ts";
import { type AnyEvent, isKnown } from "../../../../shared/contract/events.ts";
import { tempFolder } from "../../../support/tempFolder.ts";

const projects = ["p", "q"] as const;
const names = ["A", "B", "C"] as const;
const sessions = ["s1", "s2"] as const;
type Project = (typeof projects)[number];

type Step =
  | { readonly do: "register"; readonly project: Project; readonly name?: string }
  | { readonly do: "worker"; readonly project: Project }
  | { readonly do: "join"; readonly project: Project; readonly session: string; readonly name?: string }
  | { readonly do: "end"; readonly project: Project; readonly name: string }
  | { readonly do: "endSession"; readonly project: Project; readonly session: string }
  /** An append that fails in the database, and everything with it that shares its transaction. */
  | { readonly do: "fail" };

const project = fc.constantFrom(...projects);
const name = fc.constantFrom(...names);
const session = fc.constantFrom(...sessions);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant("register" as const), project, name }, { requiredKeys: ["do", "project"] }),
  fc.record({ do: fc.constant("worker" as const), project }),
  fc.record(
    { do: fc.constant("join" as const), project, session, name },
    { requiredKeys: ["do", "project", "session"] },
  ),
  fc.record({ do: fc.constant("end" as const), project, name }),
  fc.record({ do: fc.constant("endSession" as const), project, session }),
  fc.record({ do: fc.constant("fail" as const) }),
) as fc.Arbitrary<Step>;
/**
 * The steps of a round run at once. In the middle of it the store may be closed, or killed: then what goes on is
 * the files as they lie on the disk at that moment, and nobody hears more of what was under way.
 */
const round = fc.record({
  // Some are done by several at once.
  steps: fc
    .array(fc.tuple(step, fc.constantFrom(1, 1, 3)), { minLength: 1, maxLength: 6 })
    .map((all) => all.flatMap(([one, times]) => Array.from({ length: times }, () => one))),
  cut: fc.constantFrom(undefined, undefined, "close", "kill"),
  /** How many turns of the event loop pass before it. */
  after: fc.nat(6),
});
type Round = typeof round extends fc.Arbitrary<infer T> ? T : never;

/** Its row can't be written, so that a transaction fails with everything that was decided in it. */
const fragile: Projection = {
  name: "fragile",
  version: 1,
  tables: [{ name: "fragile", columns: { name: "text" }, key: ["name"] }],
  types: ["lock_released"],
  apply: () => [{ table: "fragile", key: { name: null as unknown as string }, set: {} }],
};

interface Told {
  readonly step: Step;
  readonly answer: { readonly ok: unknown } | { readonly failed: string };
}

const take = (store: EventStore["Service"], agents: Agents["Service"], step: Step) => {
  const run = (): Effect.Effect<unknown, { readonly _tag: string }> => {
    if (step.do === "fail") {
      const data = { name: "l", token: 1 };
      return store.append({ project: "p", actor: "daemon" }, [
        { stream: "lock/l", type: "lock_released", data },
      ]);
    }
    const origin = { project: step.project, actor: "daemon" } as const;
    const named = "name" in step && step.name !== undefined ? { name: step.name } : {};
    switch (step.do) {
      case "register":
        return agents.register(origin, { kind: "session", ...named });
      case "worker":
        return agents.register(origin, { kind: "worker", epic: "e", cell: "c" });
      case "join":
        return agents.register(origin, { kind: "session", harness: "h", session: step.session, ...named });
      case "end":
        return agents.end(origin, step.name, "over");
      case "endSession":
        return agents.endSession(origin, { harness: "h", session: step.session }, "over");
    }
  };
  return Effect.match(run(), {
    onSuccess: (ok): Told => ({ step, answer: { ok } }),
    onFailure: ({ _tag }): Told => ({ step, answer: { failed: _tag } }),
  });
};

interface ModelAgent {
  readonly name: string;
  readonly session: string | undefined;
  hash: string;
}

/** The reference: what the log says, and whether it may say so. */
const model = (events: ReadonlyArray<AnyEvent>) => {
  const ever = new Set<string>();
  const live = new Map<string, ModelAgent>();
  for (const event of events) {
    const key = `${event.project} ${"name" in event.data ? event.data.name : ""}`;
    if (event.type === "agent_registered") {
      const { name, tokenHash, harness, session } = event.data;
      assert.isFalse(ever.has(key), `${key} was given twice`);
      const same = [...live].filter(
        ([where, one]) =>
          where.startsWith(`${event.project} `) && one.session !== undefined && one.session === session,
      );
      assert.deepStrictEqual(same, [], "a session is one agent");
      assert.strictEqual(harness === undefined, session === undefined);
      ever.add(key);
      live.set(key, { name, session, hash: tokenHash });
    } else if (event.type === "agent_rejoined") {
      const agent = live.get(key);
      assert.isDefined(agent, `${key} came back and is not there`);
      assert.isDefined(agent?.session);
      if (agent !== undefined) agent.hash = event.data.tokenHash;
    } else if (event.type === "agent_ended") {
      assert.isTrue(live.delete(key), `${key} ended and was not there`);
    }
  }
  return { ever, live };
};

const hashOf = (token: string) => createHash("sha256").update(token).digest("hex");

const scenario = Effect.fnUntraced(function* (rounds: ReadonlyArray<Round>) {
  const base = yield* tempFolder;
  let copies = 0;
  let folder = join(base, "0");
  yield* Effect.promise(() => mkdir(folder));
  const open = Effect.gen(function* () {
    const scope = yield* Scope.make();
    const layer = Agents.layer.pipe(
      Layer.provideMerge(EventStore.layer([...projections, fragile], stateTables)),
      Layer.provide(sqlLayer({ file: `${folder}/store.db` })),
    );
    const parts = yield* Layer.buildWithScope(layer, scope);
    const services = Effect.all({ store: EventStore, agents: Agents }).pipe(Effect.provide(parts));
    return { ...(yield* services), close: Scope.close(scope, Exit.void) };
  });
  /** Every token that anybody was ever told, and whose it was. */
  const tokens: Array<{ readonly project: string; readonly name: string; readonly token: string }> = [];
  let { store, agents, close } = yield* open;
  for (const { steps, cut, after } of rounds) {
    const told: Array<Told> = [];
    const fibers = yield* Effect.forEach(steps, (one) =>
      Effect.forkChild(
        Effect.tap(take(store, agents, one), (answer) => Effect.sync(() => told.push(answer))),
        { startImmediately: true },
      ),
    );
    if (cut !== undefined)
      for (let turn = 0; turn < after; turn++) yield* Effect.promise(() => setImmediate());
    let heard = told;
    if (cut === "kill") {
      heard = [...told];
      const next = join(base, String(++copies));
      const from = folder;
      yield* Effect.promise(() => cp(from, next, { recursive: true }));
      yield* close;
      folder = next;
    } else if (cut === "close") yield* close;
    yield* Effect.forEach(fibers, Fiber.await);
    if (cut !== undefined) ({ store, agents, close } = yield* open);
    const events = (yield* store.readAll({})).filter(isKnown);
    const { ever, live } = model(events);
    for (const { step, answer } of heard)
      check(step, answer, { ever, events, tokens, cut: cut !== undefined });
    for (const { project, name, token } of tokens) {
      const agent = live.get(`${project} ${name}`);
      const good = agent?.hash === hashOf(token);
      assert.strictEqual(agents.authenticate(token)?.name, good ? name : undefined);
    }
    for (const one of projects) {
      const own = [...live].filter(([key]) => key.startsWith(`${one} `)).map(([, agent]) => agent);
      const expected = own.map(({ name }) => name).toSorted();
      assert.deepStrictEqual(
        agents.live(one).map(({ name }) => name),
        expected,
      );
      assert.deepStrictEqual((yield* agents.list(one)).map(({ name }) => name).toSorted(), expected);
      for (const which of sessions) {
        const name = own.find((agent) => agent.session === which)?.name;
        assert.strictEqual(agents.ofSession(one, "h", which)?.name, name);
      }
    }
  }
  // Rows that were made one by one are those that a replay makes.
  for (const report of yield* store.rebuild) assert.isTrue(report.equal, report.projection);
  yield* close;
});

interface Known {
  readonly ever: ReadonlySet<string>;
  readonly events: ReadonlyArray<AnyEvent>;
  readonly tokens: Array<{ readonly project: string; readonly name: string; readonly token: string }>;
  readonly cut: boolean;
}

/** Whether somebody was told what is so. */
const check = (step: Step, answer: Told["answer"], { ever, events, tokens, cut }: Known) => {
  if (step.do === "fail") return assert.property(answer, "failed");
  if ("failed" in answer) {
    const allowed = cut ? ["StorageError"] : [];
    switch (answer.failed) {
      case "NameTaken":
        return assert.isTrue("name" in step && ever.has(`${step.project} ${step.name}`), "taken by nobody");
      case "InvalidInput":
        return assert.isTrue(step.do === "join" && step.name !== undefined, "a session keeps its name");
      default:
        return assert.include(allowed, answer.failed);
    }
  }
  if (step.do === "register" || step.do === "worker" || step.do === "join") {
    const { name, token } = answer.ok as { readonly name: string; readonly token: string };
    const given = events.filter(
      (event) =>
        (event.type === "agent_registered" || event.type === "agent_rejoined") &&
        event.project === step.project &&
        event.data.name === name &&
        event.data.tokenHash === hashOf(token),
    );
    assert.strictEqual(given.length, 1, "what was told is in the log, once");
    if ("name" in step && step.name !== undefined) assert.strictEqual(name, step.name);
    tokens.push({ project: step.project, name, token });
  }
};

const isFull = process.env.OCVIBE_TEST_TIER === "full";

it("agrees with the log, whatever is done at once and wherever it is cut", { timeout: 900_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(round, { minLength: 1, maxLength: isFull ? 12 : 5 }), (rounds) =>
      Effect.runPromise(Effect.scoped(scenario(rounds))),
    ),
    { numRuns: isFull ? 250 : 12 },
  );
});
