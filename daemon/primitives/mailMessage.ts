/** What may be in a message, and a message as it is read back. */
import { Effect } from "effect";
import { InvalidInput } from "../../shared/contract/errors.ts";
import { type EventDataOf, isKnown, type StoredEvent } from "../../shared/contract/events.ts";

export type Importance = EventDataOf<"mail_sent">["importance"];

export interface NewMessage {
  /** A UUIDv7 of the sender's: sent again with it, it is the same message, once. */
  readonly id?: string;
  readonly from: string;
  readonly to: ReadonlyArray<string>;
  readonly subject: string;
  readonly body?: string;
  /** Messages of a thread are handed out one after the other; a message alone is a thread. */
  readonly thread?: string;
  readonly importance?: Importance;
  /** The id of the deferred that takes the answer. */
  readonly replyTo?: string;
}

export interface Message {
  readonly id: string;
  readonly from: string;
  readonly to: ReadonlyArray<string>;
  readonly subject: string;
  readonly body: string;
  readonly thread: string;
  readonly importance: Importance;
  readonly replyTo?: string;
  /** ISO 8601. */
  readonly at: string;
}

export const longestBody = 64 * 1024;
export const longestSubject = 500;
export const mostRecipients = 100;
/** Of names, threads and ids. */
export const longestName = 200;

const uuid7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** What is sent, but for an id that has to be made. */
export const readMessage = (message: NewMessage) => {
  const { id, from, subject, body = "", thread, importance = "normal", replyTo } = message;
  const to = [...new Set(message.to)];
  const fault =
    (id !== undefined && !uuid7.test(id)
      ? `The id of a message is a UUIDv7 in small letters, not ${shown(id)}. Leave it out to be given one.`
      : undefined) ??
    nameFault("sender", from) ??
    (to.length === 0 ? "A message needs somebody to go to: name at least one recipient." : undefined) ??
    (to.length > mostRecipients
      ? `The message has ${to.length} recipients; ${mostRecipients} is the most. Send it to fewer at a time.`
      : undefined) ??
    first(to, (name) => nameFault("recipient", name)) ??
    (subject.trim() === "" ? "A message needs a subject: say in a few words what it is about." : undefined) ??
    (subject.length > longestSubject
      ? `The subject has ${subject.length} characters; ${longestSubject} is the most. Put the rest into the body.`
      : undefined) ??
    bodyFault(body) ??
    (thread === undefined ? undefined : nameFault("thread", thread)) ??
    (replyTo === undefined ? undefined : nameFault("replyTo", replyTo)) ??
    ([subject, body].every((text) => text.isWellFormed())
      ? undefined
      : "The message has half of a character in it (a lone surrogate), perhaps where a text was cut. Send whole characters.");
  if (fault !== undefined) return Effect.fail(new InvalidInput({ message: fault }));
  return Effect.succeed({ from, to, subject, body, importance, id, thread, replyTo });
};

/** What is wrong with a name of a recipient, a sender or a thread. */
export const nameFault = (what: string, name: string): string | undefined =>
  name.length >= 1 && name.length <= longestName && !/\p{Cc}/u.test(name) && name.isWellFormed()
    ? undefined
    : `The ${what} ${shown(name)} is no name: it is 1 to ${longestName} characters without control characters.`;

const bodyFault = (body: string): string | undefined => {
  const bytes = Buffer.byteLength(body);
  return bytes <= longestBody
    ? undefined
    : `The body has ${bytes} bytes; ${longestBody} (64 KiB) is the most. Put it into a file and send the file's path.`;
};

const first = <A>(all: ReadonlyArray<A>, fault: (one: A) => string | undefined): string | undefined => {
  for (const one of all) {
    const found = fault(one);
    if (found !== undefined) return found;
  }
  return undefined;
};

const shown = (text: string): string => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);

/** The message that an event sent; one that was redacted says so. */
export const messageOf = (event: StoredEvent): Message => {
  const { at } = event;
  if (isKnown(event) && event.type === "mail_sent") return { ...event.data, at };
  const thread = event.stream.slice("mail/".length);
  return {
    id: event.id,
    from: "",
    to: [],
    subject: "(redacted)",
    body: "",
    thread,
    importance: "normal",
    at,
  };
};
