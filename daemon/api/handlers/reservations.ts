/** The routes of leases on files. */
import { Effect } from "effect";
import type { AnyError } from "../../../shared/contract/errors.ts";
import type { Contract } from "../../../shared/contract/routes.ts";
import type { Handlers } from "../../../shared/router/implement.ts";
import { Reservations } from "../../coordination/reservations/Reservations.ts";
import type { Projects } from "../../orchestration/swarm/Projects.ts";
import type { Caller } from "../authenticate.ts";
import { callerName, withProject } from "./request.ts";

const notYet = () => Effect.die(new Error("not built yet"));

export const reservationHandlers: Handlers<
  Contract["reservations"],
  Caller,
  AnyError,
  Reservations | Projects
> = {
  queue: notYet,
  reserve: notYet,
  withdraw: notYet,
  renew: notYet,
  release: notYet,
  takeover: notYet,
  handover: notYet,
  writeCheck: notYet,
  list: (request) =>
    withProject(request, (project) =>
      Effect.map(Reservations, (reservations) =>
        reservations.list(project).map(({ project: _, ...lease }) => lease),
      ),
    ),
  check: (request) =>
    withProject(request, (project) =>
      Effect.map(Reservations, (reservations) =>
        reservations.conflicts(project, [request.input.path], { holder: callerName(request.context) }),
      ),
    ),
};
