/**
 * `ocvibe status [EPIC] [--watch]`: without EPIC a list of all swarms (an array with `--json`), with it one
 * swarm in full.
 */
import { Effect } from "effect";
import { Command } from "effect/cli";
import { epicArgument, switchFlag } from "../flags.ts";
import { openSession } from "../openSession.ts";
import { showStatus } from "../showStatus.ts";

export const swarmStatus = Command.make(
  "status",
  { epic: epicArgument, watch: switchFlag("watch", "Show it until it ends") },
  (input) => Effect.flatMap(openSession, (session) => showStatus(session, input)),
).pipe(Command.withDescription("Show the swarms of this project, or one in full"));
