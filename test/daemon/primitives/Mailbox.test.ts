import { expect, it } from "@effect/vitest";
import { Deferred, Effect, Fiber, Layer, Stream } from "effect";
import type { AwakeClock } from "../../../daemon/primitives/AwakeClock.ts";
import { Deferred as Promises } from "../../../daemon/primitives/Deferred.ts";
import { EventStore, type NewEvent } from "../../../daemon/primitives/EventStore.ts";
import { Mailbox, type NewMessage } from "../../../daemon/primitives/Mailbox.ts";
import { tempFolder } from "../../support/tempFolder.ts";
import { storeIn, temporaryStore } from "../coordination/storeLayer.ts";
import { ended } from "./storeFixture.ts";

const project = "p";
const origin = { project, actor: "daemon" } as const;
const mailbox = Layer.provideMerge(Mailbox.layer, Promises.layer);
const mail = Layer.provideMerge(mailbox, temporaryStore);

const test = <E>(name: string, run: Effect.Effect<void, E, Mailbox | Promises | EventStore | AwakeClock>) =>
  it.live(name, () => run.pipe(Effect.provide(mail), Effect.scoped));

const to = (recipient: string, subject: string, more: Partial<NewMessage> = {}) =>
  Effect.flatMap(Mailbox, (mailbox) =>
    mailbox.send(origin, { from: "ann", to: [recipient], subject, ...more }),
  );
const receive = (recipient: string, options = {}) =>
  Effect.flatMap(Mailbox, (mailbox) => mailbox.receive(project, recipient, options));
const ack = (recipient: string, message: { readonly id: string; readonly delivery: string }) =>
  Effect.flatMap(Mailbox, (mailbox) => mailbox.ack(origin, recipient, message.id, message.delivery));
const subjects = (messages: ReadonlyArray<{ readonly subject: string }>) =>
  messages.map(({ subject }) => subject);

test(
  "a message is received, acked, and gone",
  Effect.gen(function* () {
    const mailbox = yield* Mailbox;
    const sent = yield* to("bob", "hello", { body: "how are you?" });
    expect(sent).toMatchObject({ from: "ann", to: ["bob"], thread: sent.id, importance: "normal" });
    expect(yield* mailbox.inbox(project, "bob")).toEqual([sent]);
    const [got, ...none] = yield* receive("bob");
    expect(none).toEqual([]);
    expect(got).toMatchObject({ ...sent, deliveries: 1 });
    expect(yield* receive("bob")).toEqual([]);
    expect(yield* receive("ann")).toEqual([]);
    yield* ack("bob", got!);
    expect(yield* mailbox.inbox(project, "bob")).toEqual([]);
    expect(yield* Effect.flip(ack("bob", got!))).toMatchObject({ _tag: "DeliveryLost" });
    const store = yield* EventStore;
    expect(yield* store.rows("mail_waiting")).toEqual([]);
    expect(yield* store.rows("mail_deliveries")).toEqual([]);
  }),
);

test(
  "an id makes a repeated send the same message, and no other content goes under it",
  Effect.gen(function* () {
    const id = "01980000-0000-7000-8000-000000000001";
    const once = yield* to("bob", "hello", { id });
    expect(yield* to("bob", "hello", { id })).toEqual(once);
    expect(yield* Effect.flip(to("bob", "other", { id }))).toMatchObject({ _tag: "EventRejected" });
    const [got] = yield* receive("bob");
    yield* ack("bob", got!);
    // Neither does it come back, nor is it refused because its recipient has gone meanwhile.
    const mailbox = yield* Mailbox;
    const message = { id, from: "ann", to: ["bob"], subject: "hello" };
    const again = yield* mailbox.send(origin, message, () => ({ _tag: "Gone" as const }));
    expect(again).toEqual(once);
    expect(yield* receive("bob")).toEqual([]);
    const { id: _, ...anew } = message;
    expect(yield* Effect.flip(mailbox.send(origin, anew, () => ({ _tag: "Gone" as const })))).toEqual({
      _tag: "Gone",
    });
  }),
);

