/** The routes of the log: reading it, following it, and what is made of it. */
import { Effect, type Schema } from "effect";
import type { AnyError } from "../../../shared/contract/errors.ts";
import { InvalidInput } from "../../../shared/contract/errors.ts";
import type { Contract } from "../../../shared/contract/routes.ts";
import type { Handlers } from "../../../shared/router/implement.ts";
import type { Projects } from "../../orchestration/swarm/Projects.ts";
import { collectGarbage } from "../../orchestration/upkeep/collectGarbage.ts";
import { redactEvent } from "../../orchestration/upkeep/redactEvent.ts";
import { EventStore } from "../../primitives/EventStore.ts";
import type { Caller } from "../authenticate.ts";
import { followLog } from "../followLog.ts";
import { Lifecycle } from "../Lifecycle.ts";
import { given, projectOf, visible } from "./request.ts";

type Services =
  | EventStore
  | Projects
  | Lifecycle
  | Effect.Services<ReturnType<typeof collectGarbage | typeof redactEvent>>;

export const logHandlers: Handlers<Contract["events"], Caller, AnyError, Services> = {
  stateAt: ({ input, context }) =>
    Effect.gen(function* () {
      const store = yield* EventStore;
      const { seq, at, projection } = input;
      if (seq !== undefined && at !== undefined) {
        return yield* new InvalidInput({
          message: "A state is as of a sequence number or of a time, not both.",
        });
      }
      const then = at !== undefined ? { at } : { seq: seq ?? (yield* store.head) };
      const scope = yield* visible(input.project, context);
      const state = yield* store.stateAt(then, { ...scope, ...given({ projection }) });
      // Rows hold what JSON can.
      return state as {
        readonly seq: number;
        readonly tables: Record<string, Array<Record<string, Schema.Json>>>;
      };
    }),
  redact: ({ input, context }) =>
    Effect.gen(function* () {
      const { stop } = yield* Lifecycle;
      const project = yield* projectOf(input.project, context);
      // What is in this process's memory goes with it, also when it was not finished; the next start does that.
      return yield* redactEvent(context.actor, { ...input, project }).pipe(
        Effect.tap(stop),
        Effect.tapErrorTag("StorageError", () => stop),
      );
    }),
  gc: ({ input }) => collectGarbage(input),
  list: ({ input, context }) =>
    Effect.gen(function* () {
      const store = yield* EventStore;
      const scope = yield* visible(input.project, context);
      return yield* store.readAll({
        ...scope,
        ...given({ after: input.after, stream: input.stream, limit: input.limit ?? 1000 }),
        ...(input.type === undefined ? {} : { types: [input.type] }),
      });
    }),
  follow: ({ input, context, lastEventId }) =>
    followLog(
      lastEventId,
      input.after ?? 0,
      Effect.map(visible(input.project, context), (scope) =>
        input.type === undefined ? scope : { ...scope, types: [input.type] },
      ),
    ),
  rebuild: () => Effect.flatMap(EventStore, (store) => store.rebuild),
};
