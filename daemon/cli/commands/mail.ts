/**
 * `ocvibe mail`: messages between the agents of this project and the person. Whoever calls sends and receives in its
 * own name: the agent whose token is in `OCVIBE_AGENT_TOKEN`, else the person.
 */
import { readFile } from "node:fs/promises";
import { Effect, Option } from "effect";
import { Argument, Command, Flag } from "effect/cli";
import type { DeferredView } from "../../../shared/contract/deferredRoutes.ts";
import { type AnyError, InvalidInput, Rejected } from "../../../shared/contract/errors.ts";
import type { Delivery } from "../../../shared/contract/mailRoutes.ts";
import { switchFlag, textFlag } from "../flags.ts";
import { omitUndefined } from "../omitUndefined.ts";
import { openSession } from "../openSession.ts";
import { deadLetterLines, deliveryLines, messageLine } from "../render/mail.ts";
import { count, listed, plain, plainLines } from "../render/text.ts";
import type { Session } from "../Session.ts";

const subjectFlag = Flag.String("subject").pipe(
  Flag.withMetavar("TEXT"),
  Flag.withDescription("What it is about, at most 500 characters"),
);
const bodyFlags = {
  body: textFlag("body", "TEXT", "The message itself, at most 64 KiB"),
  file: textFlag("file", "PATH", 'The message itself is in this file; "-" is standard input'),
};
const ofFlag = textFlag("of", "NAME", "Whose: an agent's name (only the person may look into another's)");
const secondsFlag = (name: string, description: string) =>
  Flag.Int(name).pipe(Flag.withMetavar("SECONDS"), Flag.withDescription(description), Flag.optional);
const idArgument = Argument.String("id").pipe(Argument.withDescription("The message's id"));

const send = Command.make(
  "send",
  {
    to: Argument.String("recipient").pipe(
      Argument.withDescription('Names of agents, or "person"'),
      Argument.variadic({ min: 1 }),
    ),
    subject: subjectFlag,
    ...bodyFlags,
    thread: textFlag("thread", "NAME", "Messages of a thread are received one after the other"),
    importance: Flag.Literals("importance", ["low", "normal", "high", "urgent"]).pipe(
      Flag.withDescription("Urgent mail is received first (default normal)"),
      Flag.optional,
    ),
    id: textFlag("id", "UUID", "A UUIDv7: the same call made again sends nothing twice"),
  },
  Effect.fn("mail.send")(function* (input) {
    const session = yield* openSession;
    const request = omitUndefined({
      project: session.project,
      to: input.to,
      subject: input.subject,
      body: yield* bodyOf(input),
      thread: Option.getOrUndefined(input.thread),
      importance: Option.getOrUndefined(input.importance),
      id: Option.getOrUndefined(input.id),
    });
    const message = yield* session.ask((client, signal) => client.mail.send(request, { signal }));
    session.print(message, [`Sent ${message.id} to ${listed(message.to.map(plain))}.`]);
  }),
).pipe(Command.withDescription("Send a message"));

const inbox = Command.make(
  "inbox",
  { of: ofFlag },
  Effect.fn("mail.inbox")(function* (input) {
    const session = yield* openSession;
    const request = omitUndefined({ project: session.project, of: Option.getOrUndefined(input.of) });
    const messages = yield* session.ask((client, signal) => client.mail.inbox(request, { signal }));
    const read = session.command("mail", "receive");
    const hint = Option.isSome(input.of) ? [] : ["", `Receive them: ${read}`];
    session.print(
      messages,
      messages.length === 0 ? ["No mail waits."] : [...messages.map(messageLine), ...hint],
    );
  }),
).pipe(Command.withDescription("List the mail that waits; nothing is handed out by it"));

const receive = Command.make(
  "receive",
  {
    limit: Flag.Int("limit").pipe(
      Flag.withMetavar("N"),
      Flag.withDescription("At most this many messages (default 10)"),
      Flag.optional,
    ),
    visibility: secondsFlag("visibility", "How long they are yours before they come back (default 60)"),
    wait: secondsFlag("wait", "Wait this long for a first message"),
    ack: switchFlag("ack", "Acknowledge them at once, after they are printed"),
  },
  Effect.fn("mail.receive")(function* (input) {
    const session = yield* openSession;
    const { project } = session;
    const got = yield* receiveFor(
      session,
      Option.getOrElse(input.wait, () => 0),
      {
        project,
        ...omitUndefined({
          limit: Option.getOrUndefined(input.limit),
          visibilitySeconds: Option.getOrUndefined(input.visibility),
        }),
      },
    );
    const lines = got.flatMap((delivery, index) => [
      ...(index === 0 ? [] : [""]),
      ...deliveryLines(delivery, {
        ack: input.ack ? undefined : session.command("mail", "ack", delivery.id, delivery.delivery),
        reply:
          delivery.replyTo === undefined
            ? undefined
            : session.command("mail", "reply", delivery.replyTo, "TEXT"),
      }),
    ]);
    session.print(got, got.length === 0 ? ["No mail waits."] : lines);
    if (!input.ack) return;
    for (const { id, delivery } of got)
      yield* session.ask((client, signal) => client.mail.ack({ project, id, delivery }, { signal }));
  }),
).pipe(Command.withDescription("Receive mail; what is not acknowledged comes back"));

/** One call waits this long. */
const waitSeconds = 20;

const receiveFor = Effect.fnUntraced(function* (
  session: Session,
  seconds: number,
  request: { readonly project: string },
): Effect.fn.Return<ReadonlyArray<Delivery>, AnyError> {
  for (let left = seconds; ; left -= waitSeconds) {
    const wait = Math.max(0, Math.min(left, waitSeconds));
    const got = yield* session.ask((client, signal) =>
      client.mail.receive({ ...request, ...(wait > 0 && { waitSeconds: wait }) }, { signal }),
    );
    if (got.length > 0 || left <= waitSeconds) return got;
  }
});

