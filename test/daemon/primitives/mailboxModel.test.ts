/**
 * Random senders, receivers and consumers, crashes, failing transactions, wall clocks that are set and machines that
 * sleep, against a plain model of a mailbox. `OCVIBE_SEED` runs one history again.
 */
import { randomInt } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate, setTimeout } from "node:timers/promises";
import { Effect, Exit, Fiber, Layer, Logger, ManagedRuntime, Result, Stream } from "effect";
import { assert, it } from "vitest";
import { sqlLayer } from "../../../daemon/platform/Sql.ts";
import { AwakeClock } from "../../../daemon/primitives/AwakeClock.ts";
import { Deferred } from "../../../daemon/primitives/Deferred.ts";
import { EventStore } from "../../../daemon/primitives/EventStore.ts";
import { type Delivery, Mailbox } from "../../../daemon/primitives/Mailbox.ts";
import type { Projection } from "../../../daemon/primitives/Projection.ts";
import { projections, stateTables } from "../../../daemon/tables.ts";
import { collectStore } from "../../support/collectStore.ts";
import { type JumpingClock, makeJumpingClock } from "../../support/jumpingClock.ts";
import { makeMailModel } from "./mailModel.ts";
import { ended, registered } from "./storeFixture.ts";

const full = process.env.OCVIBE_TEST_TIER === "full";
const histories = full ? 300 : 3;
const steps = full ? 150 : 80;

const project = "p";
const origin = { project, actor: "daemon" } as const;
const names = ["ann", "bob"] as const;
const importances = ["urgent", "high", "normal", "low"] as const;

/** The same numbers for the same seed (mulberry32). */
const random = (seed: number) => {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const below = (n: number) => Math.floor(next() * n);
  return { below, pick: <A>(from: ReadonlyArray<A>): A => from[below(from.length)]! };
};

/** Its row can't be written for one name, so that a transaction fails with what was decided in it. */
const fragile: Projection = {
  name: "fragile",
  version: 1,
  tables: [{ name: "fragile", columns: { name: "text" }, key: ["name"] }],
  types: ["agent_registered"],
  apply: (event) =>
    event.type === "agent_registered"
      ? [{ table: "fragile", key: { name: null as unknown as string }, set: {} }]
      : [],
};

interface Hand {
  readonly recipient: string;
  readonly id: string;
  readonly delivery: string;
}

const open = (file: string, time: JumpingClock) =>
  ManagedRuntime.make(
    Mailbox.layer.pipe(
      Layer.provideMerge(Deferred.layer),
      Layer.provideMerge(EventStore.layer([...projections, fragile], stateTables)),
      Layer.provideMerge(AwakeClock.layer),
      Layer.provideMerge(sqlLayer({ file })),
      Layer.provideMerge(time.layer),
      Layer.provideMerge(Logger.layer([])),
    ),
  );

