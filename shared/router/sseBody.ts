/**
 * Frames as the body of an answer: each as soon as it is there and the reader wants more, and a comment now and then
 * while there is none, so that the reader knows a silence from a lost connection. What the reader does not take is not
 * made either. The body ends when `signal` says that the caller has gone.
 */
import { type Duration, Effect, Schedule, type Context as Services, Stream } from "effect";

export const sseBody = <R>(
  frames: Stream.Stream<string, never, R>,
  {
    heartbeat,
    services,
    signal,
  }: {
    readonly heartbeat: Duration.Input;
    readonly services: Services.Context<R>;
    readonly signal: AbortSignal;
  },
): ReadableStream<Uint8Array> => {
  const encoder = new TextEncoder();
  let goOn = (): void => undefined;
  let leave = (): void => undefined;
  return new ReadableStream({
    start: (controller) => {
      const say = (text: string) => controller.enqueue(encoder.encode(text));
      const isWanted = () => (controller.desiredSize ?? 0) > 0;
      const whenWanted = Effect.callback<void>((resume) => {
        goOn = () => resume(Effect.void);
        if (isWanted()) goOn();
      });
      const sending = Stream.runForEachArray(frames, (some) => {
        say(some.join(""));
        return isWanted() ? Effect.void : whenWanted;
      });
      const beating = Effect.repeat(
        Effect.sync(() => {
          if (isWanted()) say(": \n\n");
        }),
        Schedule.spaced(heartbeat),
      );
      const fiber = Effect.runForkWith(services)(Effect.raceFirst(beating, sending), { signal });
      let isOpen = true;
      fiber.addObserver(() => {
        if (isOpen) controller.close();
      });
      leave = () => {
        isOpen = false;
        fiber.interruptUnsafe();
      };
    },
    pull: () => goOn(),
    cancel: () => leave(),
  });
};
