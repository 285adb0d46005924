/** Faults put in on purpose: each breaks one mechanism, and the test named with it must then fail. */
export interface Mutation {
  readonly what: string;
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly from: string;
  readonly to: string;
  /** Files of tests; one of them has to fail. */
  readonly tests: ReadonlyArray<string>;
  /** The tests run what `scripts/build.ts --test` made; only in the full tier. */
  readonly built?: true;
  /** Only the counts of the full tier notice it. */
  readonly thorough?: true;
}

const reservations = "test/daemon/coordination/reservations";
const primitives = "test/daemon/primitives";

export const mutations: ReadonlyArray<Mutation> = [
  {
    what: "compare-and-set of a lock dropped",
    file: "daemon/primitives/Lock.ts",
    from: "if (lock !== undefined && !isOver(lock)) {",
    to: 'if (lock !== undefined && !isOver(lock) && lock.holder === "nobody") {',
    tests: [`${primitives}/Lock.test.ts`],
  },
  {
    what: "compare-and-set of leases dropped",
    file: "daemon/coordination/reservations/decideReserve.ts",
    from: "  if (conflicts.length > 0) {\n    return Result.fail(new LeaseConflict",
    to: "  if (conflicts.length > 1000) {\n    return Result.fail(new LeaseConflict",
    tests: [`${reservations}/Reservations.test.ts`],
  },
  {
    what: "a decision looks at what was committed, not at what is being written",
    file: "daemon/primitives/eventStoreWriter.ts",
    from: "        yield* Effect.sync(() => show(exit.value));\n",
    to: "",
    tests: [`${primitives}/decide.test.ts`],
  },
  {
    what: "views kept after a transaction that failed",
    file: "daemon/primitives/eventStoreWriter.ts",
    from: "        viewsStray = true;\n",
    to: "",
    tests: [`${primitives}/decide.test.ts`],
  },
  {
    what: "token reset on release",
    file: "daemon/coordination/reservations/leaseBook.ts",
    from: "return put({ ...event.data, token: event.seq, project });",
    to: "return put({ ...event.data, token: (shelves.get(project)?.leases.size ?? 0) + 1, project });",
    tests: [`${reservations}/Reservations.test.ts`],
  },
  {
    what: "ack outside the transaction",
    file: "daemon/primitives/Mailbox.ts",
    from: ") => Effect.asVoid(decide(origin, (now) => decisions.decideAck(now, recipient, id, delivery, events)));",
    to: `) =>
    Effect.asVoid(
      Effect.andThen(
        store.append(origin, events),
        decide(origin, (now) => decisions.decideAck(now, recipient, id, delivery, [])),
      ),
    ) as never;`,
    tests: [`${primitives}/Mailbox.test.ts`, `${primitives}/mailboxModel.test.ts`],
  },
  {
    what: "fsync skipped",
    file: "daemon/platform/sqlWorker.ts",
    from: '["synchronous", 2],',
    to: '["synchronous", 0],',
    tests: ["test/daemon/platform/storeFailures.test.ts", "test/daemon/platform/Sql.test.ts"],
  },
  {
    what: "a checkpoint moved back",
    file: "daemon/primitives/Cursor.ts",
    from: "if (seq <= isAt) return Result.map",
    to: "if (seq < 0) return Result.map",
    tests: [`${primitives}/Cursor.test.ts`, `${primitives}/cursorModel.test.ts`],
  },
  {
    what: "pattern intersection one-sided",
    file: "shared/contract/pattern.ts",
    from: "boolean => witness(left, right) !== undefined;",
    to: "boolean => matches(left, right.text);",
    tests: ["test/shared/contract/pattern.test.ts"],
  },
  {
    what: "queue order reversed",
    file: "daemon/coordination/reservations/decideSettle.ts",
    from: "  for (const ticket of left) {\n",
    to: "  for (const ticket of left.toReversed()) {\n",
    tests: [`${reservations}/leaseQueue.test.ts`],
  },
  {
    what: "a wide request may be overtaken by anybody",
    file: "daemon/coordination/reservations/leaseQueue.ts",
    from: "const before = inWay.filter(",
    to: "const before = inWay.slice(0, 0).filter(",
    tests: [`${reservations}/leaseQueue.test.ts`],
  },
  {
    what: "circles not looked for",
    file: "daemon/coordination/reservations/leaseQueue.ts",
    from: "    if (back !== undefined) return",
    to: '    if (back !== undefined && holder === "") return',
    tests: [`${reservations}/leaseQueue.test.ts`],
  },
  {
    what: "a lease that was over ends once for each that it was in the way of",
    file: "daemon/coordination/reservations/decideSettle.ts",
    from: "    overlay.flatMap((held) => held.compiled),\n  );",
    to: "    overlay.flatMap((held) => held.compiled),\n  );\n  if (overlay.length > 1) (ended.events as Array<NewEvent>).push(...ended.events);",
    tests: [`${reservations}/decideSettle.test.ts`],
  },
  {
    what: "the clock goes on while the machine sleeps",
    file: "daemon/primitives/AwakeClock.ts",
    from: "if (current - seen > longestGap)",
    to: "if (current - seen > longestGap * 1e9)",
    tests: [`${primitives}/AwakeClock.test.ts`],
  },
  {
    what: "names given to agents not compared",
    file: "daemon/coordination/agents/Agents.ts",
    from: "if (given || underWay.wasGiven(origin.project, name))",
    to: "if (given)",
    tests: ["test/daemon/coordination/agents/Agents.test.ts"],
  },
  {
    what: "an old token stays good",
    file: "daemon/coordination/agents/liveAgents.ts",
    from: "    byHash.delete(agent.tokenHash);\n",
    to: "",
    tests: ["test/daemon/coordination/agents/Agents.test.ts"],
  },
];
