/** `ocvibe answer CELL --accept|--reject`: the person's word on a change that weakens the checks. */
import { Effect, Option } from "effect";
import { Argument, Command } from "effect/cli";
import { InvalidInput } from "../../../shared/contract/errors.ts";
import { nextSteps } from "../concludeSwarm.ts";
import { switchFlag, textFlag } from "../flags.ts";
import { omitUndefined } from "../omitUndefined.ts";
import { openSession } from "../openSession.ts";

export const answerGate = Command.make(
  "answer",
  {
    cell: Argument.String("cell").pipe(Argument.withDescription("The subtask's id, as `inbox` lists it")),
    accept: switchFlag("accept", "Take the change as it is"),
    reject: switchFlag("reject", "Have it done again without that"),
    text: textFlag("text", "TEXT", "What you want to say to it"),
  },
  Effect.fn("answer")(function* ({ cell, accept, reject, text }) {
    const session = yield* openSession;
    if (accept === reject) {
      return yield* new InvalidInput({ message: `Say either --accept or --reject for ${cell}.` });
    }
    const request = omitUndefined({
      project: session.project,
      cell,
      accept,
      text: Option.getOrUndefined(text),
    });
    const swarm = yield* session.ask((client, signal) => client.swarm.answer(request, { signal }));
    session.print(swarm, [`${cell} is ${accept ? "accepted" : "rejected"}.`, ...nextSteps(session, swarm)]);
  }),
).pipe(Command.withDescription("Answer a change that waits for you"));
