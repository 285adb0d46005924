/** The session of a command of effect/cli. */
import { Effect } from "effect";
import { root } from "./root.ts";
import { sessionFrom } from "./Session.ts";

export const openSession = Effect.flatMap(root, sessionFrom);
