/** The routes of promises that anybody with their id may settle, once. */
import { Effect } from "effect";
import type { AnyError } from "../../../shared/contract/errors.ts";
import type { Contract } from "../../../shared/contract/routes.ts";
import type { Handlers } from "../../../shared/router/implement.ts";
import type { Caller } from "../authenticate.ts";

const notYet = () => Effect.die(new Error("not built yet"));

export const deferredHandlers: Handlers<Contract["deferred"], Caller, AnyError, never> = {
  create: notYet,
  get: notYet,
  await: notYet,
  resolve: notYet,
  reject: notYet,
};
