/**
 * The text of a request's body. Too large a body is read to its end and dropped, since a client that is still writing
 * would not see the answer; one that is larger still is cut off. No more than the limit is ever held.
 */
import { Effect } from "effect";

const maxBody = 10 * 1024 * 1024;

export const readBody = <E>(request: Request, tooLarge: (detail: string) => E): Effect.Effect<string, E> =>
  Effect.gen(function* () {
    if (request.body === null) return "{}";
    const reader = request.body.getReader();
    const decoder = new TextDecoder();
    let text = "";
    let size = 0;
    for (;;) {
      // A body breaks off when its sender goes away; then nobody waits for an answer.
      const { done, value } = yield* Effect.tryPromise(() => reader.read()).pipe(
        Effect.catch(() => Effect.interrupt),
      );
      if (done) break;
      size += value.length;
      text = size <= maxBody ? text + decoder.decode(value, { stream: true }) : "";
      if (size > 10 * maxBody) {
        yield* Effect.promise(() => reader.cancel());
        break;
      }
    }
    if (size > maxBody) return yield* Effect.fail(tooLarge(`${maxBody / 1024 / 1024} MB`));
    return text + decoder.decode();
  });
