/**
 * What a project's watchers are shown, read from those who keep it: everything, or what may be another. Whoever asks
 * has a position in the log; what is read is as of that position or a later one.
 */
import { Effect } from "effect";
import type { ProjectChanges } from "../../../shared/contract/projectRoutes.ts";
import type { SwarmView } from "../../../shared/contract/swarmRoutes.ts";
import { Agents } from "../../coordination/agents/Agents.ts";
import { Hive } from "../../coordination/hive/Hive.ts";
import { person } from "../../coordination/mail/Mail.ts";
import { leaseView, ticketView } from "../../coordination/reservations/leaseView.ts";
import { Reservations } from "../../coordination/reservations/Reservations.ts";
import { Mailbox } from "../../primitives/Mailbox.ts";
import { listSwarms, viewSwarms } from "./listSwarms.ts";
import type { Touched } from "./projectTouched.ts";

/** All of it but the cells, of which there may be very many. */
export const readAllBesideCells = Effect.fn("readAllBesideCells")(function* (project: string) {
  const [agents, mailbox, reservations] = [yield* Agents, yield* Mailbox, yield* Reservations];
  const read = {
    swarms: listSwarms(project),
    agents: agents.list(project),
    mail: mailbox.inbox(project, person),
  };
  return {
    ...(yield* Effect.all(read, { concurrency: "unbounded" })),
    leases: reservations.list(project).map(leaseView),
    queue: reservations.queue(project).map(ticketView),
  };
});

type Changes = Omit<ProjectChanges, "kind" | "seq" | "paused">;

/**
 * What was touched, as it is now. With `all`, everything besides that changes without an event: for who was away and
 * can't know of it.
 */
export const readTouched = Effect.fn("readTouched")(function* (
  project: string,
  touched: Touched,
  all: boolean,
): Effect.fn.Return<
  Changes,
  Effect.Error<ReturnType<typeof listSwarms>>,
  Effect.Services<ReturnType<typeof readAllBesideCells>> | Hive
> {
  const reservations = yield* Reservations;
  const { cells, agents, mail, queue } = touched;
  const swarms = yield* readSwarms(project, touched.swarms, all);
  const leases = reservations.list(project);
  const granted = all ? leases : leases.filter(({ lease }) => touched.leases.has(lease));
  const held = new Set(granted.map(({ lease }) => lease));
  const ended = [...touched.leases].filter((lease) => !held.has(lease));
  return {
    ...(cells.size > 0 && { cells: yield* (yield* Hive).affected(project, cells) }),
    ...(swarms.length > 0 && { swarms }),
    ...(agents.size > 0 && { agents: yield* (yield* Agents).findAll(project, [...agents]) }),
    ...((granted.length > 0 || ended.length > 0) && {
      leases: { granted: granted.map(leaseView), ended },
    }),
    ...((queue || all) && { queue: reservations.queue(project).map(ticketView) }),
    ...(mail && { mail: yield* (yield* Mailbox).inbox(project, person) }),
  };
});

const readSwarms = Effect.fnUntraced(function* (project: string, touched: ReadonlySet<string>, all: boolean) {
  if (!all) return yield* viewSwarms(project, touched);
  const listed = yield* listSwarms(project);
  const known = new Set(listed.map(({ epic }) => epic));
  const others = yield* viewSwarms(
    project,
    [...touched].filter((epic) => !known.has(epic)),
  );
  return [...listed, ...others];
});

const overStatuses: ReadonlySet<SwarmView["status"]> = new Set([
  "landed",
  "reverted",
  "cancelled",
  "discarded",
]);

/** Whether nothing is begun in any swarm of a project, from the views of its swarms as they come. */
export const pausedOf = () => {
  const open = new Map<string, boolean>();
  return (views: ReadonlyArray<SwarmView>): boolean => {
    for (const { epic, status, paused } of views) {
      if (overStatuses.has(status)) open.delete(epic);
      else open.set(epic, paused);
    }
    return open.size > 0 && [...open.values()].every((one) => one);
  };
};
