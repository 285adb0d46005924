/** The routes by which the person acts on a swarm that exists, and looks at what it made. */
import { Effect, Stream } from "effect";
import type { AnyError } from "../../../shared/contract/errors.ts";
import { InvalidInput } from "../../../shared/contract/errors.ts";
import type { Contract } from "../../../shared/contract/routes.ts";
import type { Handlers } from "../../../shared/router/implement.ts";
import { agentOutput } from "../../orchestration/swarm/agentOutput.ts";
import { approveRevert } from "../../orchestration/swarm/approveRevert.ts";
import { pauseSwarms, unpauseSwarms } from "../../orchestration/swarm/pauseSwarm.ts";
import { retrySubtask } from "../../orchestration/swarm/retrySubtask.ts";
import { sendBack } from "../../orchestration/swarm/sendBack.ts";
import { swarmChanges } from "../../orchestration/swarm/swarmChanges.ts";
import { swarmFile } from "../../orchestration/swarm/swarmFile.ts";
import type { Caller } from "../authenticate.ts";
import { projectOf } from "./request.ts";

type Acts = Pick<
  Contract["swarm"],
  "retry" | "pause" | "unpause" | "sendBack" | "revert" | "changes" | "file" | "log"
>;

type Services =
  | Effect.Services<
      ReturnType<
        | typeof approveRevert
        | typeof pauseSwarms
        | typeof retrySubtask
        | typeof sendBack
        | typeof swarmChanges
        | typeof swarmFile
      >
    >
  | Stream.Services<ReturnType<typeof agentOutput>>;

export const swarmActs: Handlers<Acts, Caller, AnyError, Services> = {
  retry: ({ input }) => retrySubtask(input),
  pause: ({ input, context }) =>
    Effect.flatMap(projectOf(input.project, context), (project) =>
      pauseSwarms({ directory: input.project, project, epic: input.epic }),
    ),
  unpause: ({ input, context }) =>
    Effect.flatMap(projectOf(input.project, context), (project) =>
      unpauseSwarms({ directory: input.project, project, epic: input.epic }),
    ),
  sendBack: ({ input }) => sendBack(input),
  revert: ({ input }) => approveRevert(input),
  changes: ({ input }) => swarmChanges(input),
  file: ({ input }) => swarmFile(input),
  log: ({ input, context, lastEventId }) =>
    Stream.unwrap(
      Effect.gen(function* () {
        const from = yield* offsetOf(lastEventId);
        const project = yield* projectOf(input.project, context);
        return agentOutput({ project, epic: input.epic, cell: input.cell, attempt: input.attempt, from });
      }),
    ).pipe(Stream.map(({ offset, text }) => ({ id: String(offset), data: { text } }))),
};

const offsetOf = Effect.fnUntraced(function* (lastEventId: string | undefined) {
  if (lastEventId === undefined || lastEventId === "") return 0;
  if (/^\d{1,15}$/.test(lastEventId)) return Number(lastEventId);
  return yield* new InvalidInput({
    message: `"${lastEventId.slice(0, 100)}" is no position in what an agent printed: a number of bytes.`,
  });
});
