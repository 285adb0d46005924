/** The routes of mail between agents and the person. */
import { Effect } from "effect";
import type { AnyError } from "../../../shared/contract/errors.ts";
import type { Contract } from "../../../shared/contract/routes.ts";
import type { Handlers } from "../../../shared/router/implement.ts";
import type { Caller } from "../authenticate.ts";

const notYet = () => Effect.die(new Error("not built yet"));

export const mailHandlers: Handlers<Contract["mail"], Caller, AnyError, never> = {
  send: notYet,
  receive: notYet,
  ack: notYet,
  inbox: notYet,
  ask: notYet,
  dead: notYet,
  revive: notYet,
};
