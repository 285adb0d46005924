/** The routes of agents and their tokens. */
import { Effect } from "effect";
import type { AnyError } from "../../../shared/contract/errors.ts";
import type { Contract } from "../../../shared/contract/routes.ts";
import type { Handlers } from "../../../shared/router/implement.ts";
import type { Caller } from "../authenticate.ts";

const notYet = () => Effect.die(new Error("not built yet"));

export const agentHandlers: Handlers<Contract["agents"], Caller, AnyError, never> = {
  register: notYet,
  list: notYet,
  end: notYet,
  endSession: notYet,
};
