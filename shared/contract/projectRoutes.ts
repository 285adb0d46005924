/**
 * A project as a whole, for who shows it to the person: one stream tells everything, so that every view is a
 * function of what it has told.
 */
import { Schema } from "effect";
import { AgentView } from "./agentRoutes.ts";
import { CellView } from "./hiveRoutes.ts";
import { Message } from "./mailRoutes.ts";
import { LeaseView, TicketView } from "./reservationRoutes.ts";
import { o, opt, project, read, Str } from "./route.ts";
import { DirtyPath, SwarmView } from "./swarmRoutes.ts";

/** Everything, as of `seq`: what was told before is void. */
export const ProjectSnapshot = Schema.Struct({
  kind: Schema.Literal("snapshot"),
  seq: Schema.Int,
  project: Schema.Struct({ id: Str, root: Str }),
  /** All but those that were deleted; the oldest first. */
  cells: Schema.Array(CellView),
  /** Those that changed last, see `swarm.list`. */
  swarms: Schema.Array(SwarmView),
  /** Those at work. */
  agents: Schema.Array(AgentView),
  leases: Schema.Array(LeaseView),
  queue: Schema.Array(TicketView),
  /** What waits in the person's inbox. */
  mail: Schema.Array(Message),
  /** No agents are started, in no swarm of the project. */
  paused: Schema.Boolean,
}).annotate({ identifier: "ProjectSnapshot" });
export type ProjectSnapshot = typeof ProjectSnapshot.Type;

/** What became another up to `seq`: each element whole, in place of what it was; what is absent is as before. */
export const ProjectChanges = Schema.Struct({
  kind: Schema.Literal("changes"),
  seq: Schema.Int,
  /** One with the status `tombstone` is gone. */
  cells: opt(Schema.Array(CellView)),
  swarms: opt(Schema.Array(SwarmView)),
  /** One with `endedAt` is at work no more. */
  agents: opt(Schema.Array(AgentView)),
  /** `granted` are those that are new or others than they were; `ended` are ids. */
  leases: opt(Schema.Struct({ granted: Schema.Array(LeaseView), ended: Schema.Array(Str) })),
  /** The whole of it, as well as of `mail`. */
  queue: opt(Schema.Array(TicketView)),
  mail: opt(Schema.Array(Message)),
  paused: opt(Schema.Boolean),
}).annotate({ identifier: "ProjectChanges" });
export type ProjectChanges = typeof ProjectChanges.Type;

/** The last line that the agent of a cell printed; not every one is told. */
export const ProjectProgress = Schema.Struct({
  kind: Schema.Literal("progress"),
  cell: Str,
  line: Str,
}).annotate({ identifier: "ProjectProgress" });

export const ProjectUpdate = Schema.Union([ProjectSnapshot, ProjectChanges, ProjectProgress]).annotate({
  identifier: "ProjectUpdate",
});
export type ProjectUpdate = typeof ProjectUpdate.Type;

/** What a folder is to us. */
export const ProjectPlace = Schema.Union([
  Schema.Struct({
    kind: Schema.Literal("project"),
    /** Absent for a repository that was never used with us. */
    id: opt(Str),
    /** The top folder of the worktree. */
    root: Str,
    /** The git directory that all worktrees share. */
    commonDir: Str,
  }),
  /** A checkout that we made for a worker: no project of its own, and nothing to work in for anybody else. */
  Schema.Struct({
    kind: Schema.Literal("checkout"),
    epic: Str,
    cell: Str,
    attempt: Schema.Natural,
    /** Its top folder. */
    folder: Str,
    /** The project that the work is for; `root` is where its swarm was started. */
    project: Schema.Struct({ id: Str, root: Str }),
  }),
]).annotate({ identifier: "ProjectPlace" });
export type ProjectPlace = typeof ProjectPlace.Type;

export const projectRoutes = {
  /**
   * First everything, then what changes, for as long as it is followed. Who comes back with its position is told
   * what changed since, or everything where that is less.
   */
  watch: o({ access: "person", stream: true }).input(Schema.Struct(project)).output(ProjectUpdate),
  /** What a folder is to us. Nothing is written: a repository does not become a project by it. */
  locate: read("person")
    .input(Schema.Struct({ folder: Str }))
    .output(ProjectPlace),
  /** What is changed in the person's working tree and not committed. */
  dirty: read("person").input(Schema.Struct(project)).output(Schema.Array(DirtyPath)),
};
