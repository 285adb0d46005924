/**
 * The route table: the only way into the daemon. A client is typed by it, the daemon implements it
 * (`daemon/api/`), and nothing else is an API.
 *
 * `access` says whose token a route takes, see `Access`. Whatever changes the person's repository or speaks with the
 * person's authority is `person`.
 */
import { Schema } from "effect";
import { createRouter } from "../router/createRouter.ts";
import { o as route } from "../router/o.ts";
import { LeaseConflictEntry } from "./errors.ts";
import { Importance, StoredEvent, Target } from "./events.ts";
import { Check, CheckResult, Finding } from "./gate.ts";
import { Plan, PlanFault } from "./plan.ts";

const Str = Schema.String;
const opt = Schema.optionalKey;
/** An absolute path inside the project; the daemon finds the repository from it. */
const project = { project: Str };

export const DirtyPath = Schema.Struct({ path: Str, state: Str });

/** What a start would do, for the person to approve. Nothing has been changed yet. */
export const Proposal = Schema.Struct({
  root: Str,
  base: Str,
  target: Target,
  plan: Plan,
  /** SHA-256 of the canonical plan; the approval is bound to it. */
  planHash: Str,
  warnings: Schema.Array(PlanFault),
  subtasks: Schema.Array(
    Schema.Struct({
      title: Str,
      agent: Str,
      /** The subtask's files as understood against the base. */
      patterns: Schema.Array(Str),
      /** How many files of the base match them now. */
      filesNow: Schema.Natural,
    }),
  ),
  checks: Schema.Array(Schema.Struct({ check: Check, approved: Schema.Boolean })),
  setup: opt(Schema.Struct({ check: Check, approved: Schema.Boolean })),
  /** Changes in the working tree that the agents will not see. */
  dirty: Schema.Array(DirtyPath),
  maxWorkers: Schema.Natural,
});
export type Proposal = typeof Proposal.Type;

export const CellView = Schema.Struct({
  id: Str,
  title: Str,
  status: Str,
  issue_type: Str,
  priority: Schema.Int,
  fields: Schema.Record(Str, Schema.Json),
  parent_id: Schema.NullOr(Str),
  dependencies: Schema.Array(Schema.Struct({ depends_on_id: Str, type: Str })),
  ready: Schema.Boolean,
  /** Why it is not ready, empty when it is. */
  waiting_for: Schema.Array(Str),
});
export type CellView = typeof CellView.Type;

export const SubtaskView = Schema.Struct({
  id: Str,
  title: Str,
  files: Schema.Array(Str),
  dependencies: Schema.Array(Str),
  status: Schema.Literals([
    "waiting",
    "starting",
    "running",
    "gate",
    "needs-you",
    "merging",
    "merged",
    "blocked",
    "cancelled",
  ]),
  attempts: Schema.Natural,
  agent: Schema.NullOr(Str),
  /** ISO 8601 times of the first spawn and of the merge or the block. */
  startedAt: Schema.NullOr(Str),
  endedAt: Schema.NullOr(Str),
  findings: Schema.Array(Finding),
  /** Every attempt that was not taken over, and why. */
  refusals: Schema.Array(
    Schema.Struct({
      attempt: Schema.Natural,
      agent: Str,
      /** What refused it: the agent's own end, the gate on its work, or the gate on the merged whole. */
      stage: Schema.Literals(["agent", "cell", "merge"]),
      findings: Schema.Array(Finding),
    }),
  ),
  /** Paths that the merged change touched. */
  changed: Schema.Array(Str),
});
export type SubtaskView = typeof SubtaskView.Type;

