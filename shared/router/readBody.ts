/**
 * The text of a request's body. Too large a body is read to its end and dropped, since a client that is still writing
 * would not see the answer; one that is larger still is cut off. No more than the limit is ever held.
 */
import { Effect } from "effect";
import type { HttpRequest } from "./HttpMessage.ts";

const maxBody = 10 * 1024 * 1024;

export const readBody = <E>(
  { body }: Pick<HttpRequest, "body">,
  tooLarge: (detail: string) => E,
): Effect.Effect<string, E> =>
  body === null
    ? Effect.succeed("{}")
    : // A body breaks off when its sender goes away; then nobody waits for an answer.
      Effect.tryPromise(() => readText(body)).pipe(
        Effect.catch(() => Effect.interrupt),
        Effect.flatMap((text) =>
          text === undefined ? Effect.fail(tooLarge(`${maxBody / 1024 / 1024} MB`)) : Effect.succeed(text),
        ),
      );

/** Undefined of one that is too large. */
const readText = async (body: NonNullable<HttpRequest["body"]>): Promise<string | undefined> => {
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    text = size <= maxBody ? text + decoder.decode(chunk, { stream: true }) : "";
    if (size > 10 * maxBody) break;
  }
  return size <= maxBody ? text + decoder.decode() : undefined;
};
