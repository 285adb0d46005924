/**
 * What is not acked, as the writer's decisions see it: each inbox with its threads, which of their messages can be
 * handed out, and which are out. A thread hands out one message at a time, the earliest. Bodies are not in it.
 */
import { Schema } from "effect";
import { isKnown, type StoredEvent } from "../../shared/contract/events.ts";
import { mailDeliveries, rankOf } from "./mailTables.ts";
import type { Row, StateChange } from "./Projection.ts";
import { makePriorityQueue, type PriorityQueue } from "./priorityQueue.ts";

/** A message for one recipient. */
export interface Letter {
  readonly project: string;
  readonly recipient: string;
  readonly id: string;
  readonly thread: string;
  readonly rank: number;
  readonly seq: number;
  /** How often it was handed out. */
  readonly deliveries: number;
  readonly error: string | null;
  /** Who has it in hand, and until when by `AwakeClock`. */
  readonly out: { readonly delivery: string; readonly until: number } | undefined;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Kept = Mutable<Letter>;

interface Thread {
  readonly name: string;
  /** By `seq`. */
  readonly letters: Array<Kept>;
  out: Kept | undefined;
}

interface Inbox {
  readonly letters: Map<string, Kept>;
  readonly threads: Map<string, Thread>;
  /** Of each thread that has none out, the earliest. */
  readonly ready: PriorityQueue<Kept>;
  readonly out: PriorityQueue<Kept>;
}

export type MailView = ReturnType<typeof mailView>;

export const keyOf = (project: string, recipient: string): string => `${project}\n${recipient}`;

export const mailView = (options: {
  readonly awakeOf: (wall: number) => number;
  /** Told when the earliest return of a message that is out is another; undefined when none is out. */
  readonly onNextReturn: (key: string, at: number | undefined) => void;
}) => {
  const inboxes = new Map<string, Inbox>();

  const inboxOf = (project: string, recipient: string): Inbox => {
    const key = keyOf(project, recipient);
    const inbox: Inbox = inboxes.get(key) ?? {
      letters: new Map(),
      threads: new Map(),
      ready: makePriorityQueue(comesFirst),
      out: makePriorityQueue(returnsFirst),
    };
    inboxes.set(key, inbox);
    return inbox;
  };

  /** Takes the thread out of both queues, lets it change, and puts it where it belongs now. */
  const change = (inbox: Inbox, name: string, how: (thread: Thread) => void) => {
    const thread: Thread = inbox.threads.get(name) ?? { name, letters: [], out: undefined };
    if (thread.out !== undefined) inbox.out.remove(thread.out);
    else if (thread.letters[0] !== undefined) inbox.ready.remove(thread.letters[0]);
    how(thread);
    const [first] = thread.letters;
    if (thread.out !== undefined) inbox.out.add(thread.out);
    else if (first !== undefined) inbox.ready.add(first);
    if (first === undefined) inbox.threads.delete(name);
    else inbox.threads.set(name, thread);
  };

  const told = (project: string, recipient: string, inbox: Inbox) => {
    options.onNextReturn(keyOf(project, recipient), inbox.out.first()?.out?.until);
    if (inbox.letters.size === 0) inboxes.delete(keyOf(project, recipient));
  };

  const add = (letter: Kept) => {
    const inbox = inboxOf(letter.project, letter.recipient);
    if (inbox.letters.has(letter.id)) return;
    inbox.letters.set(letter.id, letter);
    change(inbox, letter.thread, ({ letters }) => {
      // A letter that was revived has its old place.
      let at = letters.length;
      while (at > 0 && letters[at - 1]!.seq > letter.seq) at -= 1;
      letters.splice(at, 0, letter);
    });
  };

  const remove = (project: string, recipient: string, id: string) => {
    const inbox = inboxes.get(keyOf(project, recipient));
    const letter = inbox?.letters.get(id);
    if (inbox === undefined || letter === undefined) return;
    inbox.letters.delete(id);
    change(inbox, letter.thread, (thread) => {
      if (thread.out === letter) thread.out = undefined;
      thread.letters.splice(thread.letters.indexOf(letter), 1);
    });
    told(project, recipient, inbox);
  };

  /** What the row says of who has the letter in hand; without a row nobody ever had. */
  const setDelivery = (project: string, recipient: string, id: string, row: DeliveryRow | undefined) => {
    const inbox = inboxes.get(keyOf(project, recipient));
    const letter = inbox?.letters.get(id);
    if (inbox === undefined || letter === undefined) return;
    change(inbox, letter.thread, (thread) => {
      letter.deliveries = row?.deliveries ?? 0;
      letter.error = row?.error ?? null;
      const { delivery, visible_at } = row ?? {};
      const isOut = typeof delivery === "string" && typeof visible_at === "number";
      letter.out = isOut ? { delivery, until: options.awakeOf(visible_at) } : undefined;
      if (isOut) thread.out = letter;
      else if (thread.out === letter) thread.out = undefined;
    });
    told(project, recipient, inbox);
  };

  const letterOf = (project: string, recipient: string, id: string): Letter | undefined =>
    inboxes.get(keyOf(project, recipient))?.letters.get(id);

  return {
    letter: letterOf,
    /** Everything in an inbox. */
    letters: (project: string, recipient: string): Iterable<Letter> =>
      inboxes.get(keyOf(project, recipient))?.letters.values() ?? [],
    /** Everything that is out in a project. */
    *out(project: string): Generator<Letter> {
      for (const inbox of inboxes.values())
        for (const letter of inbox.out.inOrder()) if (letter.project === project) yield letter;
    },
    /** What can be handed out, in the order in which it should be. */
    *ready(project: string, recipient: string): Generator<Letter> {
      yield* inboxes.get(keyOf(project, recipient))?.ready.inOrder() ?? [];
    },
    /** What nobody acked in time. It stays out until a decision says what becomes of it. */
    over: (project: string, recipient: string, now: number): ReadonlyArray<Letter> => {
      const found: Array<Letter> = [];
      for (const letter of inboxes.get(keyOf(project, recipient))?.out.inOrder() ?? []) {
        if (letter.out!.until > now || found.length === overAtOnce) break;
        found.push(letter);
      }
      return found;
    },
    /** Tells the next return once more. */
    remind: (project: string, recipient: string): void => {
      const inbox = inboxes.get(keyOf(project, recipient));
      if (inbox !== undefined) told(project, recipient, inbox);
    },
    load: (rows: { readonly waiting: ReadonlyArray<Row>; readonly deliveries: ReadonlyArray<Row> }) => {
      for (const key of inboxes.keys()) options.onNextReturn(key, undefined);
      inboxes.clear();
      const letters = rows.waiting.flatMap((row) => letterOfRow(row) ?? []);
      for (const letter of letters.toSorted((a, b) => a.seq - b.seq)) add(letter);
      for (const row of rows.deliveries) {
        setDelivery(
          String(row.project),
          String(row.recipient),
          String(row.id),
          row as unknown as DeliveryRow,
        );
      }
    },
    applyEvent: (event: StoredEvent) => {
      if (!event.stream.startsWith("mail/") || !isKnown(event)) return;
      const { project, seq } = event;
      switch (event.type) {
        case "mail_sent": {
          const { id, to, thread, importance } = event.data;
          for (const recipient of to)
            add({ ...fresh, project, recipient, id, thread, rank: rankOf[importance], seq });
          return;
        }
        case "mail_acked":
        case "mail_dead":
          return remove(project, event.data.recipient, event.data.id);
        case "mail_revived": {
          const { id, recipient, sent, importance } = event.data;
          const thread = event.stream.slice("mail/".length);
          return add({ ...fresh, project, recipient, id, thread, rank: rankOf[importance], seq: sent });
        }
        default:
          return;
      }
    },
    applyState: (change: StateChange) => {
      if (change.table !== mailDeliveries.name) return;
      const row = "set" in change ? (change.set as unknown as DeliveryRow) : undefined;
      setDelivery(change.project, String(change.key.recipient), String(change.key.id), row);
    },
  };
};

/** More than these in one decision would let others wait; the rest is done by the next. */
const overAtOnce = 200;

const fresh = { deliveries: 0, error: null, out: undefined } as const;

const comesFirst = (a: Letter, b: Letter) => (a.rank === b.rank ? a.seq < b.seq : a.rank < b.rank);
const returnsFirst = (a: Letter, b: Letter) =>
  a.out!.until === b.out!.until ? a.seq < b.seq : a.out!.until < b.out!.until;

/** Columns of `mail_deliveries`, all of which are written each time. */
export interface DeliveryRow {
  readonly deliveries: number;
  readonly delivery: string | null;
  readonly visible_at: number | null;
  readonly error: string | null;
}

const LetterRow = Schema.Struct({
  project: Schema.String,
  recipient: Schema.String,
  id: Schema.String,
  thread: Schema.String,
  rank: Schema.Int,
  seq: Schema.Int,
});
const decodeLetter = Schema.decodeUnknownOption(LetterRow);

/** Undefined for what is left of a message that was redacted. */
const letterOfRow = (row: Row): Kept | undefined => {
  const decoded = decodeLetter(row);
  return decoded._tag === "None" ? undefined : { ...fresh, ...decoded.value };
};