const ack = Command.make(
  "ack",
  {
    id: idArgument,
    delivery: Argument.String("delivery").pipe(
      Argument.withDescription("The delivery, as `mail receive` names it"),
    ),
  },
  Effect.fn("mail.ack")(function* ({ id, delivery }) {
    const session = yield* openSession;
    const { project } = session;
    const acked = yield* session.ask((client, signal) =>
      client.mail.ack({ project, id, delivery }, { signal }),
    );
    session.print(acked, [`Done with ${plain(id)}.`]);
  }),
).pipe(Command.withDescription("Say that you are done with a message"));

const ask = Command.make(
  "ask",
  {
    to: Argument.String("recipient").pipe(Argument.withDescription('An agent\'s name, or "person"')),
    subject: subjectFlag,
    ...bodyFlags,
    expires: secondsFlag("expires", "Until then it can be answered (default 3600)"),
  },
  Effect.fn("mail.ask")(function* (input) {
    const session = yield* openSession;
    const { project } = session;
    const request = omitUndefined({
      project,
      to: input.to,
      subject: input.subject,
      body: yield* bodyOf(input),
      expiresSeconds: Option.getOrUndefined(input.expires),
    });
    const asked = yield* session.ask((client, signal) => client.mail.ask(request, { signal }));
    session.say(`Asked ${plain(input.to)}; waiting for the answer until ${asked.expiresAt}.`);
    const { id } = asked;
    let answer = asked;
    while (answer.state === "pending") {
      answer = yield* session.ask((client, signal) =>
        client.deferred.await({ project, id, waitSeconds }, { signal }),
      );
    }
    if (answer.state !== "resolved") return yield* unanswered(answer);
    session.print(answer, answerLines(answer));
  }),
).pipe(Command.withDescription("Send a message, and wait for the answer to it"));

const unanswered = ({ state, reason = "" }: DeferredView) =>
  Effect.fail(
    new Rejected({
      message:
        state === "rejected"
          ? `The answer is a refusal${reason === "" ? ", without a reason" : `: ${reason.replace(/[.]$/, "")}`}.`
          : "Nobody answered in time.",
      reason,
    }),
  );

const answerLines = ({ value }: DeferredView): ReadonlyArray<string> =>
  typeof value === "string" ? plainLines(value) : [plain(JSON.stringify(value))];

const reply = Command.make(
  "reply",
  {
    to: Argument.String("replyTo").pipe(
      Argument.withDescription("Where the answer goes, as `mail receive` names it"),
    ),
    text: Argument.String("text").pipe(Argument.withDescription("The answer, or why there is none")),
    reject: switchFlag("reject", "There is no answer: the text says why"),
  },
  Effect.fn("mail.reply")(function* ({ to: id, text, reject }) {
    const session = yield* openSession;
    const { project } = session;
    const settled = yield* session.ask((client, signal) =>
      reject
        ? client.deferred.reject({ project, id, reason: text }, { signal })
        : client.deferred.resolve({ project, id, value: text }, { signal }),
    );
    session.print(settled, [reject ? "Refused." : "Answered."]);
  }),
).pipe(Command.withDescription("Answer a message that waits for an answer"));

const dead = Command.make(
  "dead",
  { of: ofFlag },
  Effect.fn("mail.dead")(function* (input) {
    const session = yield* openSession;
    const request = omitUndefined({ project: session.project, of: Option.getOrUndefined(input.of) });
    const letters = yield* session.ask((client, signal) => client.mail.dead(request, { signal }));
    const lines = letters.flatMap((letter) =>
      deadLetterLines(letter, session.command("mail", "revive", letter.id, letter.recipient)),
    );
    session.print(
      letters,
      letters.length === 0
        ? ["There are no dead letters."]
        : [...lines, "", `${count(letters.length, "dead letter")}.`],
    );
  }),
).pipe(Command.withDescription("List messages that were given up"));

const revive = Command.make(
  "revive",
  {
    id: idArgument,
    recipient: Argument.String("recipient").pipe(Argument.withDescription("Whose dead letter it is")),
  },
  Effect.fn("mail.revive")(function* ({ id, recipient }) {
    const session = yield* openSession;
    const { project } = session;
    const message = yield* session.ask((client, signal) =>
      client.mail.revive({ project, id, recipient }, { signal }),
    );
    session.print(message, [`${id} waits for ${plain(recipient)} again: ${plain(message.subject)}`]);
  }),
).pipe(Command.withDescription("Put a dead letter back into its inbox"));

/** The text of a message, from the command line, a file or standard input. */
const bodyOf = Effect.fnUntraced(function* (input: {
  readonly body: Option.Option<string>;
  readonly file: Option.Option<string>;
}): Effect.fn.Return<string | undefined, InvalidInput> {
  const body = Option.getOrUndefined(input.body);
  const file = Option.getOrUndefined(input.file);
  if (file === undefined) return body;
  if (body !== undefined) {
    return yield* new InvalidInput({ message: "Give the message by --body or by --file, not by both." });
  }
  const path = file === "-" ? "/dev/stdin" : file;
  return yield* Effect.tryPromise({
    try: () => readFile(path, "utf8"),
    catch: (cause) =>
      new InvalidInput({
        message: `The message ${file} can't be read (${(cause as NodeJS.ErrnoException).code ?? String(cause)}). Give the path of a text file.`,
      }),
  });
});

export const mail = Command.make("mail").pipe(
  Command.withDescription("Messages between agents and you"),
  Command.withSubcommands([send, inbox, receive, ack, ask, reply, dead, revive]),
);
