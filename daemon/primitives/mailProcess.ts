/** A consumer of one inbox whose effects in the store happen exactly once; see `Mailbox.process`. */
import { Cause, type Duration, Effect, Exit, Stream } from "effect";
import type {
  DeliveryLost,
  EventRejected,
  InvalidInput,
  StorageError,
} from "../../shared/contract/errors.ts";
import type { NewEvent, Origin } from "./EventStore.ts";
import type { Delivery } from "./Mailbox.ts";
import type { ReceiveOptions, Taken } from "./mailDecisions.ts";

/** What became of one delivery. */
export interface Processed {
  readonly id: string;
  readonly deliveries: number;
  /**
   * `done`: its events are written. `failed`: it was given back. `dead`: it was given up. `lost`: the handler took too
   * long, and nothing of what it returned is written.
   */
  readonly outcome: "done" | "failed" | "dead" | "lost";
  readonly error?: string;
}

export const makeProcess = (options: {
  readonly receive: (
    project: string,
    recipient: string,
    options: ReceiveOptions,
  ) => Effect.Effect<ReadonlyArray<Delivery>, InvalidInput | StorageError>;
  /** Writes the events and the ack. */
  readonly settle: (
    origin: Origin,
    recipient: string,
    delivery: Delivery,
    events: ReadonlyArray<NewEvent>,
  ) => Effect.Effect<void, DeliveryLost | EventRejected | StorageError>;
  readonly fail: (
    origin: Origin,
    recipient: string,
    id: string,
    delivery: string,
    error: string,
  ) => Effect.Effect<{ readonly dead: boolean }, DeliveryLost | StorageError>;
  readonly giveBack: (taken: Taken) => void;
}) => {
  const { receive, settle, fail, giveBack } = options;

  return <E, R>(
    origin: Origin,
    recipient: string,
    { visibility }: { readonly visibility?: Duration.Input },
    handler: (delivery: Delivery) => Effect.Effect<ReadonlyArray<NewEvent>, E, R>,
  ): Stream.Stream<Processed, InvalidInput | StorageError, R> => {
    const { project } = origin;
    const wanted = {
      limit: 1,
      wait: "Infinity" as const,
      ...(visibility === undefined ? {} : { visibility }),
    };

    const handle = Effect.fnUntraced(function* (delivery: Delivery) {
      const { id, deliveries } = delivery;
      const { delivery: token } = delivery;
      const failed = (error: string) =>
        Effect.map(
          fail(origin, recipient, id, token, error),
          ({ dead }): Processed => ({ id, deliveries, outcome: dead ? "dead" : "failed", error }),
        );
      const exit = yield* Effect.exit(Effect.suspend(() => handler(delivery)));
      if (Exit.isFailure(exit)) return yield* failed(messageOf(exit.cause));
      return yield* settle(origin, recipient, delivery, exit.value).pipe(
        Effect.as<Processed>({ id, deliveries, outcome: "done" }),
        Effect.catchTag("EventRejected", ({ message }) => failed(message)),
      );
    });

    const one = Effect.gen(function* () {
      for (;;) {
        const [delivery] = yield* receive(project, recipient, wanted);
        if (delivery === undefined) continue;
        const { id, deliveries } = delivery;
        return yield* handle(delivery).pipe(
          Effect.catchTag("DeliveryLost", ({ message }) =>
            Effect.succeed<Processed>({ id, deliveries, outcome: "lost", error: message }),
          ),
          // Whoever stopped the consumer did not mean that the message is bad.
          Effect.onInterrupt(() =>
            Effect.sync(() =>
              giveBack({ project, recipient, id, delivery: delivery.delivery, deliveries, until: 0 }),
            ),
          ),
        );
      }
    });
    return Stream.fromEffectRepeat(one);
  };
};

const messageOf = (cause: Cause.Cause<unknown>): string => {
  const error = Cause.squash(cause);
  return error instanceof Error ? error.message : String(error);
};
