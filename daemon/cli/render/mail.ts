/** Messages as the terminal shows them. What is in them was written by others, so all of it passes through `plain`. */
import type { DeadLetter, Delivery, Message } from "../../../shared/contract/mailRoutes.ts";
import { count, plain, plainLines } from "./text.ts";

/** For a list: one line. */
export const messageLine = (message: Message): string => {
  const { importance, from, subject, at } = message;
  const urgency = importance === "normal" ? "" : ` [${importance}]`;
  return `${at}  ${plain(from)}${urgency}: ${plain(subject)}`;
};

const bodyLines = ({ body }: Message): ReadonlyArray<string> =>
  body === "" ? [] : plainLines(body).map((line) => (line === "" ? "" : `  ${line}`));

/** The whole message; `ack` and `reply` are the commands that do so. */
export const deliveryLines = (
  delivery: Delivery,
  commands: { readonly ack: string | undefined; readonly reply: string | undefined },
): ReadonlyArray<string> => {
  const { deliveries, visibleAgainAt, thread, id, to } = delivery;
  const again = deliveries === 1 ? "" : ` (handed out for the ${ordinal(deliveries)} time)`;
  return [
    `${messageLine(delivery)}${again}`,
    ...(to.length === 1 ? [] : [`  to ${to.map(plain).join(", ")}`]),
    ...(thread === id ? [] : [`  in thread ${plain(thread)}`]),
    ...bodyLines(delivery),
    ...(commands.reply === undefined ? [] : [`  It waits for an answer: ${commands.reply}`]),
    ...(commands.ack === undefined
      ? []
      : [`  Done with it? ${commands.ack}`, `  Otherwise it comes back at ${visibleAgainAt}.`]),
  ];
};

export const deadLetterLines = (letter: DeadLetter, revive: string): ReadonlyArray<string> => [
  messageLine(letter),
  `  to ${plain(letter.recipient)}, given up after ${count(letter.deliveries, "delivery", "deliveries")}: ${plain(letter.error)}`,
  `  Put it back: ${revive}`,
];

const ordinal = (n: number): string => (["first", "second", "third", "fourth"] as const)[n - 1] ?? `${n}th`;
