/** The routes of the log: reading it, following it, and what is made of it. */
import { Effect, Stream } from "effect";
import type { AnyError } from "../../../shared/contract/errors.ts";
import { InvalidInput, NotNow } from "../../../shared/contract/errors.ts";
import type { Contract } from "../../../shared/contract/routes.ts";
import type { Handlers } from "../../../shared/router/implement.ts";
import type { Projects } from "../../orchestration/swarm/Projects.ts";
import { EventStore } from "../../primitives/EventStore.ts";
import type { Caller } from "../authenticate.ts";
import { given, visible } from "./request.ts";

const notYet = () => Effect.die(new Error("not built yet"));

export const logHandlers: Handlers<Contract["events"], Caller, AnyError, EventStore | Projects> = {
  stateAt: notYet,
  redact: notYet,
  gc: notYet,
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
    Stream.unwrap(
      Effect.gen(function* () {
        const store = yield* EventStore;
        const scope = yield* visible(input.project, context);
        const [id, seq] = lastEventId?.split(":") ?? [];
        if (id !== undefined && id !== store.storeId) {
          return yield* new NotNow({
            message: "This is another store than the one you were following. Start from its beginning.",
          });
        }
        const after = seq === undefined ? input.after : Number(seq);
        if (Number.isNaN(after)) {
          return yield* new InvalidInput({
            message: `"${lastEventId}" is no position in the log: <store>:<seq>.`,
          });
        }
        return store.subscribe({ ...scope, ...given({ after }) }).pipe(
          Stream.map((event) => ({
            id: `${store.storeId}:${event.seq}`,
            // What the filter leaves out still moves the reader on.
            ...(input.type === undefined || event.type === input.type ? { data: event } : {}),
          })),
        );
      }),
    ),
  rebuild: () => Effect.flatMap(EventStore, (store) => store.rebuild),
};
