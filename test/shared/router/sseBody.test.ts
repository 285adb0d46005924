import { assert, describe, it } from "@effect/vitest";
import { Context, Effect, References, Stream } from "effect";
import { sseBody } from "../../../shared/router/sseBody.ts";

const comment = ": \n\n";
const given = {
  heartbeat: "1 hour" as const,
  services: Context.empty(),
  signal: new AbortController().signal,
};
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("sseBody", () => {
  it("misses nothing that a reader asks for, at whatever moment it asks", async () => {
    const numbers = Array.from({ length: 200 }, (_, index) => `${index}\n`);
    // The fiber rests after so many steps (Effect needs 3 to get on), so that the reader asks between any two of them.
    for (let steps = 3; steps <= 32; steps++) {
      const body = sseBody(Stream.rechunk(Stream.fromIterable(numbers), 1), {
        ...given,
        services: Context.make(References.MaxOpsBeforeYield, steps),
      });
      let text = "";
      for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
        text += chunk;
      }
      assert.strictEqual(text, comment + numbers.join(""), `${steps} steps`);
    }
  });

  it("sends what is there together in one piece", async () => {
    const frames = Stream.concat(Stream.make("a", "b"), Stream.make("c"));
    const pieces: Array<string> = [];
    for await (const chunk of sseBody(frames, given).pipeThrough(new TextDecoderStream())) pieces.push(chunk);
    assert.deepStrictEqual(pieces, [comment, "ab", "c"]);
  });

  it("keeps no signs of life for a reader that does not read", async () => {
    const frames = Stream.fromEffect(Effect.delay(Effect.succeed("late"), 50));
    const body = sseBody(frames, { ...given, heartbeat: "1 millis" });
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.strictEqual(await new Response(body).text(), `${comment}late`);
  });

  it("ends when it is left, and for a caller that had gone before, once", async () => {
    const over = sseBody(Stream.make("a"), given);
    assert.strictEqual(await new Response(over).text(), `${comment}a`);
    let ended = 0;
    const count = Effect.sync(() => {
      ended++;
    });
    const gone = new AbortController();
    const left = sseBody(Stream.ensuring(Stream.never, count), { ...given, signal: gone.signal });
    await left.cancel();
    gone.abort();
    await turn();
    assert.strictEqual(ended, 1);
    gone.abort();
    const late = sseBody(Stream.ensuring(Stream.never, count), { ...given, signal: gone.signal });
    assert.notInclude(await new Response(late).text(), "a");
  });
});
