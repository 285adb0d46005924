/** `ocvibe reservations`: who holds which files now. */
import { Effect } from "effect";
import { Command } from "effect/cli";
import type { LeaseView } from "../../../shared/contract/routes.ts";
import { plain } from "../render/text.ts";
import { openSession } from "../Session.ts";

export const reservations = Command.make(
  "reservations",
  {},
  Effect.fn("reservations")(function* () {
    const session = yield* openSession;
    const { project } = session;
    const leases = yield* session.ask((client, signal) => client.reservations.list({ project }, { signal }));
    session.print(leases, leases.length === 0 ? ["Nobody holds any files here."] : leases.map(leaseLine));
  }),
).pipe(Command.withDescription("List who holds which files"));

const leaseLine = (lease: typeof LeaseView.Type): string => {
  const kind = lease.exclusive ? "" : " (shared)";
  const until = lease.expiresAt === undefined ? "until it is released" : `until ${lease.expiresAt}`;
  const owner = lease.cell ?? lease.epic;
  const whose = owner === undefined || owner === lease.holder ? "" : ` for ${owner}`;
  return plain(`${lease.patterns.join(" ")}${kind}: ${lease.holder}${whose}, ${until}, token ${lease.token}`);
};
