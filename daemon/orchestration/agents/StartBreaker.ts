/**
 * Programs that can't be started just now: an agent that is being updated, or was removed after the plan was judged. It
 * says nothing against a subtask's work, so it costs no strike. A circuit for each program opens when it could not be
 * started twice in a row, and closes at the first start; while it is open nobody makes a checkout for nothing.
 */
import { Context, Duration, Effect, Layer, Schedule, Scope } from "effect";

/** What to do about a program that could not be started. */
export interface NotStarting {
  /** Why, as it was said the last time. */
  readonly message: string;
  /** Milliseconds until it may be tried again. */
  readonly retryMs: number;
  /** It was tried often enough for somebody to be asked. */
  readonly giveUp: boolean;
}

/** In a row. One alone may be a moment in which a file is exchanged. */
const failuresToOpen = 2;
/** 2 s, then twice as long each time. */
const firstOpen = "2 seconds";
/** After about a minute of this a person is to look. */
const openingsToGiveUp = 6;

export class StartBreaker extends Context.Service<
  StartBreaker,
  {
    /** Undefined when the program may be tried. */
    readonly look: (program: string) => Effect.Effect<NotStarting | undefined>;
    readonly failed: (program: string, message: string) => Effect.Effect<void>;
    readonly started: (program: string) => Effect.Effect<void>;
  }
>()("opencode-vibe/orchestration/StartBreaker") {
  static readonly layer = Layer.effect(
    StartBreaker,
    Effect.gen(function* () {
      const scope = yield* Effect.scope;
      const reasons = new Map<string, string>();
      // Loaded when an agent is first started: a daemon that starts has no time for it.
      const breaker = yield* Effect.cached(makeBreaker.pipe(Effect.provideService(Scope.Scope, scope)));
      const record = (program: string, outcome: Effect.Effect<void, string>) =>
        Effect.flatMap(breaker, ({ execute }) =>
          // While it is open, what was tried before says nothing new.
          Effect.ignore(execute(outcome, { key: program })),
        );
      return StartBreaker.of({
        look: Effect.fnUntraced(function* (program) {
          const message = reasons.get(program);
          if (message === undefined) return undefined;
          const state = yield* Effect.orDie((yield* breaker).state(program));
          const retryMs = state._tag === "Open" ? Duration.toMillis(state.retryAfter) : 0;
          // When its time has come it stays open by name, until it is tried.
          if (state._tag !== "Open" || retryMs === 0) return undefined;
          return { message, retryMs, giveUp: state.consecutiveOpenings >= openingsToGiveUp };
        }),
        failed: (program, message) => {
          reasons.set(program, message);
          return record(program, Effect.fail(message));
        },
        started: (program) => (reasons.delete(program) ? record(program, Effect.void) : Effect.void),
      });
    }),
  );
}

const makeBreaker = Effect.gen(function* () {
  const { consecutive, layerStoreMemory, make } = yield* Effect.promise(
    () => import("effect/persistence/CircuitBreaker"),
  );
  return yield* make({
    tripPolicy: consecutive(failuresToOpen),
    openDuration: Schedule.exponential(firstOpen, 2),
  }).pipe(Effect.provide(layerStoreMemory()));
});
