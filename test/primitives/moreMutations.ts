/** Faults that the authors of the parts found worth putting in: storage, time, identity; see `mutations.ts`. */
import type { Mutation } from "./mutations.ts";

const primitives = "test/daemon/primitives";
const platform = "test/daemon/platform";
const agents = "test/daemon/coordination/agents";
const authority = "test/daemon/api/authority.test.ts";

const storage: ReadonlyArray<Mutation> = [
  {
    what: "the thread that reads may write",
    file: "daemon/platform/sqlWorker.ts",
    from: '[["query_only", 1]]',
    to: '[["query_only", 0]]',
    tests: [`${platform}/Sql.reads.test.ts`],
  },
  {
    what: "statements go on after a failure ended their transaction",
    file: "daemon/platform/sqlWorker.ts",
    from: "if (begun && !database.inTransaction)",
    to: "if (begun && false)",
    tests: [`${platform}/Sql.statements.test.ts`],
  },
  {
    what: "a page of events by another index",
    file: "daemon/primitives/eventQueries.ts",
    from: '? "" : "+"',
    to: '? "" : ""',
    tests: [`${primitives}/queryPlans.test.ts`, `${primitives}/eventQueries.test.ts`],
  },
  {
    what: "no end to what is read at once",
    file: "daemon/primitives/eventQueries.ts",
    from: "const bytesAtOnce = 16 *",
    to: "const bytesAtOnce = 1600 *",
    tests: [`${primitives}/eventQueries.test.ts`],
  },
  {
    what: "rows looked for in every tenant",
    file: "daemon/primitives/EventStore.ts",
    from: "? { tenant: localTenant, ...given } : given",
    to: "? given : given",
    tests: [`${primitives}/queryPlans.test.ts`],
  },
  {
    what: "what a later change sets again is written first too",
    file: "daemon/primitives/projectionTables.ts",
    from: "statements[earlier] = undefined;",
    to: "continue;",
    tests: [`${primitives}/rebuildProjections.test.ts`],
  },
  {
    what: "a rebuild leaves out rows that are missing",
    file: "daemon/primitives/rebuildProjections.ts",
    from: 'onlyMissing ? "b.tenant IS NULL"',
    to: 'onlyMissing ? "0"',
    tests: [`${primitives}/rebuildProjections.test.ts`],
  },
];

const time: ReadonlyArray<Mutation> = [
  {
    what: "a snapshot keeps what was redacted",
    file: "daemon/primitives/redact.ts",
    from: "          ...snapshots.forgetting(fed, seq),\n",
    to: "",
    tests: [`${primitives}/redact.test.ts`],
    thorough: true,
  },
  {
    what: "a projection keeps what was redacted",
    file: "daemon/primitives/redact.ts",
    from: "args: [JSON.stringify(fed)],",
    to: 'args: ["[]"],',
    tests: [`${primitives}/redact.test.ts`],
  },
  {
    what: "free pages of the file keep what was redacted",
    file: "daemon/primitives/redact.ts",
    from: '  yield* sql.run([{ sql: "VACUUM", args: [] }]);\n',
    to: "",
    tests: [`${primitives}/redact.test.ts`],
  },
  {
    what: "the write-ahead log keeps what was redacted",
    file: "daemon/primitives/redact.ts",
    from: "wal_checkpoint(TRUNCATE)",
    to: "wal_checkpoint(PASSIVE)",
    tests: [`${primitives}/redact.test.ts`],
  },
  {
    what: "snapshots thinned by what is newer than the one that stays",
    file: "daemon/primitives/thinSnapshots.ts",
    from: "o.seq > r.seq AND o.seq <= ?7",
    to: "o.seq > r.seq",
    tests: [`${primitives}/snapshots.test.ts`],
  },
  {
    what: "a snapshot begun and not ended is added to",
    file: "daemon/primitives/snapshots.ts",
    from: "    yield* sql.run(due.map(({ name }) => leftovers(name, from)));\n",
    to: "",
    tests: [`${primitives}/snapshots.test.ts`],
  },
  {
    what: "the state at a time leaves out what happened at that time",
    file: "daemon/primitives/stateAt.ts",
    from: "event.at <= time)",
    to: "event.at < time)",
    tests: [`${primitives}/stateAt.test.ts`],
  },
  {
    what: "what a cell leans on is not loaded with it",
    file: "daemon/coordination/hive/hiveCells.ts",
    from: ": leansOn(cell);",
    to: ": [];",
    tests: ["test/daemon/coordination/hive/Hive.test.ts"],
  },
];

const identity: ReadonlyArray<Mutation> = [
  {
    what: "what an ended agent held stays",
    file: "daemon/coordination/agents/Agents.ts",
    from: "const left = [...hooks].map(",
    to: "const left = [...new Set<OnEnd>()].map(",
    tests: [`${agents}/Agents.test.ts`],
  },
  {
    what: "an agent acts in any project",
    file: "daemon/api/handlers/request.ts",
    from: '  if (caller.kind === "agent") return caller.project;\n',
    to: "",
    tests: [authority],
  },
  {
    what: "everybody acts as the person",
    file: "daemon/api/handlers/request.ts",
    from: "actor: caller.actor",
    to: 'actor: "person" as const',
    tests: [authority],
  },
  {
    what: "a stream goes on when its agent has ended",
    file: "daemon/serve.ts",
    from: "    revoked,\n",
    to: "",
    tests: [authority],
  },
];