export const SwarmView = Schema.Struct({
  epic: Str,
  title: Str,
  root: Str,
  target: Target,
  base: Str,
  head: Schema.NullOr(Str),
  status: Schema.Literals([
    "running",
    "interrupted",
    "needs-you",
    "blocked",
    "ready",
    "landing",
    "landed",
    "cancelled",
    "discarded",
  ]),
  checks: Schema.Array(Str),
  subtasks: Schema.Array(SubtaskView),
  startedAt: Str,
  endedAt: Schema.NullOr(Str),
  /** Set when the last attempt to land was refused. */
  refusal: Schema.NullOr(Schema.Struct({ message: Str, paths: Schema.Array(Str) })),
  /** Why this daemon stopped working on it, for instance a full disk; it can be resumed. */
  problem: Schema.NullOr(Str),
  /** The sequence number that this view is as of. */
  seq: Schema.Int,
});
export type SwarmView = typeof SwarmView.Type;

export const LeaseView = Schema.Struct({
  lease: Str,
  token: Schema.Int,
  holder: Str,
  cell: opt(Str),
  epic: opt(Str),
  patterns: Schema.Array(Str),
  exclusive: Schema.Boolean,
  expiresAt: opt(Str),
  reason: opt(Str),
});

/** A request that waits for its files. */
export const TicketView = Schema.Struct({
  ticket: Str,
  holder: Str,
  cell: opt(Str),
  epic: opt(Str),
  patterns: Schema.Array(Str),
  exclusive: Schema.Boolean,
  reason: opt(Str),
  /** How many requests are served before it, because they are earlier and want files of it. */
  ahead: Schema.Natural,
  /** What it waits for now. */
  conflicts: Schema.Array(LeaseConflictEntry),
});
export type TicketView = typeof TicketView.Type;

/** The answer to a request for files that may wait. */
export const Reserved = Schema.Union([
  Schema.Struct({ kind: Schema.Literal("granted"), lease: LeaseView }),
  /** Not yet: ask again for the same to keep the place, which is lost 10 minutes after the last time. */
  Schema.Struct({ kind: Schema.Literal("waiting"), ticket: TicketView }),
]);
export type Reserved = typeof Reserved.Type;

export const AgentView = Schema.Struct({
  name: Str,
  kind: Schema.Literals(["worker", "session"]),
  harness: opt(Str),
  epic: opt(Str),
  cell: opt(Str),
  registeredAt: Str,
  /** Absent for one that is at work. */
  endedAt: opt(Str),
});
export type AgentView = typeof AgentView.Type;

/** May a file be written? `docs/security.md` has the whole table. */
export const WriteVerdict = Schema.Struct({
  allowed: Schema.Boolean,
  /** One sentence for whoever asked; empty when there is nothing to say. */
  message: Str,
  /** Who stands in the way, or (for the person, who is only warned) whose files these are. */
  conflicts: Schema.Array(LeaseConflictEntry),
  /** The check reserved the file for the asking session until then. */
  reservedUntil: opt(Str),
});
export type WriteVerdict = typeof WriteVerdict.Type;

export const Message = Schema.Struct({
  id: Str,
  from: Str,
  to: Schema.Array(Str),
  subject: Str,
  body: Str,
  thread: Str,
  importance: Importance,
  /** A deferred that waits for the answer. */
  replyTo: opt(Str),
  at: Str,
});
export type Message = typeof Message.Type;

/** A message that was handed out: it comes back at `visibleAgainAt` unless it is acked with its `delivery`. */
export const Delivery = Schema.Struct({
  ...Message.fields,
  delivery: Str,
  /** The first delivery is 1. */
  deliveries: Schema.Natural,
  visibleAgainAt: Str,
});
export type Delivery = typeof Delivery.Type;

export const DeadLetter = Schema.Struct({
  ...Message.fields,
  recipient: Str,
  deliveries: Schema.Natural,
  error: Str,
  deadAt: Str,
});
export type DeadLetter = typeof DeadLetter.Type;

export const DeferredView = Schema.Struct({
  id: Str,
  state: Schema.Literals(["pending", "resolved", "rejected", "expired"]),
  expiresAt: Str,
  /** Of a resolved one. */
  value: opt(Schema.Json),
  /** Of a rejected one. */
  reason: opt(Str),
});
export type DeferredView = typeof DeferredView.Type;

