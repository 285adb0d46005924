/** What the writer decides about mail: pure functions of the view and the time, from a question to what is written. */
import { Duration, Effect, Result } from "effect";
import { DeliveryLost, InvalidInput, NotFound } from "../../shared/contract/errors.ts";
import type { NewEvent } from "./EventStore.ts";
import { mailDeliveries, streamOf } from "./mailTables.ts";
import type { DeliveryRow, Letter, MailView } from "./mailView.ts";
import type { RowChange } from "./Projection.ts";

/** A message that was handed out as often as this and not acked is a dead letter. */
export const maxDeliveries = 5;

export interface Writes {
  readonly events: ReadonlyArray<NewEvent>;
  readonly state: ReadonlyArray<RowChange>;
}

export interface At {
  readonly view: MailView;
  readonly project: string;
  /** By `AwakeClock`. */
  readonly now: number;
  readonly wallOf: (awake: number) => number;
}

export interface Wanted {
  readonly limit: number;
  /** Milliseconds. */
  readonly visibility: number;
  readonly wait: number;
}

/** A message that was handed out. */
export interface Taken {
  readonly project: string;
  readonly recipient: string;
  readonly id: string;
  readonly delivery: string;
  readonly deliveries: number;
  /** By `AwakeClock`. */
  readonly until: number;
}

const nothing: Writes = { events: [], state: [] };

const rowOf = ({ recipient, id }: Pick<Letter, "recipient" | "id">, set: DeliveryRow): RowChange => ({
  table: mailDeliveries.name,
  key: { recipient, id },
  set: { ...set },
});
const noRow = ({ recipient, id }: Pick<Letter, "recipient" | "id">): RowChange => ({
  table: mailDeliveries.name,
  key: { recipient, id },
  delete: true,
});

const bury = ({ thread, id, recipient, deliveries }: Letter, error: string): NewEvent => ({
  stream: streamOf(thread),
  type: "mail_dead",
  data: { id, recipient, deliveries, error },
});

/** What nobody acked in time can be handed out again, or was handed out often enough. */
export const decideReturns = ({ view, project, now }: At, recipient: string): Writes => {
  const over = view.over(project, recipient, now);
  const isDead = ({ deliveries }: Letter) => deliveries >= maxDeliveries;
  return {
    events: over
      .filter(isDead)
      .map((letter) =>
        bury(
          letter,
          `It was not acked in time.${letter.error === null ? "" : ` Before that: ${letter.error}`}`,
        ),
      ),
    state: over.map((letter) => {
      const { deliveries, error } = letter;
      return isDead(letter)
        ? noRow(letter)
        : rowOf(letter, { deliveries, delivery: null, visible_at: null, error });
    }),
  };
};

/** Hands out what comes first. `returned`: it was found instead that messages are back, so it is to be asked again. */
export const decideTake = (
  at: At,
  recipient: string,
  { limit, visibility }: Wanted,
  newDelivery: () => string,
): readonly [
  { readonly taken: ReadonlyArray<Taken>; readonly returned: boolean; readonly more: boolean },
  Writes,
] => {
  const returns = decideReturns(at, recipient);
  if (returns.state.length > 0) return [{ taken: [], returned: true, more: false }, returns];
  const { view, project, now, wallOf } = at;
  const taken: Array<Taken> = [];
  const state: Array<RowChange> = [];
  let more = false;
  for (const letter of view.ready(project, recipient)) {
    more = taken.length === limit;
    if (more) break;
    const { id } = letter;
    const one = { project, recipient, id, delivery: newDelivery(), deliveries: letter.deliveries + 1 };
    const until = now + visibility;
    taken.push({ ...one, until });
    const { delivery, deliveries } = one;
    state.push(rowOf(letter, { delivery, deliveries, visible_at: wallOf(until), error: letter.error }));
  }
  return [
    { taken, returned: false, more },
    { events: [], state },
  ];
};

/** The letter, if this delivery of it is the current one. */
const held = ({ view, project, now }: At, recipient: string, id: string, delivery: string) => {
  const letter = view.letter(project, recipient, id);
  if (letter?.out?.delivery === delivery && letter.out.until > now) return Result.succeed(letter);
  return Result.fail(
    new DeliveryLost({
      message: `Message ${id} is not in ${recipient}'s hand by this delivery any more: its visibility time ran out, or it was acked or given back. Receive again; what is not done yet comes again.`,
    }),
  );
};

