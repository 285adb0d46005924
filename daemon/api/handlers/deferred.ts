/** The routes of promises that anybody of the project who knows their id may settle, once. */
import { Duration, Effect } from "effect";
import type { AnyError } from "../../../shared/contract/errors.ts";
import type { Contract } from "../../../shared/contract/routes.ts";
import type { Handlers } from "../../../shared/router/implement.ts";
import type { Projects } from "../../orchestration/swarm/Projects.ts";
import { Deferred } from "../../primitives/Deferred.ts";
import type { Caller } from "../authenticate.ts";
import { callerName, originOf, projectBegun, projectOf, withProject } from "./request.ts";

export const deferredHandlers: Handlers<Contract["deferred"], Caller, AnyError, Deferred | Projects> = {
  create: ({ input, context }) =>
    Effect.gen(function* () {
      const project = yield* projectBegun(input.project, context);
      const expires = input.expiresSeconds;
      return yield* (yield* Deferred).create(originOf(project, context), {
        owner: callerName(context),
        ...(expires === undefined ? {} : { expires: Duration.seconds(expires) }),
      });
    }),
  get: (request) =>
    withProject(request, (project) =>
      Effect.flatMap(Deferred, (deferred) => deferred.get(project, request.input.id)),
    ),
  await: (request) =>
    withProject(request, (project) =>
      Effect.gen(function* () {
        const { id, waitSeconds = 0 } = request.input;
        const deferred = yield* Deferred;
        // How it was settled is the answer here, not a failure of the call.
        yield* deferred.await(project, id).pipe(
          Effect.timeoutOption(Duration.seconds(waitSeconds)),
          Effect.catchTag(["Rejected", "TimedOut"], () => Effect.void),
        );
        return yield* deferred.get(project, id);
      }),
    ),
  resolve: ({ input, context }) =>
    Effect.gen(function* () {
      const origin = originOf(yield* projectOf(input.project, context), context);
      return yield* (yield* Deferred).resolve(origin, input.id, input.value);
    }),
  reject: ({ input, context }) =>
    Effect.gen(function* () {
      const origin = originOf(yield* projectOf(input.project, context), context);
      return yield* (yield* Deferred).reject(origin, input.id, input.reason);
    }),
};