test(
  "a message that its recipient has dealt with is gone, handed out or not, and frees the next of its thread",
  Effect.gen(function* () {
    const mailbox = yield* Mailbox;
    const first = yield* to("bob", "first", { thread: "t" });
    const second = yield* to("bob", "second", { thread: "t" });
    const third = yield* to("bob", "third");
    const [taken] = yield* receive("bob", { limit: 1 });
    expect(taken?.id).toBe(first.id);
    // In somebody's hand: that delivery is void with it.
    yield* mailbox.seen(origin, "bob", first.id);
    expect(yield* Effect.flip(ack("bob", taken!))).toMatchObject({ _tag: "DeliveryLost" });
    expect(subjects(yield* receive("bob"))).toEqual(["second", "third"]);
    const fourth = yield* to("bob", "fourth");
    yield* mailbox.seen(origin, "bob", fourth.id);
    yield* mailbox.seen(origin, "bob", second.id);
    yield* mailbox.seen(origin, "bob", third.id);
    expect(yield* mailbox.inbox(project, "bob")).toEqual([]);
    expect(yield* Effect.flip(mailbox.seen(origin, "bob", fourth.id))).toMatchObject({ _tag: "NotFound" });
    const store = yield* EventStore;
    expect(yield* store.rows("mail_waiting")).toEqual([]);
    expect(yield* store.rows("mail_deliveries")).toEqual([]);
  }),
);

test(
  "each recipient acks for itself",
  Effect.gen(function* () {
    const mailbox = yield* Mailbox;
    yield* mailbox.send(origin, { from: "ann", to: ["bob", "cleo", "bob"], subject: "both" });
    const [toBob] = yield* receive("bob");
    expect(toBob?.to).toEqual(["bob", "cleo"]);
    expect(yield* Effect.flip(ack("cleo", toBob!))).toMatchObject({ _tag: "DeliveryLost" });
    yield* ack("bob", toBob!);
    const [toCleo] = yield* receive("cleo");
    expect(toCleo).toMatchObject({ id: toBob!.id, deliveries: 1 });
  }),
);

test(
  "a thread hands out one message after the other, threads do not wait for each other, urgent comes first",
  Effect.gen(function* () {
    yield* to("bob", "a1", { thread: "a" });
    yield* to("bob", "a2", { thread: "a", importance: "urgent" });
    yield* to("bob", "b1", { thread: "b", importance: "low" });
    yield* to("bob", "c1", { importance: "high" });
    yield* to("bob", "d1", { importance: "urgent" });
    const first = yield* receive("bob");
    expect(subjects(first)).toEqual(["d1", "c1", "a1", "b1"]);
    expect(yield* receive("bob")).toEqual([]);
    yield* ack("bob", first[2]!);
    expect(subjects(yield* receive("bob"))).toEqual(["a2"]);
  }),
);

test(
  "what is not acked in time comes back, and after five deliveries it is a dead letter",
  Effect.gen(function* () {
    const mailbox = yield* Mailbox;
    const sent = yield* to("bob", "poison", { thread: "t" });
    yield* to("bob", "next", { thread: "t" });
    for (let n = 1; n <= 4; n++) {
      const [got] = yield* receive("bob", { visibility: 20, wait: "5 seconds" });
      expect(got).toMatchObject({ subject: "poison", deliveries: n });
      if (n === 1) {
        yield* Effect.sleep(30);
        expect(yield* Effect.flip(ack("bob", got!))).toMatchObject({ _tag: "DeliveryLost" });
      }
    }
    const [last] = yield* receive("bob", { wait: "5 seconds" });
    const failed = yield* mailbox.fail(origin, "bob", sent.id, last!.delivery, "it broke");
    expect(failed).toEqual({ dead: true });
    expect(yield* mailbox.dead(project, "bob")).toMatchObject([
      { id: sent.id, subject: "poison", deliveries: 5, error: "it broke" },
    ]);
    const [next] = yield* receive("bob");
    expect(next?.subject).toBe("next");
    // Revived, it has its old place, before what came later.
    yield* mailbox.revive(origin, "bob", sent.id);
    expect(yield* receive("bob")).toEqual([]);
    yield* mailbox.fail(origin, "bob", next!.id, next!.delivery, "later");
    expect(yield* receive("bob")).toMatchObject([{ subject: "poison", deliveries: 1 }]);
    expect(yield* mailbox.dead(project)).toEqual([]);
    expect(yield* Effect.flip(mailbox.revive(origin, "bob", sent.id))).toMatchObject({ _tag: "NotFound" });
  }),
);