export const DaemonStatus = Schema.Struct({
  pid: Schema.Int,
  version: Str,
  protocol: Schema.Int,
  store: Str,
  clone: Str,
  head: Schema.Int,
  liveSwarms: Schema.Natural,
  clients: Schema.Natural,
  startedAt: Str,
});

/** One line of a diagnosis; `remedy` says how to mend what is not ok. */
export const Diagnosis = Schema.Struct({
  what: Str,
  ok: Schema.Boolean,
  detail: Str,
  remedy: opt(Str),
});

/** What an observer of a swarm receives: its state, and what agents print, which is no event. */
export const SwarmUpdate = Schema.Union([
  Schema.Struct({ kind: Schema.Literal("state"), swarm: SwarmView }),
  Schema.Struct({ kind: Schema.Literal("event"), event: StoredEvent }),
  Schema.Struct({ kind: Schema.Literal("progress"), cell: Str, line: Str }),
]);
export type SwarmUpdate = typeof SwarmUpdate.Type;

const epic = { ...project, epic: Str };
const cell = { ...project, id: Str };

/**
 * Whose token a route takes. The launcher is the program that a harness's hooks call: it may register a session and
 * ask the write check, and nothing else.
 */
export type Access =
  | "person"
  /** The person, and agents. */
  | "anyone"
  /** The person, and the launcher. */
  | "registrar"
  /** The person, agents, and the launcher. */
  | "everybody";

const o = <Streams extends boolean = false>(options: {
  readonly access: Access;
  readonly stream?: Streams;
}) => route<Streams>(options);

/** Seconds that a call waits for at most: harnesses give up after 60, and then would not know what became of it. */
const waitSeconds = opt(Schema.Natural.check(Schema.isLessThanOrEqualTo(25)));
const deferredId = { ...project, id: Str };

