/** What `ocvibe status` shows: all swarms of the project, or one in full, or one until it ends. */
import { Effect, Option } from "effect";
import type { SwarmView } from "../../shared/contract/swarmRoutes.ts";
import { chooseSwarm } from "./chooseSwarm.ts";
import { nextSteps, saySummary } from "./concludeSwarm.ts";
import { followSwarm } from "./followSwarm.ts";
import { standing } from "./render/names.ts";
import { renderSwarm } from "./render/renderSwarm.ts";
import { count, pad, plain } from "./render/text.ts";
import type { Session } from "./Session.ts";

export const showStatus = Effect.fn("status")(function* (
  session: Session,
  input: { readonly epic: Option.Option<string>; readonly watch: boolean },
) {
  const { project } = session;
  if (Option.isSome(input.epic) || input.watch) {
    const fits = { verb: "watch", statuses: ["running", "landing", "reverting"] } as const;
    const swarm = yield* chooseSwarm(session, input.epic, fits);
    return yield* input.watch ? watch(session, swarm) : show(session, swarm);
  }
  const all = yield* session.ask((client, signal) => client.swarm.list({ project }, { signal }));
  const open = all.filter((swarm) => !over.has(swarm.status));
  if (!session.json && open.length === 1 && open[0] !== undefined) return yield* show(session, open[0]);
  session.print(all, all.length === 0 ? ["No swarm was started in this project yet."] : overview(all));
});

const goesOn: ReadonlySet<SwarmView["status"]> = new Set(["running", "landing", "reverting"]);
const over: ReadonlySet<SwarmView["status"]> = new Set(["landed", "reverted", "cancelled", "discarded"]);

const watch = Effect.fnUntraced(function* (session: Session, swarm: SwarmView) {
  const ended = yield* followSwarm(session, swarm);
  if (session.json) return session.print(ended, []);
  saySummary(session, ended);
  for (const line of nextSteps(session, ended)) session.say(line);
});

const show = Effect.fnUntraced(function* (session: Session, swarm: SwarmView) {
  if (session.json) return session.print(swarm, []);
  const { screen } = session;
  if (goesOn.has(swarm.status)) {
    const look = { width: screen.columns(), colour: screen.colour, now: Date.now(), progress: new Map() };
    for (const line of renderSwarm(swarm, look)) session.say(line);
    session.say("");
  } else saySummary(session, swarm);
  for (const line of nextSteps(session, swarm)) session.say(line);
});

const overview = (swarms: ReadonlyArray<SwarmView>): ReadonlyArray<string> => {
  const width = Math.max(...swarms.map((swarm) => swarm.epic.length));
  return swarms.map((swarm) => {
    const merged = swarm.subtasks.filter((subtask) => subtask.status === "merged").length;
    const figures = `${merged} of ${count(swarm.subtasks.length, "subtask")} merged`;
    return `${pad(swarm.epic, width)}  ${plain(swarm.title)}: ${standing(swarm)}, ${figures}`;
  });
};
