/** `ocvibe reservations`: who holds which files now, and who waits for some. */
import { Effect } from "effect";
import { Command } from "effect/cli";
import { openSession } from "../openSession.ts";
import { leaseLine, ticketLine } from "../render/leases.ts";

export const reservations = Command.make(
  "reservations",
  {},
  Effect.fn("reservations")(function* () {
    const session = yield* openSession;
    const { project } = session;
    const leases = yield* session.ask((client, signal) => client.reservations.list({ project }, { signal }));
    const queue = session.json
      ? []
      : yield* session.ask((client, signal) => client.reservations.queue({ project }, { signal }));
    const held = leases.length === 0 ? ["Nobody holds any files here."] : leases.map(leaseLine);
    const waiting =
      queue.length === 0 ? [] : ["", "Waiting, the first to come first:", ...queue.map(ticketLine)];
    session.print(leases, [...held, ...waiting]);
  }),
).pipe(Command.withDescription("List who holds which files, and who waits for some"));
