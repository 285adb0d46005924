/**
 * The routes of leases on files. An agent acts for itself and on what is its own; the person's own leases are those
 * of `person`. A worker's files are those of its subtask: it takes none by hand.
 */
import { Duration, Effect } from "effect";
import { type AnyError, InvalidInput, NotAllowed } from "../../../shared/contract/errors.ts";
import type { Contract } from "../../../shared/contract/routes.ts";
import type { Handlers } from "../../../shared/router/implement.ts";
import { Agents } from "../../coordination/agents/Agents.ts";
import { leaseView, ticketView } from "../../coordination/reservations/leaseView.ts";
import { Reservations } from "../../coordination/reservations/Reservations.ts";
import type { Projects } from "../../orchestration/swarm/Projects.ts";
import type { Caller } from "../authenticate.ts";
import { callerName, given, originOf, projectBegun, withProject } from "./request.ts";
import { writeCheck } from "./writeCheck.ts";

type Needs = Reservations | Agents | Projects | Effect.Services<ReturnType<typeof writeCheck>>;

export const reservationHandlers: Handlers<Contract["reservations"], Caller, AnyError, Needs> = {
  list: (request) =>
    withProject(request, (project) =>
      Effect.map(Reservations, (reservations) => reservations.list(project).map(leaseView)),
    ),
  queue: (request) =>
    withProject(request, (project) =>
      Effect.map(Reservations, (reservations) => reservations.queue(project).map(ticketView)),
    ),
  check: (request) =>
    withProject(request, (project) =>
      Effect.map(Reservations, (reservations) =>
        reservations.conflicts(project, [request.input.path], { holder: callerName(request.context) }),
      ),
    ),
  reserve: ({ input, context }) =>
    Effect.gen(function* () {
      const { origin, holder, isThere } = yield* byHand(input.project, context);
      const reservations = yield* Reservations;
      const { patterns, shared, reason, ttlSeconds, waitSeconds } = input;
      const request = {
        holder,
        patterns,
        isThere,
        ...given({ ttlSeconds, reason, ...(shared === true ? { exclusive: false } : {}) }),
      };
      if (waitSeconds === undefined) {
        return { kind: "granted", lease: leaseView(yield* reservations.reserve(origin, request)) } as const;
      }
      const outcome = yield* reservations.reserveOrWait(origin, request, Duration.seconds(waitSeconds));
      return outcome.kind === "granted"
        ? ({ kind: "granted", lease: leaseView(outcome.lease) } as const)
        : ({ kind: "waiting", ticket: ticketView(outcome.ticket) } as const);
    }),
  withdraw: ({ input, context }) =>
    Effect.gen(function* () {
      const { origin, holder } = yield* byHand(input.project, context);
      yield* (yield* Reservations).withdraw(origin, holder, input.ticket);
      return { ticket: input.ticket };
    }),
  renew: ({ input, context }) =>
    Effect.gen(function* () {
      const { origin, holder } = yield* byHand(input.project, context);
      const { lease, token, ttlSeconds } = input;
      return leaseView(yield* (yield* Reservations).renew(origin, { holder, lease, token }, ttlSeconds));
    }),
  release: ({ input, context }) =>
    Effect.gen(function* () {
      const { origin, holder } = yield* byHand(input.project, context);
      const reservations = yield* Reservations;
      const { patterns = [], all = false } = input;
      if (all === patterns.length > 0) {
        return yield* new InvalidInput({
          message: "Name the patterns to release, or say that it is all of them, and not both.",
        });
      }
      if (all) return { released: yield* reservations.releaseAll(origin, holder, "released by hand") };
      yield* reservations.releasePatterns(origin, holder, patterns, "released by hand");
      return { released: patterns };
    }),
  takeover: ({ input, context }) =>
    Effect.gen(function* () {
      const { origin, holder } = yield* byHand(input.project, context);
      const { patterns, ttlSeconds, reason } = input;
      const request = { holder, patterns, ...given({ ttlSeconds, reason }) };
      const { lease, ended } = yield* (yield* Reservations).takeOver(origin, request);
      return { lease: leaseView(lease), ended: ended.map(leaseView) };
    }),
  handover: ({ input, context }) =>
    Effect.gen(function* () {
      const { origin, holder } = yield* byHand(input.project, context);
      const { patterns, to, reason } = input;
      if (patterns.length === 0)
        return yield* new InvalidInput({ message: "Name the patterns to hand over." });
      const agents = yield* Agents;
      const isThere = () => to === "person" || agents.isLive(origin.project, to);
      const handOver = { holder, patterns, to, isThere, ...given({ reason }) };
      const leases = yield* (yield* Reservations).handOver(origin, handOver);
      return leases.map(leaseView);
    }),
  writeCheck,
};

/** Who acts by hand, and in which project. The person begins to use a repository by it. */
const byHand = Effect.fnUntraced(function* (directory: string, caller: Caller) {
  const agents = yield* Agents;
  if (caller.kind !== "agent") {
    const project = yield* projectBegun(directory, caller);
    return { origin: originOf(project, caller), holder: callerName(caller), isThere: () => true };
  }
  const { name, project } = caller;
  const agent = agents.get(project, name);
  if (agent?.kind === "worker") {
    return yield* new NotAllowed({
      message: `${name} works on ${agent.cell}, and its files are those of that subtask. If it needs others, say so by mail to the person; they belong into the plan.`,
    });
  }
  const isThere = () => agents.isLive(project, name);
  return { origin: originOf(project, caller), holder: name, isThere };
});
