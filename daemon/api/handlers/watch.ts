/** `swarm.watch`: a swarm as it goes on, with positions, so that a watcher whose connection is cut misses no event. */
import { Effect, Stream } from "effect";
import type { AnyError } from "../../../shared/contract/errors.ts";
import type { Contract } from "../../../shared/contract/routes.ts";
import type { Handler } from "../../../shared/router/implement.ts";
import type { Projects } from "../../orchestration/swarm/Projects.ts";
import { Swarms } from "../../orchestration/swarm/Swarms.ts";
import type { EventStore } from "../../primitives/EventStore.ts";
import type { Caller } from "../authenticate.ts";
import { streamPosition } from "../streamPosition.ts";
import { projectOf } from "./request.ts";

export const watchHandler: Handler<
  Contract["swarm"]["watch"],
  Caller,
  AnyError,
  EventStore | Projects | Swarms
> = ({ input, context, lastEventId }) =>
  Stream.unwrap(
    Effect.gen(function* () {
      const { after, reset, idOf } = yield* streamPosition(lastEventId);
      const frames = Stream.unwrap(
        Effect.gen(function* () {
          const project = yield* projectOf(input.project, context);
          return (yield* Swarms).watch(project, input.epic, after);
        }),
      ).pipe(
        Stream.map(({ seq, update }) => ({
          ...(seq === undefined ? {} : { id: idOf(seq) }),
          data: update,
        })),
      );
      // Before anything else: another store has perhaps no such swarm, or no such project.
      return reset ? Stream.concat(Stream.succeed({ id: idOf(0), reset: true as const }), frames) : frames;
    }),
  );