const waiting: ReadonlyArray<Mutation> = [
  {
    what: "who waits for a lock longest comes last",
    file: "daemon/primitives/lockLines.ts",
    from: "for (const waiter of lines.get(key) ?? []) if (passes",
    to: "for (const waiter of [...(lines.get(key) ?? [])].toReversed()) if (passes",
    tests: [`${primitives}/Lock.test.ts`, `${primitives}/lockModel.test.ts`],
  },
  {
    what: "a lock is released by any token",
    file: "daemon/primitives/Lock.ts",
    from: "return lock?.token === ref.token && !isOver(lock) ?",
    to: "return lock !== undefined && !isOver(lock) ?",
    tests: [`${primitives}/Lock.test.ts`, `${primitives}/lockModel.test.ts`],
  },
  {
    what: "a renewal counts for the next holder too",
    file: "daemon/primitives/lockView.ts",
    from: "lock.token !== token || ",
    to: "",
    tests: [`${primitives}/Lock.test.ts`],
  },
  {
    what: "work goes on under a lock that is lost",
    file: "daemon/primitives/Lock.ts",
    from: "if (lost !== undefined) Deferred.doneUnsafe(lost, Effect.fail(lockNotHeld(event.data)));",
    to: "void lost;",
    tests: [`${primitives}/Lock.test.ts`],
  },
  {
    what: "ends of locks stay as they are when the clock is set",
    file: "daemon/primitives/Lock.ts",
    from: "iso(lock.deadline) !== lock.until",
    to: "lock.deadline < 0",
    tests: [`${primitives}/Lock.test.ts`],
  },
  {
    what: "awake time follows the wall clock",
    file: "daemon/primitives/AwakeClock.ts",
    from: "clock.monotonicTimeNanosUnsafe()",
    to: "clock.currentTimeNanosUnsafe()",
    tests: [`${primitives}/AwakeClock.test.ts`],
  },
  {
    what: "who waits for a deferred is not woken",
    file: "daemon/primitives/Deferred.ts",
    from: "Signal.doneUnsafe(waiter, Effect.void);",
    to: "void waiter;",
    tests: [`${primitives}/Deferred.test.ts`],
  },
  {
    what: "a checkpoint is moved by whoever is behind",
    file: "daemon/primitives/Cursor.ts",
    from: "if (isAt !== position && actual?.consumer !== consumer) {",
    to: "if (isAt < 0) {",
    tests: [`${primitives}/Cursor.test.ts`],
  },
  {
    what: "a lock that nobody waits for any more is kept",
    file: "daemon/primitives/Lock.ts",
    from: "if (waiter.gone) Queue.offerUnsafe(orphans, { project, held });",
    to: "if (waiter.gone) void orphans;",
    tests: [`${primitives}/lockOrphans.test.ts`],
  },
  {
    what: "a message is acked by any delivery",
    file: "daemon/primitives/mailDecisions.ts",
    from: "if (letter?.out?.delivery === delivery && letter.out.until > now)",
    to: "if (letter?.out && letter.out.until > now)",
    tests: [`${primitives}/Mailbox.test.ts`, `${primitives}/mailboxModel.test.ts`],
    thorough: true,
  },
  {
    what: "a message comes back for ever",
    file: "daemon/primitives/mailDecisions.ts",
    from: "const isDead = ({ deliveries }: Letter) => deliveries >= maxDeliveries;",
    to: "const isDead = ({ deliveries }: Letter) => deliveries > maxDeliveries * 1000;",
    tests: [`${primitives}/Mailbox.test.ts`, `${primitives}/mailboxModel.test.ts`],
  },
];

/** Seen by the suite that kills processes, which runs what was built. */
const kill = ["test/primitives/kill.test.ts"];
const underKill: ReadonlyArray<Mutation> = [
  {
    what: "ack outside the transaction, under kill -9",
    file: "daemon/primitives/Mailbox.ts",
    from: ") => Effect.asVoid(decide(origin, (now) => decisions.decideAck(now, recipient, id, delivery, events)));",
    to: `) =>
    Effect.asVoid(
      Effect.andThen(
        store.append(origin, events),
        decide(origin, (now) => decisions.decideAck(now, recipient, id, delivery, [])),
      ),
    ) as never;`,
    tests: kill,
    built: true,
  },
  {
    what: "a checkpoint is not written with its effects, under kill -9",
    file: "daemon/primitives/Cursor.ts",
    from: "state: [{ table: checkpoints.name, key: { name }, set: { seq, consumer } }],",
    to: "state: events.length > 0 ? [] : [{ table: checkpoints.name, key: { name }, set: { seq, consumer } }],",
    tests: kill,
    built: true,
  },
  {
    what: "a deferred settles more than once, under kill -9",
    file: "daemon/primitives/Deferred.ts",
    from: "const isOpen = expiry !== undefined && expiry.at > clock.now();",
    to: "const isOpen = true;",
    tests: kill,
    built: true,
  },
];

export const moreMutations: ReadonlyArray<Mutation> = [
  ...storage,
  ...time,
  ...identity,
  ...waiting,
  ...underKill,
];
