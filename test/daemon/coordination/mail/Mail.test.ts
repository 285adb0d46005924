import { assert, describe, it } from "@effect/vitest";
import { Effect, Layer } from "effect";
import { Agents } from "../../../../daemon/coordination/agents/Agents.ts";
import { Mail } from "../../../../daemon/coordination/mail/Mail.ts";
import { Deferred } from "../../../../daemon/primitives/Deferred.ts";
import { EventStore, type Origin } from "../../../../daemon/primitives/EventStore.ts";
import { Mailbox } from "../../../../daemon/primitives/Mailbox.ts";
import { temporaryStore } from "../storeLayer.ts";

const project = "p";
const origin = { project, actor: "daemon" } as const;
const layer = Mail.layer.pipe(
  Layer.provideMerge(Layer.mergeAll(Agents.layer, Mailbox.layer)),
  Layer.provideMerge(Deferred.layer),
  Layer.provideMerge(temporaryStore),
);

const test = <E>(
  name: string,
  run: Effect.Effect<void, E, Mail | Agents | Mailbox | Deferred | EventStore>,
) => it.live(name, () => run.pipe(Effect.provide(layer), Effect.scoped));

const register = (name: string, where: Origin = origin) =>
  Effect.flatMap(Agents, (agents) => agents.register(where, { kind: "session", name }));
const message = (to: ReadonlyArray<string>, from = "Ann") => ({ from, to, subject: "hello" });

describe("Mail", () => {
  test(
    "goes to live agents of the project and to the person, and to nobody else",
    Effect.gen(function* () {
      const mail = yield* Mail;
      const agents = yield* Agents;
      const mailbox = yield* Mailbox;
      const store = yield* EventStore;
      for (const name of ["Ann", "Bob", "Gone"]) yield* register(name);
      yield* register("Elsewhere", { project: "q", actor: "daemon" });
      yield* agents.end(origin, "Gone", "over");
      const sent = yield* mail.send(origin, message(["Bob", "person"]));
      assert.deepStrictEqual(yield* mailbox.inbox(project, "person"), [sent]);
      assert.deepStrictEqual(yield* mailbox.inbox(project, "Bob"), [sent]);
      const head = yield* store.head;
      const refused = yield* Effect.flip(mail.send(origin, message(["Bob", "Gone", "Elsewhere", "bob"])));
      assert.strictEqual(refused._tag, "UnknownRecipient");
      assert.deepInclude(refused, { recipients: ["Gone", "Elsewhere", "bob"] });
      assert.match(
        refused.message,
        /^Nobody here is called Gone, Elsewhere, bob.* nothing was sent.*write to Ann, Bob, person\.$/,
      );
      assert.strictEqual(yield* store.head, head);
      const asked = yield* Effect.flip(mail.ask(origin, message(["nobody"])));
      assert.strictEqual(asked._tag, "UnknownRecipient");
      assert.deepStrictEqual(yield* store.readAll({ project, types: ["deferred_created"] }), []);
    }),
  );

  test(
    "is not sent in the name of an agent that has ended meanwhile",
    Effect.gen(function* () {
      const mail = yield* Mail;
      const agents = yield* Agents;
      yield* register("Ann");
      const [, refused] = yield* Effect.all(
        [agents.end(origin, "Ann", "over"), Effect.flip(mail.send(origin, message(["person"])))],
        { concurrency: "unbounded" },
      );
      assert.strictEqual(refused._tag, "Unauthenticated");
    }),
  );

  test(
    "that waits for an agent when it ends becomes dead letters, at once and for good",
    Effect.gen(function* () {
      const mail = yield* Mail;
      const agents = yield* Agents;
      const mailbox = yield* Mailbox;
      const store = yield* EventStore;
      for (const name of ["Ann", "Bob"]) yield* register(name);
      const waits = yield* mail.send(origin, message(["Bob", "person"]));
      const inHand = yield* mail.send(origin, { ...message(["Bob"]), importance: "urgent" });
      const [got] = yield* mailbox.receive(project, "Bob", { limit: 1 });
      assert.strictEqual(got?.id, inHand.id);
      yield* agents.end(origin, "Bob", "over");
      const dead = yield* mailbox.dead(project);
      assert.sameMembers(
        dead.map(({ id }) => id),
        [waits.id, inHand.id],
      );
      for (const { recipient, error } of dead) {
        assert.strictEqual(recipient, "Bob");
        assert.strictEqual(error, "Bob has ended before it acked this.");
      }
      assert.deepStrictEqual(yield* mailbox.inbox(project, "Bob"), []);
      assert.deepStrictEqual(yield* mailbox.inbox(project, "person"), [waits]);
      assert.deepStrictEqual(yield* store.rows("mail_deliveries"), []);
      const late = yield* Effect.flip(mailbox.ack(origin, "Bob", got!.id, got!.delivery));
      assert.strictEqual(late._tag, "DeliveryLost");
      const revived = yield* Effect.flip(mail.revive(origin, "Bob", waits.id));
      assert.strictEqual(revived._tag, "UnknownRecipient");
      // All in the batch that ended it.
      const events = yield* store.readAll({ project });
      const ended = events.findIndex(({ type }) => type === "agent_ended");
      assert.deepStrictEqual(
        events.slice(ended).map(({ type, at }) => [type, at]),
        ["agent_ended", "mail_dead", "mail_dead"].map((type) => [type, events[ended]!.at]),
      );
    }),
  );

  test(
    "sent by a repeated call after its recipient has ended is still the same message",
    Effect.gen(function* () {
      const mail = yield* Mail;
      const agents = yield* Agents;
      for (const name of ["Ann", "Bob"]) yield* register(name);
      const once = { ...message(["Bob"]), id: "01980000-0000-7000-8000-000000000001" };
      const sent = yield* mail.send(origin, once);
      yield* agents.end(origin, "Bob", "over");
      assert.deepStrictEqual(yield* mail.send(origin, once), sent);
    }),
  );
});
