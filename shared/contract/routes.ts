/**
 * The route table: the only way into the daemon. A client is typed by it, the daemon implements it
 * (`daemon/api/`), and nothing else is an API.
 *
 * `access` says whose token a route takes, see `Access`. Whatever changes the person's repository or speaks with the
 * person's authority is `person`.
 */
import { createRouter } from "../router/createRouter.ts";
import { agentRoutes } from "./agentRoutes.ts";
import { daemonRoutes } from "./daemonRoutes.ts";
import { deferredRoutes } from "./deferredRoutes.ts";
import { eventRoutes } from "./eventRoutes.ts";
import { hiveRoutes } from "./hiveRoutes.ts";
import { mailRoutes } from "./mailRoutes.ts";
import { projectRoutes } from "./projectRoutes.ts";
import { reservationRoutes } from "./reservationRoutes.ts";
import { swarmRoutes } from "./swarmRoutes.ts";

export const contract = createRouter({
  daemon: daemonRoutes,
  swarm: swarmRoutes,
  events: eventRoutes,
  hive: hiveRoutes,
  agents: agentRoutes,
  reservations: reservationRoutes,
  mail: mailRoutes,
  deferred: deferredRoutes,
  project: projectRoutes,
});
export type Contract = typeof contract;
