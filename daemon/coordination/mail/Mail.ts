/**
 * Mail between the agents of a project and the person: who may be written to, and by whom. The mailbox below takes any
 * name; here it is that of a live agent, or `person`. That is asked in the decision which writes the message, so
 * nothing is ever sent to an agent that has ended; what still waits for one when it ends becomes dead letters in the
 * same decision.
 */
import { Context, Effect, Layer } from "effect";
import type { DeferredView } from "../../../shared/contract/deferredRoutes.ts";
import {
  type EventRejected,
  type InvalidInput,
  type NotFound,
  type NotNow,
  type StorageError,
  Unauthenticated,
  UnknownRecipient,
} from "../../../shared/contract/errors.ts";
import type { Origin } from "../../primitives/EventStore.ts";
import {
  type AskOptions,
  Mailbox,
  type Message,
  type NewMessage,
  type Question,
} from "../../primitives/Mailbox.ts";
import { Agents } from "../agents/Agents.ts";

/** The name that the person is written to by; no agent can have it. */
export const person = "person";

export class Mail extends Context.Service<
  Mail,
  {
    readonly send: (
      origin: Origin,
      message: NewMessage,
    ) => Effect.Effect<
      Message,
      UnknownRecipient | Unauthenticated | InvalidInput | EventRejected | StorageError
    >;
    /** Sends a message whose answer settles the deferred that this answers with. */
    readonly ask: (
      origin: Origin,
      question: Question,
      options?: AskOptions,
    ) => Effect.Effect<
      DeferredView,
      UnknownRecipient | Unauthenticated | InvalidInput | EventRejected | StorageError
    >;
    /** Puts a dead letter back, if its recipient can still take it. */
    readonly revive: (
      origin: Origin,
      recipient: string,
      id: string,
    ) => Effect.Effect<Message, UnknownRecipient | NotFound | NotNow | StorageError>;
  }
>()("opencode-vibe/coordination/Mail") {
  static readonly layer = Layer.effect(
    Mail,
    Effect.suspend(() => make),
  );
}

/** As many names as a refusal lists. */
const namesShown = 20;

const make = Effect.gen(function* () {
  const agents = yield* Agents;
  const mailbox = yield* Mailbox;

  yield* agents.onEnd((project, name) =>
    mailbox.leaving(project, name, `${name} has ended before it acked this.`),
  );

  const isThere = (project: string, name: string) => name === person || agents.isLive(project, name);
  const unknown = (project: string, names: ReadonlyArray<string>): UnknownRecipient | undefined => {
    const recipients = names.filter((name) => !isThere(project, name));
    if (recipients.length === 0) return undefined;
    const all = [...agents.live(project).map(({ name }) => name), person];
    const more = all.length > namesShown ? ` and ${all.length - namesShown} more` : "";
    return new UnknownRecipient({
      message: `Nobody here is called ${recipients.join(", ")}, or they have ended; nothing was sent. You can write to ${all.slice(0, namesShown).join(", ")}${more}.`,
      recipients,
    });
  };
  const notSender = (project: string, name: string): Unauthenticated | undefined =>
    isThere(project, name)
      ? undefined
      : new Unauthenticated({ message: `${name} has ended, and sends nothing any more.` });

  const refusal =
    ({ project }: Origin, { from, to }: Pick<NewMessage, "from" | "to">) =>
    () =>
      notSender(project, from) ?? unknown(project, to);

  return Mail.of({
    send: Effect.fn("Mail.send")(function* (origin, message) {
      return yield* mailbox.send(origin, message, refusal(origin, message));
    }),
    ask: Effect.fn("Mail.ask")(function* (origin, question, options) {
      return (yield* mailbox.request(origin, question, options, refusal(origin, question))).deferred;
    }),
    revive: Effect.fn("Mail.revive")(function* (origin, recipient, id) {
      return yield* mailbox.revive(origin, recipient, id, () => unknown(origin.project, [recipient]));
    }),
  });
});