test(
  "a message whose last time ran out dies without anybody asking, with what was said before",
  Effect.gen(function* () {
    const mailbox = yield* Mailbox;
    yield* to("bob", "poison");
    for (let n = 1; n <= 4; n++) {
      const [got] = yield* receive("bob");
      yield* mailbox.fail(origin, "bob", got!.id, got!.delivery, `failure ${n}`);
    }
    yield* receive("bob", { visibility: 20 });
    const store = yield* EventStore;
    const died = yield* store.subscribe({ project, types: ["mail_dead"] }).pipe(Stream.runHead);
    expect(died).toMatchObject({
      value: { data: { deliveries: 5, error: "It was not acked in time. Before that: failure 4" } },
    });
    expect(yield* receive("bob")).toEqual([]);
  }),
);

test(
  "one message wakes one waiter, the one that came first; an interrupted one leaves no trace",
  Effect.gen(function* () {
    const got: Array<string> = [];
    const waiting = (name: string) =>
      receive("bob", { wait: "20 seconds" }).pipe(
        Effect.tap((messages) => Effect.sync(() => got.push(`${name} ${subjects(messages)}`))),
        Effect.forkChild({ startImmediately: true }),
      );
    const zero = yield* waiting("zero");
    const one = yield* waiting("one");
    const two = yield* waiting("two");
    // A decision of its own comes after those of the waiters.
    yield* receive("bob");
    yield* Fiber.interrupt(zero);
    yield* to("bob", "first");
    yield* Fiber.join(one);
    expect(got).toEqual(["one first"]);
    yield* to("bob", "second");
    yield* Fiber.join(two);
    expect(got).toEqual(["one first", "two second"]);
    expect(yield* receive("bob", { wait: 10 })).toEqual([]);
  }),
);

test(
  "a waiter is woken by the ack that frees a thread, by a return and by a message given back",
  Effect.gen(function* () {
    const mailbox = yield* Mailbox;
    yield* to("bob", "a1", { thread: "a" });
    yield* to("bob", "a2", { thread: "a" });
    const [a1] = yield* receive("bob");
    const next = yield* receive("bob", { wait: "20 seconds" }).pipe(
      Effect.forkChild({ startImmediately: true }),
    );
    yield* receive("bob");
    yield* ack("bob", a1!);
    const [a2] = yield* Fiber.join(next);
    expect(a2?.subject).toBe("a2");
    const again = yield* receive("bob", { visibility: 30, wait: "20 seconds" }).pipe(
      Effect.forkChild({ startImmediately: true }),
    );
    yield* receive("bob");
    yield* mailbox.fail(origin, "bob", a2!.id, a2!.delivery, "not yet");
    expect(yield* Fiber.join(again)).toMatchObject([{ subject: "a2", deliveries: 2 }]);
    expect(yield* receive("bob", { wait: "20 seconds" })).toMatchObject([{ subject: "a2", deliveries: 3 }]);
  }),
);

test(
  "of many receivers at once each message has one",
  Effect.gen(function* () {
    const messages = 200;
    const receivers = Array.from({ length: 16 }, (_, n) => n);
    const counts = new Map<string, number>();
    const consume = Effect.gen(function* () {
      for (;;) {
        const [got] = yield* receive("bob", { limit: 1, wait: 300 });
        if (got === undefined) return;
        counts.set(got.subject, (counts.get(got.subject) ?? 0) + 1);
        yield* ack("bob", got);
      }
    });
    const send = Effect.forEach(
      Array.from({ length: messages }, (_, n) => `${n}`),
      (n) => to("bob", n, { thread: `t${Number(n) % 40}` }),
      { concurrency: 8, discard: true },
    );
    yield* Effect.all([send, ...receivers.map(() => consume)], { concurrency: "unbounded" });
    expect(counts.size).toBe(messages);
    expect([...counts.values()].every((count) => count === 1)).toBe(true);
  }),
);