export const contract = createRouter({
  daemon: {
    status: o({ access: "anyone" }).input(Schema.Struct({})).output(DaemonStatus),
    /** Answers, then drains and ends the daemon. Live swarms stay resumable. */
    stop: o({ access: "person" })
      .input(Schema.Struct({}))
      .output(Schema.Struct({ pid: Schema.Int })),
    /**
     * Listens on 127.0.0.1 as well, for as long as this stream is open; `announce` makes that known on the local
     * network. Without `port` the system chooses one.
     */
    listen: o({ access: "person", stream: true })
      .input(
        Schema.Struct({
          port: opt(Schema.Natural.check(Schema.isLessThanOrEqualTo(65_535))),
          announce: opt(Schema.Boolean),
        }),
      )
      .output(Schema.Struct({ url: Str, name: opt(Str) })),
    diagnose: o({ access: "person" })
      .input(Schema.Struct({ project: opt(Str) }))
      .output(Schema.Array(Diagnosis)),
  },
  swarm: {
    /** Runs a planner (`command:PROG`) on a task and answers with the text it printed. */
    plan: o({ access: "person" })
      .input(Schema.Struct({ ...project, task: Str, planner: Str, maxSubtasks: opt(Schema.Natural) }))
      .output(Schema.Struct({ text: Str })),
    /** Validates a plan against the repository and the leases held now. `text` is the plan's JSON. */
    propose: o({ access: "anyone" })
      .input(Schema.Struct({ ...project, text: Str, agent: opt(Str), maxWorkers: opt(Schema.Natural) }))
      .output(Proposal),
    /** Records the person's approval of exactly these commands, for this project. */
    approveChecks: o({ access: "person" })
      .input(Schema.Struct({ ...project, hashes: Schema.Array(Str), base: Str }))
      .output(Schema.Struct({ approved: Schema.Array(Str) })),
    /** Runs the approved checks on the base before anything is changed. A known result is not run again. */
    checkBase: o({ access: "person" })
      .input(Schema.Struct({ ...project, base: Str }))
      .output(Schema.Struct({ results: Schema.Array(CheckResult) })),
    start: o({ access: "person" })
      .input(
        Schema.Struct({
          ...project,
          task: opt(Str),
          text: Str,
          base: Str,
          agent: opt(Str),
          maxWorkers: opt(Schema.Natural),
          /** Must equal the proposal's `planHash`. */
          approvedPlan: Str,
          /** Approves in advance the landing of whatever passes every gate. */
          land: opt(Schema.Boolean),
          /** The extra yes that landing without any check needs. */
          landUnchecked: opt(Schema.Boolean),
          /** Names of checks that are red on the base and that the person waives. */
          waive: opt(Schema.Array(Str)),
        }),
      )
      .output(SwarmView),
    resume: o({ access: "person" }).input(Schema.Struct(epic)).output(SwarmView),
    status: o({ access: "anyone" }).input(Schema.Struct(epic)).output(SwarmView),
    list: o({ access: "anyone" }).input(Schema.Struct(project)).output(Schema.Array(SwarmView)),
    cancel: o({ access: "person" }).input(Schema.Struct(epic)).output(SwarmView),
    discard: o({ access: "person" }).input(Schema.Struct(epic)).output(SwarmView),
    /** `commit` is the head that the person saw; another head is refused. */
    land: o({ access: "person" })
      .input(Schema.Struct({ ...epic, commit: Str, unchecked: opt(Schema.Boolean) }))
      .output(SwarmView),
    /** The person's answer to a change that weakens the checks. */
    answer: o({ access: "person" })
      .input(Schema.Struct({ ...project, cell: Str, accept: Schema.Boolean, text: opt(Str) }))
      .output(SwarmView),
    /** First the state as of now, then everything that happens. */
    watch: o({ access: "anyone", stream: true }).input(Schema.Struct(epic)).output(SwarmUpdate),
    /** The commits between base and head, as `git log --graph` draws them. */
    graph: o({ access: "person" })
      .input(Schema.Struct(epic))
      .output(Schema.Struct({ text: Str })),
  },
  events: {
    list: o({ access: "anyone" })
      .input(
        Schema.Struct({
          project: opt(Str),
          after: opt(Schema.Int),
          type: opt(Str),
          stream: opt(Str),
          /** At most this many, from `after` on; 100,000 is the most that one answer holds. */
          limit: opt(Schema.Natural.check(Schema.isLessThanOrEqualTo(100_000))),
        }),
      )
      .output(Schema.Array(StoredEvent)),
    follow: o({ access: "anyone", stream: true })
      .input(Schema.Struct({ project: opt(Str), after: opt(Schema.Int), type: opt(Str) }))
      .output(StoredEvent),
    /** The rows of the projections as of a sequence number or a time (ISO 8601). */
    stateAt: o({ access: "person" })
      .input(
        Schema.Struct({ project: opt(Str), seq: opt(Schema.Natural), at: opt(Str), projection: opt(Str) }),
      )
      .output(
        Schema.Struct({
          seq: Schema.Natural,
          /** By the table's name; a projection may have several. */
          tables: Schema.Record(Str, Schema.Array(Schema.Record(Str, Schema.Json))),
        }),
      ),
    /** Replaces an event's data by a marker, everywhere it is kept. */
    redact: o({ access: "person" })
      .input(Schema.Struct({ seq: Schema.Natural, reason: Str }))
      .output(Schema.Struct({ seq: Schema.Natural, redaction: Schema.Natural })),
    /** Frees what nothing needs any more: says what it would free, and frees it when told to. */
    gc: o({ access: "person" })
      .input(Schema.Struct({ free: Schema.Boolean }))
      .output(
        Schema.Struct({
          items: Schema.Array(Schema.Struct({ what: Str, path: opt(Str), bytes: Schema.Natural })),
          freed: Schema.Boolean,
        }),
      ),
    /** Drops every projection, replays the log, and says whether the rows are the same as before. */
    rebuild: o({ access: "person" })
      .input(Schema.Struct({}))
      .output(
        Schema.Array(
          Schema.Struct({
            projection: Str,
            rows: Schema.Natural,
            equal: Schema.Boolean,
            differing: Schema.Array(Str),
          }),
        ),
      ),
  },
  hive: {
    create: o({ access: "anyone" })
      .input(
        Schema.Struct({
          ...project,
          title: Str,
          description: opt(Str),
          priority: opt(Schema.Int),
          issue_type: opt(Str),
          parent_id: opt(Str),
        }),
      )
      .output(CellView),
    /** A cell with children: `dependencies` are positions, from 0, of the subtasks that block one. */
    createEpic: o({ access: "anyone" })
      .input(
        Schema.Struct({
          ...project,
          title: Str,
          description: opt(Str),
          subtasks: Schema.Array(
            Schema.Struct({
              title: Str,
              description: opt(Str),
              dependencies: opt(Schema.Array(Schema.Natural)),
            }),
          ),
        }),
      )
      .output(Schema.Struct({ epic: CellView, cells: Schema.Array(CellView) })),
    list: o({ access: "anyone" })
      .input(Schema.Struct({ ...project, status: opt(Str) }))
      .output(Schema.Array(CellView)),
    show: o({ access: "anyone" }).input(Schema.Struct(cell)).output(CellView),
    /** What can be begun now: the most urgent first, then the oldest. */
    ready: o({ access: "anyone" })
      .input(Schema.Struct({ ...project, limit: opt(Schema.Natural) }))
      .output(Schema.Array(CellView)),
    /** The caller works on it from now on. One that is not ready, or that another works on, is refused. */
    start: o({ access: "anyone" }).input(Schema.Struct(cell)).output(CellView),
    update: o({ access: "anyone" })
      .input(
        Schema.Struct({
          ...cell,
          title: opt(Str),
          description: opt(Str),
          priority: opt(Schema.Int),
          issue_type: opt(Str),
        }),
      )
      .output(CellView),
    close: o({ access: "anyone" })
      .input(Schema.Struct({ ...cell, reason: opt(Str) }))
      .output(CellView),
    reopen: o({ access: "anyone" }).input(Schema.Struct(cell)).output(CellView),
  },
  agents: {
    /**
     * Makes an agent and its token. With `harness` and `session` it is that session's: the same session that comes
     * back is the same agent, with its leases, and a new token.
     */
    register: o({ access: "registrar" })
      .input(Schema.Struct({ ...project, name: opt(Str), harness: opt(Str), session: opt(Str) }))
      .output(Schema.Struct({ name: Str, token: Str })),
    list: o({ access: "anyone" })
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
  },
  reservations: {
    list: o({ access: "anyone" }).input(Schema.Struct(project)).output(Schema.Array(LeaseView)),
    queue: o({ access: "anyone" }).input(Schema.Struct(project)).output(Schema.Array(TicketView)),
    check: o({ access: "anyone" })
      .input(Schema.Struct({ ...project, path: Str }))
      .output(Schema.Array(LeaseConflictEntry)),
    /**
     * For the caller. Without `waitSeconds` a conflict is refused; with it, it waits in the queue, and who asks again
     * for the same waits on in its place.
     */
    reserve: o({ access: "anyone" })
      .input(
        Schema.Struct({
          ...project,
          patterns: Schema.Array(Str),
          ttlSeconds: opt(Schema.Int),
          shared: opt(Schema.Boolean),
          reason: opt(Str),
          waitSeconds,
        }),
      )
      .output(Reserved),
    /** Leaves the queue. */
    withdraw: o({ access: "anyone" })
      .input(Schema.Struct({ ...project, ticket: Str }))
      .output(Schema.Struct({ ticket: Str })),
    renew: o({ access: "anyone" })
      .input(Schema.Struct({ ...project, lease: Str, token: Schema.Int, ttlSeconds: opt(Schema.Int) }))
      .output(LeaseView),
    /** Of the caller's own: these patterns, or everything. */
    release: o({ access: "anyone" })
      .input(Schema.Struct({ ...project, patterns: opt(Schema.Array(Str)), all: opt(Schema.Boolean) }))
      .output(Schema.Struct({ released: Schema.Array(Str) })),
    /** Ends every lease that overlaps the patterns, and grants these to the person. */
    takeover: o({ access: "person" })
      .input(
        Schema.Struct({
          ...project,
          patterns: Schema.Array(Str),
          ttlSeconds: opt(Schema.Int),
          reason: opt(Str),
        }),
      )
      .output(
        Schema.Struct({
          lease: LeaseView,
          /** The leases that ended. */
          ended: Schema.Array(LeaseView),
        }),
      ),
    /** Gives leases of the caller's own to another agent, past the queue. */
    handover: o({ access: "anyone" })
      .input(Schema.Struct({ ...project, patterns: Schema.Array(Str), to: Str, reason: opt(Str) }))
      .output(Schema.Array(LeaseView)),
    /** Asked before a write. `harness` and `session` say for whom the launcher asks; `cwd` is where it runs. */
    writeCheck: o({ access: "everybody" })
      .input(Schema.Struct({ ...project, path: Str, harness: opt(Str), session: opt(Str) }))
      .output(WriteVerdict),
  },
  mail: {
    /** From the caller. The `id` (a UUIDv7) makes a repeated call the same message. */
    send: o({ access: "anyone" })
      .input(
        Schema.Struct({
          ...project,
          id: opt(Str),
          to: Schema.Array(Str),
          subject: Str,
          body: opt(Str),
          thread: opt(Str),
          importance: opt(Importance),
          replyTo: opt(Str),
        }),
      )
      .output(Message),
    /** Leases the caller's messages to it for `visibilitySeconds`; waits for the first one if told to. */
    receive: o({ access: "anyone" })
      .input(
        Schema.Struct({
          ...project,
          limit: opt(Schema.Natural),
          visibilitySeconds: opt(Schema.Natural),
          waitSeconds,
        }),
      )
      .output(Schema.Array(Delivery)),
    ack: o({ access: "anyone" })
      .input(Schema.Struct({ ...project, id: Str, delivery: Str }))
      .output(Schema.Struct({ id: Str })),
    /** What waits in the caller's inbox, or in that of whom the person names; nothing is handed out by it. */
    inbox: o({ access: "anyone" })
      .input(Schema.Struct({ ...project, of: opt(Str) }))
      .output(Schema.Array(Message)),
    /** Sends, and waits for the answer; without one in time, the answer can be awaited by the deferred's id. */
    ask: o({ access: "anyone" })
      .input(
        Schema.Struct({
          ...project,
          to: Str,
          subject: Str,
          body: opt(Str),
          expiresSeconds: opt(Schema.Natural),
          waitSeconds,
        }),
      )
      .output(DeferredView),
    dead: o({ access: "anyone" })
      .input(Schema.Struct({ ...project, of: opt(Str) }))
      .output(Schema.Array(DeadLetter)),
    revive: o({ access: "person" })
      .input(Schema.Struct({ ...project, id: Str, recipient: Str }))
      .output(Message),
  },
  deferred: {
    create: o({ access: "anyone" })
      .input(Schema.Struct({ ...project, expiresSeconds: opt(Schema.Natural) }))
      .output(DeferredView),
    get: o({ access: "anyone" }).input(Schema.Struct(deferredId)).output(DeferredView),
    /** Answers when it is settled, or with a pending one when the time is up. */
    await: o({ access: "anyone" })
      .input(Schema.Struct({ ...deferredId, waitSeconds }))
      .output(DeferredView),
    resolve: o({ access: "anyone" })
      .input(Schema.Struct({ ...deferredId, value: Schema.Json }))
      .output(DeferredView),
    reject: o({ access: "anyone" })
      .input(Schema.Struct({ ...deferredId, reason: Str }))
      .output(DeferredView),
  },
});
export type Contract = typeof contract;
