/**
 * `ocvibe reserve`: takes files for whoever calls, so that agents are kept off them. With `--wait` it waits in the
 * queue until they are free; Ctrl-C leaves the queue.
 */
import { Effect, Option } from "effect";
import { Argument, Command, Flag } from "effect/cli";
import type { AnyError } from "../../../shared/contract/errors.ts";
import type { LeaseView } from "../../../shared/contract/reservationRoutes.ts";
import { switchFlag, textFlag } from "../flags.ts";
import { omitUndefined } from "../omitUndefined.ts";
import { openSession } from "../openSession.ts";
import { leaseLine, ticketLine } from "../render/leases.ts";
import type { Session } from "../Session.ts";

export const patternsArgument = Argument.String("pattern").pipe(
  Argument.withDescription("Files of the project, for instance src/money.ts, docs/ or 'src/**/*.ts'"),
  Argument.variadic({ min: 1 }),
);

export const ttlFlag = Flag.Int("ttl").pipe(
  Flag.withMetavar("SECONDS"),
  Flag.withDescription("How long the files are held unless released before (default 3600)"),
  Flag.optional,
);

export const reserve = Command.make(
  "reserve",
  {
    patterns: patternsArgument,
    ttl: ttlFlag,
    shared: switchFlag("shared", "Others may hold them too, if shared as well"),
    wait: switchFlag("wait", "Wait until they are free"),
    reason: textFlag("reason", "TEXT", "Why, for those who are refused"),
  },
  Effect.fn("reserve")(function* (input) {
    const session = yield* openSession;
    const request = omitUndefined({
      project: session.project,
      patterns: input.patterns,
      shared: input.shared,
      ttlSeconds: Option.getOrUndefined(input.ttl),
      reason: Option.getOrUndefined(input.reason),
    });
    const lease = input.wait ? yield* waitFor(session, request) : yield* askFor(session, request);
    session.print(lease, [`Reserved ${leaseLine(lease)}`]);
  }),
).pipe(Command.withDescription("Reserve files for yourself"));

type Lease = typeof LeaseView.Type;
interface Request {
  readonly project: string;
  readonly patterns: ReadonlyArray<string>;
}

const askFor = Effect.fnUntraced(function* (
  session: Session,
  request: Request,
): Effect.fn.Return<Lease, AnyError> {
  const answer = yield* session.ask((client, signal) => client.reservations.reserve(request, { signal }));
  return answer.kind === "granted" ? answer.lease : yield* waitFor(session, request);
});

/** One call waits this long; the place is kept between calls. */
const waitSeconds = 20;

const waitFor = Effect.fnUntraced(function* (
  session: Session,
  request: Request,
): Effect.fn.Return<Lease, AnyError> {
  let ticket: string | undefined;
  const leave = Effect.suspend(() => {
    const { project } = request;
    const left = ticket;
    if (left === undefined) return Effect.void;
    return session.ask((client) => client.reservations.withdraw({ project, ticket: left }));
  });
  const queued = Effect.gen(function* () {
    let told = "";
    // The first call does not wait, so that it is said at once whom one waits for.
    for (let seconds = 0; ; seconds = waitSeconds) {
      const answer = yield* session.ask((client, signal) =>
        client.reservations.reserve({ ...request, waitSeconds: seconds }, { signal }),
      );
      if (answer.kind === "granted") return answer.lease;
      ticket = answer.ticket.ticket;
      const line = ticketLine(answer.ticket);
      if (line !== told) session.say(line);
      told = line;
    }
  });
  return yield* Effect.onInterrupt(queued, () => Effect.ignore(leave));
});