test(
  "process writes what the handler returns together with the ack, once, whatever happens",
  Effect.gen(function* () {
    const mailbox = yield* Mailbox;
    const store = yield* EventStore;
    for (const name of ["fine", "slow", "fails", "bad"]) yield* to("bob", name);
    let attempts = 0;
    const outcomes = yield* mailbox
      .process(origin, "bob", { visibility: 200 }, ({ subject, deliveries }) =>
        Effect.gen(function* (): Effect.fn.Return<ReadonlyArray<NewEvent>, Error> {
          attempts += 1;
          if (subject === "slow" && deliveries === 1) yield* Effect.sleep(260);
          if (subject === "fails" && deliveries < 3) return yield* Effect.fail(new Error("not yet"));
          // An event that can't be stored.
          if (subject === "bad")
            return [{ ...ended(subject, "done"), type: "unheard_of" } as unknown as NewEvent];
          return [ended(subject, "done")];
        }),
      )
      .pipe(Stream.take(11), Stream.runCollect);
    const inbox = yield* mailbox.inbox(project, "bob");
    expect(inbox).toEqual([]);
    expect(attempts).toBe(11);
    const count = (outcome: string) => outcomes.filter((one) => one.outcome === outcome).length;
    expect(["done", "lost", "failed", "dead"].map(count)).toEqual([3, 1, 6, 1]);
    const events = yield* store.readAll({ project, types: ["agent_ended"] });
    expect(events.map(({ stream }) => stream).toSorted()).toEqual([
      "agent/fails",
      "agent/fine",
      "agent/slow",
    ]);
    expect(yield* mailbox.dead(project)).toMatchObject([{ subject: "bad", deliveries: 5 }]);
  }),
);

test(
  "a consumer that is stopped gives its message back, uncounted",
  Effect.gen(function* () {
    const mailbox = yield* Mailbox;
    yield* to("bob", "long");
    const started = yield* Deferred.make<void>();
    const consumer = yield* mailbox
      .process(origin, "bob", {}, () => Effect.andThen(Deferred.succeed(started, undefined), Effect.never))
      .pipe(Stream.runDrain, Effect.forkChild);
    yield* Deferred.await(started);
    yield* Fiber.interrupt(consumer);
    expect(yield* receive("bob", { wait: "20 seconds" })).toMatchObject([{ deliveries: 1 }]);
  }),
);

test(
  "ask gives the answer to a message, or why there is none",
  Effect.gen(function* () {
    const mailbox = yield* Mailbox;
    const promises = yield* Promises;
    const question = { from: "ann", to: ["bob"], subject: "which one?" };
    const asked = yield* mailbox.ask(origin, question).pipe(Effect.forkChild({ startImmediately: true }));
    const [got] = yield* receive("bob", { wait: "20 seconds" });
    yield* promises.resolve(origin, got!.replyTo!, { choice: 2 });
    yield* ack("bob", got!);
    expect(yield* Fiber.join(asked)).toEqual({ choice: 2 });

    const refused = yield* mailbox.ask(origin, question).pipe(Effect.forkChild({ startImmediately: true }));
    const [other] = yield* receive("bob", { wait: "20 seconds" });
    yield* promises.reject(origin, other!.replyTo!, "none of them");
    expect(yield* Effect.flip(Fiber.join(refused))).toMatchObject({
      _tag: "Rejected",
      reason: "none of them",
    });
    const late = yield* Effect.flip(mailbox.ask(origin, question, { expires: 20 }));
    expect(late).toMatchObject({ _tag: "TimedOut" });
    // The question and what takes its answer are one: neither is without the other.
    const gone = Effect.flip(mailbox.request(origin, question, {}, () => ({ _tag: "Gone" as const })));
    expect(yield* gone).toEqual({ _tag: "Gone" });
    const store = yield* EventStore;
    expect(yield* store.readAll({ project, types: ["mail_sent"] })).toHaveLength(3);
    expect(yield* store.readAll({ project, types: ["deferred_created"] })).toHaveLength(3);
    expect(yield* Effect.flip(mailbox.ask(origin, question, { expires: 0 }))).toMatchObject({
      _tag: "InvalidInput",
    });
  }),
);

