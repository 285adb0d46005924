/** `ocvibe inbox`: what waits for the person, each with the command that answers it. */
import { Effect } from "effect";
import { Command } from "effect/cli";
import type { SwarmView } from "../../../shared/contract/swarmRoutes.ts";
import { nextSteps } from "../concludeSwarm.ts";
import { openSession } from "../openSession.ts";
import { findingsLine } from "../render/describeEvent.ts";
import { targetName } from "../render/names.ts";
import { plain } from "../render/text.ts";

/** One thing of a swarm that waits. `cell` is set where the answer is about one subtask. */
export interface InboxEntry {
  readonly kind: "answer" | "land" | "blocked" | "resume";
  readonly epic: string;
  readonly cell?: string;
  readonly message: string;
}

/** A message to whoever asks; `mail` is its id. */
interface MailEntry {
  readonly kind: "mail";
  readonly mail: string;
  readonly message: string;
}

export const inbox = Command.make(
  "inbox",
  {},
  Effect.fn("inbox")(function* () {
    const session = yield* openSession;
    const { project } = session;
    const swarms = yield* session.ask((client, signal) => client.swarm.list({ project }, { signal }));
    const letters = yield* session.ask((client, signal) => client.mail.inbox({ project }, { signal }));
    const mail = letters.map((letter): MailEntry => {
      return { kind: "mail", mail: letter.id, message: `Mail from ${letter.from}: ${letter.subject}` };
    });
    const waiting = swarms
      .map((swarm) => ({ swarm, entries: inboxOf(swarm) }))
      .filter(({ entries }) => entries.length > 0);
    const ofSwarms = waiting.flatMap(({ swarm, entries }) => [
      ...entries.map((entry) => plain(entry.message)),
      // A running swarm may have a subtask that waits for an answer.
      ...nextSteps(session, { ...swarm, status: swarm.status === "running" ? "needs-you" : swarm.status }),
    ]);
    const ofMail = mail.map(({ message }) => plain(message));
    const read = mail.length === 0 ? [] : [`  read it     ${session.command("mail", "receive")}`];
    const lines = [...ofSwarms, ...ofMail, ...read];
    session.print(
      [...waiting.flatMap(({ entries }) => entries), ...mail],
      lines.length === 0 ? ["Nothing waits for you in this project."] : lines,
    );
  }),
).pipe(Command.withDescription("List what waits for you"));

export const inboxOf = (swarm: SwarmView): ReadonlyArray<InboxEntry> => {
  const { epic, title } = swarm;
  const held = swarm.subtasks
    .filter((subtask) => subtask.status === "needs-you")
    .map((subtask): InboxEntry => {
      const message = `${subtask.id} "${subtask.title}" waits for your answer: ${findingsLine(subtask.findings)}`;
      return { kind: "answer", epic, cell: subtask.id, message };
    });
  const blocked = swarm.subtasks
    .filter((subtask) => subtask.status === "blocked")
    .map((subtask): InboxEntry => {
      const message = `${subtask.id} "${subtask.title}" is blocked: ${findingsLine(subtask.findings)}`;
      return { kind: "blocked", epic, cell: subtask.id, message };
    });
  switch (swarm.status) {
    case "ready": {
      const refused = swarm.refusal === null ? "" : ` (refused last time: ${swarm.refusal.message})`;
      return [
        {
          kind: "land",
          epic,
          message: `${epic} "${title}" is ready to land on ${targetName(swarm)}${refused}`,
        },
      ];
    }
    case "blocked":
      return blocked;
    case "paused":
      return [...held, ...blocked, { kind: "resume", epic, message: `${epic} "${title}" is paused` }];
    case "interrupted": {
      const why = swarm.problem === null ? "" : `: ${swarm.problem}`;
      return [...held, { kind: "resume", epic, message: `${epic} "${title}" was interrupted${why}` }];
    }
    case "landed":
    case "reverted":
    case "cancelled":
    case "discarded":
      return [];
    default:
      return held;
  }
};
