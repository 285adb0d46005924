/** What an agent held by hand, and its places in the queue, go in the decision that ends it. */
import { Effect, Layer } from "effect";
import { Reservations } from "../reservations/Reservations.ts";
import { Agents } from "./Agents.ts";

export const leavingAgents = Layer.effectDiscard(
  Effect.gen(function* () {
    const agents = yield* Agents;
    const reservations = yield* Reservations;
    yield* agents.onEnd(reservations.leaving);
  }),
);