test(
  "what is no message is refused with what to do, and nothing is sent",
  Effect.gen(function* () {
    const mailbox = yield* Mailbox;
    const fine: NewMessage = { from: "ann", to: ["bob"], subject: "hello" };
    const cases: ReadonlyArray<readonly [Partial<NewMessage>, RegExp]> = [
      [{ body: "x".repeat(10_000_000) }, /10000000 bytes; 65536 .* Put it into a file/],
      [{ body: "é".repeat(32_769) }, /65538 bytes/],
      [{ subject: " \t" }, /needs a subject/],
      [{ subject: "x".repeat(501) }, /501 characters; 500 is the most/],
      [{ to: [] }, /at least one recipient/],
      [{ to: Array.from({ length: 101 }, (_, n) => `a${n}`) }, /101 recipients; 100 is the most/],
      [{ to: ["bob", ""] }, /The recipient "" is no name/],
      [{ to: ["x".repeat(201)] }, /is no name/],
      [{ from: "an\nn" }, /The sender "an\\nn" is no name/],
      [{ thread: "" }, /The thread "" is no name/],
      [{ replyTo: "\u0000" }, /The replyTo .* is no name/],
      [{ id: "1" }, /a UUIDv7 in small letters, not "1"/],
      [{ id: "01980000-0000-4000-8000-000000000001" }, /a UUIDv7/],
      [{ subject: "half \ud83d" }, /half of a character/],
    ];
    for (const [change, says] of cases) {
      const refused = yield* Effect.flip(mailbox.send(origin, { ...fine, ...change }));
      expect(refused).toMatchObject({ _tag: "InvalidInput", message: expect.stringMatching(says) });
    }
    const wrong = [
      { limit: 0 },
      { limit: 1.5 },
      { limit: 101 },
      { visibility: 0 },
      { visibility: "13 hours" },
    ];
    for (const options of [...wrong, { visibility: "-1 seconds" }, { visibility: "Infinity" }])
      expect(yield* Effect.flip(receive("bob", options))).toMatchObject({ _tag: "InvalidInput" });
    expect(yield* Effect.flip(receive("bo\nb"))).toMatchObject({ _tag: "InvalidInput" });
    const store = yield* EventStore;
    expect(yield* store.head).toBe(0);
    const largest = { ...fine, subject: "x".repeat(500), body: "x".repeat(65_536) };
    yield* mailbox.send(origin, { ...largest, to: Array.from({ length: 100 }, (_, n) => `a${n}`) });
    expect(yield* receive("a99")).toMatchObject([{ body: largest.body }]);
  }),
);

it.live("all of it survives the process", () =>
  Effect.gen(function* () {
    const folder = yield* tempFolder;
    const life = <A, E>(run: Effect.Effect<A, E, Mailbox | EventStore | AwakeClock>) =>
      run.pipe(Effect.provide(Layer.provideMerge(mailbox, storeIn(folder))), Effect.scoped);
    const [out] = yield* life(
      Effect.gen(function* () {
        const mailbox = yield* Mailbox;
        yield* to("bob", "out", { importance: "high" });
        yield* to("bob", "waits");
        yield* to("bob", "given back", { importance: "urgent" });
        const [first] = yield* receive("bob", { limit: 1 });
        yield* mailbox.fail(origin, "bob", first!.id, first!.delivery, "why not");
        const got = yield* receive("bob", { limit: 2 });
        yield* mailbox.fail(origin, "bob", got[0]!.id, got[0]!.delivery, "why not");
        return got.slice(1);
      }),
    );
    yield* life(
      Effect.gen(function* () {
        const got = yield* receive("bob");
        expect(got).toMatchObject([
          { subject: "given back", deliveries: 3 },
          { subject: "waits", deliveries: 1 },
        ]);
        yield* ack("bob", out!);
        expect(out?.subject).toBe("out");
      }),
    );
  }).pipe(Effect.scoped),
);