/** What the handler did, and that it is done, are one batch. */
export const decideAck = (
  at: At,
  recipient: string,
  id: string,
  delivery: string,
  events: ReadonlyArray<NewEvent>,
) =>
  Result.map(held(at, recipient, id, delivery), (letter): readonly [undefined, Writes] => [
    undefined,
    {
      events: [...events, { stream: streamOf(letter.thread), type: "mail_acked", data: { id, recipient } }],
      state: [noRow(letter)],
    },
  ]);

/** It is dealt with, whoever may have it in hand. */
export const decideSeen = ({ view, project }: At, recipient: string, id: string) => {
  const letter = view.letter(project, recipient, id);
  if (letter === undefined)
    return Result.fail(
      new NotFound({
        message: `Message ${id} does not wait in ${recipient}'s inbox: it was seen to, or it never came.`,
      }),
    );
  const event: NewEvent = {
    stream: streamOf(letter.thread),
    type: "mail_acked",
    data: { id, recipient },
  };
  const writes: Writes = { events: [event], state: letter.deliveries > 0 ? [noRow(letter)] : [] };
  return Result.succeed([undefined, writes] as const);
};

export const decideFail = (at: At, recipient: string, id: string, delivery: string, error: string) =>
  Result.map(held(at, recipient, id, delivery), (letter): readonly [{ readonly dead: boolean }, Writes] => {
    const { deliveries } = letter;
    const dead = deliveries >= maxDeliveries;
    return [
      { dead },
      dead
        ? { events: [bury(letter, error)], state: [noRow(letter)] }
        : {
            events: [],
            state: [rowOf(letter, { deliveries, delivery: null, visible_at: null, error })],
          },
    ];
  });

/** Nobody saw these deliveries, so they do not count. */
export const decideGiveBack = (at: At, taken: ReadonlyArray<Taken>): readonly [undefined, Writes] => {
  const state = taken.flatMap(({ recipient, id, delivery }) => {
    const letter = at.view.letter(at.project, recipient, id);
    if (letter?.out?.delivery !== delivery) return [];
    const deliveries = letter.deliveries - 1;
    const { error } = letter;
    return [
      deliveries === 0
        ? noRow(letter)
        : rowOf(letter, { deliveries, delivery: null, visible_at: null, error }),
    ];
  });
  return [undefined, { events: [], state }];
};

/** Everything that waits for a recipient who will not come any more. */
export const decideLeaving = (at: At, recipient: string, why: string): Writes => {
  const letters = [...at.view.letters(at.project, recipient)];
  if (letters.length === 0) return nothing;
  return {
    events: letters.map((letter) => bury(letter, why)),
    state: letters.filter(({ deliveries }) => deliveries > 0).map(noRow),
  };
};

/** The rows of what is out, after wall time has come to mean another moment. */
export const rewriteReturns = (at: At): readonly [undefined, Writes] => [
  undefined,
  {
    events: [],
    state: [...at.view.out(at.project)].map((letter) => {
      const { deliveries, error, out } = letter;
      const { delivery, until } = out!;
      return rowOf(letter, { deliveries, delivery, visible_at: at.wallOf(until), error });
    }),
  },
];

export interface ReceiveOptions {
  /** 10 unless given; 100 at most. */
  readonly limit?: number;
  /** How long the messages are the receiver's: 60 s unless given; 1 ms to 12 h. */
  readonly visibility?: Duration.Input;
  /** How long to wait for a first message; not at all unless given. */
  readonly wait?: Duration.Input;
}

const mostAtOnce = 100;
const longestVisibility = Duration.toMillis("12 hours");

export const readReceive = ({ limit = 10, visibility = "60 seconds", wait = 0 }: ReceiveOptions) => {
  const forMillis = Duration.toMillis(visibility);
  const refuse = (message: string) => Effect.fail(new InvalidInput({ message }));
  if (!Number.isInteger(limit) || limit < 1 || limit > mostAtOnce)
    return refuse(`${limit} messages can't be received at once: ask for 1 to ${mostAtOnce}.`);
  if (!(forMillis >= 1 && forMillis <= longestVisibility))
    return refuse("Messages can be kept for 1 ms to 12 hours before they come back: choose such a time.");
  const wanted: Wanted = { limit, visibility: forMillis, wait: Duration.toMillis(wait) };
  return Effect.succeed(wanted);
};
