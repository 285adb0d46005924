/** Tools for who one is, and for the files that one may change. */
import { Schema } from "effect";
import type { LeaseView, TicketView } from "../contract/reservationRoutes.ts";
import { contract } from "../contract/routes.ts";
import { listOf } from "./tellError.ts";
import { type Tool, way } from "./tool.ts";

const patterns =
  "Files from the project's root: src/money.ts, docs/ (all below), src/**/*.ts. Take what you will change and no more.";

export const leaseTools: ReadonlyArray<Tool> = [
  {
    name: "agentmail_init",
    title: "Join the project",
    description:
      "Registers this session with the project and says who you are, who else is at work, which files you hold, and whether mail waits. Call it first. Then reserve the files you are going to change with agentmail_reserve. The other tools register you too if you have not called it.",
    takes: {},
    ways: [
      way(Schema.Struct({ project: Schema.String }), async ({ client, name, options, project }) => {
        const [agents, leases, mail] = await Promise.all([
          client.agents.list({ project }, options),
          client.reservations.list({ project }, options),
          client.mail.inbox({ project }, options),
        ]);
        const others = agents.filter((agent) => agent.name !== name);
        const held = leases.filter((lease) => lease.holder === name);
        const theirs = leases.filter((lease) => lease.holder !== name);
        const text = [
          `You are ${name}, in the project at ${project}.`,
          others.length === 0
            ? "No other agent is at work."
            : `Also at work: ${listOf(
                others.map((agent) => agent.name),
                20,
              )}.`,
          held.length === 0 ? "You hold no files." : `You hold: ${held.map(leaseLine).join("; ")}.`,
          ...theirs.slice(0, 20).map((lease) => `Held by ${lease.holder}: ${leaseLine(lease)}`),
          mail.length === 0
            ? "No mail waits for you."
            : `Mail waits for you (${mail.length}): read it with agentmail_inbox.`,
          "Reserve files with agentmail_reserve before you change them.",
        ].join("\n");
        return { text, data: { name, project, agents: others, leases, mail: mail.length } };
      }),
    ],
  },
  {
    name: "agentmail_reserve",
    title: "Reserve files",
    description:
      "Reserves files for you, so that no other agent writes them while you work. All of them or none. Call it before you change files. If another holds some, you are refused and told who: work on something else, write to the holder, or call again with waitSeconds to wait in a fair queue. An answer that says 'not yet' gives you a ticket and your place: call again with the same arguments to wait on. Release files with agentmail_release as soon as you are done.",
    takes: {
      patterns,
      reason: "What you do with them, for those who are refused.",
      ttlSeconds: "How long you hold them at most (3600). Ask again for the same to hold them longer.",
      shared: "true when others may hold them too, as shared as you: for files that you only read.",
      waitSeconds:
        "Wait in the queue when others hold them; this call waits so long, and your place stays for 10 minutes.",
    },
    ways: [
      way(contract.reservations.reserve.input, async ({ client, options }, input) => {
        const answer = await client.reservations.reserve(input, options);
        if (answer.kind === "granted") {
          const { lease } = answer;
          return {
            text: `Reserved for you: ${leaseLine(lease)}. Release it with agentmail_release when you are done.`,
            data: answer,
          };
        }
        const { ticket } = answer;
        return {
          text: `${waiting(ticket)} Call agentmail_reserve again with the same arguments to wait on in your place, or do something else meanwhile: the place stays yours for 10 minutes after each call, and when your turn comes the files are yours (agentmail_init says so). To give it up, call agentmail_release with ticket ${ticket.ticket}.`,
          data: answer,
        };
      }),
    ],
  },
  {
    name: "agentmail_release",
    title: "Release files",
    description:
      "Gives files back that you reserved: some (patterns), every one (all), or your place in the queue (ticket). Call it as soon as you are done with them; others may be waiting.",
    takes: {
      patterns: "As you reserved them.",
      all: "true for everything you hold.",
      ticket: "The place in the queue that agentmail_reserve gave you.",
    },
    ways: [
      way(
        contract.reservations.withdraw.input,
        async ({ client, options }, input) => {
          const left = await client.reservations.withdraw(input, options);
          return { text: "You have left the queue.", data: left };
        },
        "ticket",
      ),
      way(contract.reservations.release.input, async ({ client, options }, input) => {
        const { released } = await client.reservations.release(input, options);
        const text = released.length === 0 ? "You held nothing." : `Released: ${listOf(released, 20)}.`;
        return { text, data: { released } };
      }),
    ],
  },
];

const leaseLine = ({ patterns: held, exclusive, expiresAt, reason }: typeof LeaseView.Type): string => {
  const kind = exclusive ? "" : " (shared)";
  const until = expiresAt === undefined ? "until it is released" : `until ${expiresAt}`;
  return `${listOf(held, 10)}${kind}, ${until}${reason === undefined ? "" : `, for: ${reason}`}`;
};

const waiting = ({ ahead, conflicts, ticket }: TicketView): string => {
  const whom = conflicts.map(
    ({ held, holder, waiting: queued }) => `${holder} ${queued ? "waits for" : "holds"} ${held}`,
  );
  const why = whom.length === 0 ? "" : `: ${listOf([...new Set(whom)], 10)}`;
  return `Not yet${why}. You are number ${ahead + 1} in the queue (ticket ${ticket}).`;
};
