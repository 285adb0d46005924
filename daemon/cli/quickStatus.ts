/**
 * `status` without the command-line library, whose loading takes longer than all the rest of this command: a prompt or
 * an editor may ask for it all the time.
 */
import { Effect, Option } from "effect";
import type { StatusCall } from "./plainStatus.ts";
import { runProgram } from "./runProgram.ts";
import { sessionFrom } from "./Session.ts";
import { showStatus } from "./showStatus.ts";

export const quickStatus = ({ json, project, epic }: StatusCall): Promise<void> => {
  const input = { epic: Option.fromUndefinedOr(epic), watch: false };
  const session = sessionFrom({ json, project: Option.fromUndefinedOr(project) });
  return runProgram(
    Effect.flatMap(session, (opened) => showStatus(opened, input)),
    { json },
  );
};