const history = async (seed: number, file: string) => {
  const { below, pick } = random(seed);
  const time = makeJumpingClock();
  const model = makeMailModel();
  let runtime = open(file, time);
  type Services = Mailbox | EventStore | AwakeClock;
  const run = <A, E>(effect: Effect.Effect<A, E, Services>): Promise<A> => runtime.runPromise(effect);
  const mailbox = <A, E>(use: (one: Mailbox["Service"]) => Effect.Effect<A, E>) =>
    Effect.flatMap(Mailbox, use);
  /** Deliveries that somebody has in hand, or had. */
  const hands: Array<Hand> = [];
  /** Messages that a consumer has worked off in the store. */
  const worked: Array<string> = [];

  const pass = async (milliseconds: number) => {
    await run(time.advance(milliseconds));
    model.pass(milliseconds);
  };
  const send = async () => {
    const to = below(4) === 0 ? names : [pick(names)];
    const importance = pick(importances);
    const thread = below(3) === 0 ? {} : { thread: pick(["a", "b", "c"]) };
    const draft = { from: "ann", to, subject: `s${below(1000)}`, importance, ...thread };
    const message = await run(mailbox((one) => one.send(origin, draft)));
    const stored = await run(Effect.flatMap(EventStore, (store) => store.byId([message.id])));
    const { id } = message;
    const rank = importances.indexOf(importance);
    for (const recipient of to)
      model.send({ id, recipient, thread: message.thread, rank, seq: stored.get(id)!.seq });
  };
  const took = (recipient: string, got: ReadonlyArray<Delivery>, visibility?: number) => {
    for (const { id, delivery, deliveries, visibleAgainAt } of got) {
      const left = Date.parse(visibleAgainAt) - time.wall();
      if (visibility !== undefined) assert.strictEqual(left, visibility);
      const letter = model.ready(recipient).find((one) => one.id === id);
      assert.isDefined(letter, `${id} was handed out to ${recipient}, and should not have been`);
      model.handOut(letter!, delivery, left);
      assert.strictEqual(deliveries, letter!.deliveries);
      hands.push({ recipient, id, delivery });
    }
  };
  const receive = async () => {
    const recipient = pick(names);
    const limit = 1 + below(4);
    const visibility = 1000 * (1 + below(90));
    const got = await run(mailbox((one) => one.receive(project, recipient, { limit, visibility })));
    const expected = model.ready(recipient).slice(0, limit);
    assert.deepStrictEqual(
      got.map(({ id }) => id),
      expected.map(({ id }) => id),
    );
    took(recipient, got, visibility);
  };
  const tag = (exit: Exit.Exit<unknown, { readonly _tag: string }>) =>
    Exit.isSuccess(exit) ? "done" : Result.getOrUndefined(Exit.findError(exit))?._tag;
  const ack = async () => {
    if (hands.length === 0) return;
    const { recipient, id, delivery } = pick(hands.slice(-6));
    const letter = model.held(id, recipient, delivery);
    const exit = await run(Effect.exit(mailbox((one) => one.ack(origin, recipient, id, delivery))));
    assert.strictEqual(tag(exit), letter === undefined ? "DeliveryLost" : "done");
    if (letter !== undefined) model.ack(letter);
  };
  const fail = async (hand: Hand | undefined = pick(hands.slice(-6))) => {
    if (hand === undefined) return;
    const { recipient, id, delivery } = hand;
    const letter = model.held(id, recipient, delivery);
    const error = `e${below(100)}`;
    const exit = await run(Effect.exit(mailbox((one) => one.fail(origin, recipient, id, delivery, error))));
    assert.strictEqual(tag(exit), letter === undefined ? "DeliveryLost" : "done");
    if (letter !== undefined)
      assert.deepStrictEqual(exit, Exit.succeed({ dead: model.fail(letter, error) }) as typeof exit);
  };
  /** A consumer whose handler may take too long. */
  const process = async () => {
    const recipient = pick(names);
    const [letter] = model.ready(recipient);
    if (letter === undefined) return;
    const late = below(3) === 0;
    const done = run(
      mailbox((one) =>
        one
          .process(origin, recipient, { visibility: 1000 }, ({ id }) =>
            Effect.gen(function* () {
              assert.strictEqual(id, letter.id);
              if (late) yield* time.advance(1001);
              return [ended(`${id}-${recipient}`, "worked")];
            }),
          )
          .pipe(Stream.take(1), Stream.runCollect),
      ),
    );
    const [outcome] = await done;
    model.handOut(letter, "process", 1000);
    if (late) model.pass(1001);
    assert.strictEqual(outcome?.outcome, late ? "lost" : "done");
    if (late) return;
    model.ack(letter);
    worked.push(`agent/${letter.id}-${recipient}`);
  };
  /** Mail that nobody can work off. */
  const wearOut = async () => {
    const recipient = pick(names);
    const visibility = 2000;
    for (let n = 0; n < 5; n++) {
      const got = await run(mailbox((one) => one.receive(project, recipient, { limit: 1, visibility })));
      took(recipient, got, visibility);
      if (below(2) === 0) await pass(visibility);
      else await fail(hands.at(-1));
    }
  };
  const revive = async () => {
    const [one] = model.dead();
    const { recipient, id } = one?.letter ?? { recipient: "ann", id: "none" };
    const exit = await run(Effect.exit(mailbox((box) => box.revive(origin, recipient, id))));
    assert.strictEqual(tag(exit), model.revive(recipient, id) ? "done" : "NotFound");
  };
  /** Calls at once, some beside an append that fails their transaction: each gets what nobody else has. */
  const together = async () => {
    const recipient = pick(names);
    const before = model.ready(recipient).length;
    const calls = Array.from({ length: 4 }, () =>
      mailbox((one) => one.receive(project, recipient, { limit: 1, visibility: 60_000 })),
    );
    const bad = Effect.flatMap(EventStore, (store) => Effect.exit(store.append(origin, [registered("x")])));
    const failing = below(2) === 0 ? [bad] : [];
    const all = await run(
      Effect.all([calls[0]!, calls[1]!, ...failing, calls[2]!, calls[3]!], { concurrency: "unbounded" }),
    );
    const got = all.flatMap((one) => (Array.isArray(one) ? (one as ReadonlyArray<Delivery>) : []));
    assert.strictEqual(got.length, Math.min(4, before));
    assert.strictEqual(new Set(got.map(({ id }) => id)).size, got.length);
    took(recipient, got, 60_000);
  };
  /** While somebody waits, nothing is left for others. */
  const wait = async () => {
    const recipient = pick(names);
    const visibility = 30_000;
    const waiters = Array.from({ length: 1 + below(3) }, () =>
      runtime.runFork(
        mailbox((one) => one.receive(project, recipient, { limit: 1, visibility, wait: 15_000 })),
      ),
    );
    const gone = below(3) === 0 ? waiters.pop() : undefined;
    await quiet();
    /** Who is woken reads the message from the disk, which takes real time. */
    const collect = async (patience = 1000): Promise<void> => {
      await quiet();
      const done = waiters.find((waiter) => waiter.pollUnsafe() !== undefined);
      if (done !== undefined) {
        waiters.splice(waiters.indexOf(done), 1);
        const exit = done.pollUnsafe()!;
        assert.isTrue(Exit.isSuccess(exit), String(exit));
        if (Exit.isSuccess(exit)) took(recipient, exit.value);
        return collect();
      }
      if (waiters.length === 0 || model.ready(recipient).length === 0) return;
      assert.isAbove(patience, 0, "somebody waits, and was not woken");
      await setTimeout(2);
      return collect(patience - 1);
    };
    if (gone !== undefined) {
      const taken = gone.pollUnsafe();
      await run(Fiber.interrupt(gone));
      if (taken !== undefined && Exit.isSuccess(taken)) took(recipient, taken.value);
    }
    await collect();
    for (let n = below(4); n > 0; n--) {
      await pick([send, send, ack, () => fail(), () => pass(below(4000))])();
      await collect();
    }
    await pass(15_001);
    while (waiters.length > 0) {
      await collect();
      await setTimeout(2);
    }
  };
  /** What was woken has looked, and waits again or is done. */
  const quiet = async () => {
    for (let n = 0; n < 4; n++) {
      await setImmediate();
      await run(mailbox((one) => one.receive(project, "nobody")));
    }
  };
  const crash = async () => {
    await runtime.dispose();
    runtime = open(file, time);
    await run(Mailbox);
  };
  const jump = async () => {
    await run(Effect.map(AwakeClock, (clock) => clock.now()));
    await run(
      pick([
        time.jumpWall("3 hours"),
        time.jumpWall("-3 hours"),
        time.sleepMachine("8 hours", "stands still"),
        time.sleepMachine("8 hours", "goes on"),
      ]),
    );
    // Until that is noticed, what the rows say of time means another moment after a restart.
    await pass(11_000);
    for (let patience = 1000; !(await rowsAreRight()); patience--) {
      assert.isAbove(patience, 0, "the rows were not written anew");
      await setTimeout(2);
    }
  };
  const rowsAreRight = async () => {
    const rows = await run(Effect.flatMap(EventStore, (store) => store.rows("mail_deliveries")));
    return rows.every(({ id, recipient, delivery, visible_at }) => {
      const out = model.held(String(id), String(recipient), String(delivery))?.out;
      return out === undefined || visible_at === time.wall() + out.until - model.now();
    });
  };
  const check = async () => {
    await quiet();
    for (const name of names) {
      const inbox = await run(mailbox((one) => one.inbox(project, name)));
      assert.deepStrictEqual(
        inbox.map(({ id }) => id),
        model.waiting(name).map(({ id }) => id),
      );
    }
    const dead = await run(mailbox((one) => one.dead(project)));
    const sorted = (all: ReadonlyArray<ReadonlyArray<unknown>>) => all.map((one) => one.join(" ")).sort();
    assert.deepStrictEqual(
      sorted(dead.map(({ id, recipient, error }) => [id, recipient, error])),
      sorted(model.dead().map(({ letter, error }) => [letter.id, letter.recipient, error])),
    );
    const events = await run(
      Effect.flatMap(EventStore, (store) => store.readAll({ project, types: ["agent_ended"] })),
    );
    assert.deepStrictEqual(
      events.map(({ stream }) => stream),
      worked,
    );
  };

  const often = [send, send, send, receive, receive, receive, ack, ack, ack, () => fail(), process];
  const all = [
    ...often,
    ...often,
    () => pass(below(40_000)),
    wearOut,
    wearOut,
    revive,
    revive,
    together,
    together,
    wait,
    crash,
    jump,
    check,
  ];
  try {
    await run(Mailbox);
    for (let step = 0; step < steps; step++) await pick(all)();
    await check();
    await crash();
    await check();
    const reports = await run(Effect.flatMap(EventStore, (store) => store.rebuild));
    for (const report of reports) assert.isTrue(report.equal, report.projection);
    // Once the last are done, nothing is kept of any of them.
    for (const name of names) {
      for (let got: ReadonlyArray<Delivery> = [], left = 1000; left > 0; left--) {
        await pass(100_000);
        got = await run(mailbox((one) => one.receive(project, name, { limit: 100 })));
        for (const { id, delivery } of got) await run(mailbox((one) => one.ack(origin, name, id, delivery)));
        if (got.length === 0) break;
      }
    }
    const rows = await run(Effect.flatMap(EventStore, (store) => store.rows("mail_deliveries")));
    assert.deepStrictEqual(rows, []);
  } finally {
    await runtime.dispose();
    collectStore(file);
  }
};

const given = process.env.OCVIBE_SEED;
const seeds =
  given === undefined ? Array.from({ length: histories }, () => randomInt(2 ** 31)) : [Number(given)];

it("does what the model does, in every history", { timeout: full ? 3_600_000 : 120_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), "ocvibe-mail-"));
  try {
    for (const [index, seed] of seeds.entries()) {
      await history(seed, join(folder, `${index}.db`)).catch((cause: Error) => {
        cause.message = `with OCVIBE_SEED=${seed}: ${cause.message}`;
        throw cause;
      });
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
