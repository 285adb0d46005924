/**
 * `ocvibe status [EPIC] [--watch]`: without EPIC a list of all swarms (an array with `--json`), with it one
 * swarm in full.
 */
import { Effect, Option } from "effect";
import { Command } from "effect/cli";
import type { SwarmView } from "../../../shared/contract/swarmRoutes.ts";
import { chooseSwarm } from "../chooseSwarm.ts";
import { nextSteps, saySummary } from "../concludeSwarm.ts";
import { epicArgument, switchFlag } from "../flags.ts";
import { followSwarm } from "../followSwarm.ts";
import { statusWords } from "../render/names.ts";
import { renderSwarm } from "../render/renderSwarm.ts";
import { count, pad, plain } from "../render/text.ts";
import { openSession, type Session } from "../Session.ts";

export const swarmStatus = Command.make(
  "status",
  { epic: epicArgument, watch: switchFlag("watch", "Show it until it ends") },
  Effect.fn("status")(function* (input) {
    const session = yield* openSession;
    const { project } = session;
    if (Option.isSome(input.epic) || input.watch) {
      const fits = { verb: "watch", statuses: ["running", "landing"] } as const;
      const swarm = yield* chooseSwarm(session, input.epic, fits);
      return yield* input.watch ? watch(session, swarm) : show(session, swarm);
    }
    const all = yield* session.ask((client, signal) => client.swarm.list({ project }, { signal }));
    const open = all.filter((swarm) => !over.has(swarm.status));
    if (!session.json && open.length === 1 && open[0] !== undefined) return yield* show(session, open[0]);
    session.print(all, all.length === 0 ? ["No swarm was started in this project yet."] : overview(all));
  }),
).pipe(Command.withDescription("Show the swarms of this project, or one in full"));

const over: ReadonlySet<SwarmView["status"]> = new Set(["landed", "cancelled", "discarded"]);

const watch = Effect.fnUntraced(function* (session: Session, swarm: SwarmView) {
  const ended = yield* followSwarm(session, swarm);
  if (session.json) return session.print(ended, []);
  saySummary(session, ended);
  for (const line of nextSteps(session, ended)) session.say(line);
});

const show = Effect.fnUntraced(function* (session: Session, swarm: SwarmView) {
  if (session.json) return session.print(swarm, []);
  const { screen } = session;
  if (swarm.status === "running" || swarm.status === "landing") {
    const look = { width: screen.columns(), colour: screen.colour, now: Date.now(), progress: new Map() };
    for (const line of renderSwarm(swarm, look)) session.say(line);
    session.say("");
  } else saySummary(session, swarm);
  for (const line of nextSteps(session, swarm)) session.say(line);
});

export const overview = (swarms: ReadonlyArray<SwarmView>): ReadonlyArray<string> => {
  const width = Math.max(...swarms.map((swarm) => swarm.epic.length));
  return swarms.map((swarm) => {
    const merged = swarm.subtasks.filter((subtask) => subtask.status === "merged").length;
    const figures = `${merged} of ${count(swarm.subtasks.length, "subtask")} merged`;
    return `${pad(swarm.epic, width)}  ${plain(swarm.title)}: ${statusWords[swarm.status]}, ${figures}`;
  });
};
