/** Agents and their tokens. */
import { Schema } from "effect";
import { o, opt, project, read, Str } from "./route.ts";

export const AgentView = Schema.Struct({
  name: Str,
  kind: Schema.Literals(["worker", "session"]),
  harness: opt(Str),
  epic: opt(Str),
  cell: opt(Str),
  registeredAt: Str,
  /** Absent for one that is at work. */
  endedAt: opt(Str),
}).annotate({ identifier: "AgentView" });
export type AgentView = typeof AgentView.Type;

export const agentRoutes = {
  /**
   * Makes an agent and its token. With `harness` and `session` it is that session's: the same session that comes
   * back is the same agent, with its leases, and a new token.
   */
  register: o({ access: "registrar" })
    .input(Schema.Struct({ ...project, name: opt(Str), harness: opt(Str), session: opt(Str) }))
    .output(Schema.Struct({ name: Str, token: Str })),
  /**
   * Whose token this is, for a caller that has nothing else. With the folder that it works in (an absolute path) an
   * agent is refused where that is of another project of ours than its own.
   */
  whoami: read("anyone")
    .input(Schema.Struct({ project: opt(Str) }))
    .output(Schema.Struct({ name: Str, kind: Schema.Literals(["person", "worker", "session"]) })),
  list: read("anyone")
    .input(Schema.Struct({ ...project, ended: opt(Schema.Boolean) }))
    .output(Schema.Array(AgentView)),
  /** An agent ends itself, the person whom `name` says. What it holds by hand is released. */
  end: o({ access: "anyone" })
    .input(Schema.Struct({ ...project, name: opt(Str) }))
    .output(AgentView),
  /** The session is over, as its harness tells the launcher. */
  endSession: o({ access: "registrar" })
    .input(Schema.Struct({ ...project, harness: Str, session: Str }))
    .output(Schema.Struct({ ended: Schema.Array(Str) })),
};
