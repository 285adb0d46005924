/** An error as a model can act on it: what failed, the particulars, and what to do next. */
import { Schema } from "effect";
import { AnyError } from "../contract/errors.ts";
import type { Told } from "./tool.ts";

export const tellError = (error: AnyError): Told => {
  const { _tag: tag, message, ...fields } = Schema.encodeSync(AnyError)(error);
  return {
    text: [message, ...particulars(error)].join("\n"),
    data: { error: { tag, message, ...fields } },
  };
};

const particulars = (error: AnyError): ReadonlyArray<string> => {
  switch (error._tag) {
    case "LeaseConflict": {
      const lines = error.conflicts
        .slice(0, 10)
        .map(({ requested, held, holder, waiting, cell, expiresAt }) => {
          const verb = waiting ? "waits for" : "holds";
          const whose = cell === undefined ? "" : ` for ${cell}`;
          return `- ${requested}: ${holder} ${verb} ${held}${whose}${expiresAt === undefined ? "" : ` until ${expiresAt}`}`;
        });
      const more = error.conflicts.length - lines.length;
      return [
        ...lines,
        ...(more > 0 ? [`- and ${more} more`] : []),
        `What to do: work on something else; or call agentmail_reserve again with waitSeconds to wait in the queue (you would be number ${error.ahead + 1}); or write to the holder with agentmail_send.`,
      ];
    }
    case "Deadlock":
      return [
        "What to do: release what you hold with agentmail_release, and reserve all that you need in one call.",
      ];
    case "InvalidPlan":
      return error.faults
        .slice(0, 50)
        .map(({ where, message: fault, severity }) => `- ${severity}, ${where}: ${fault}`);
    case "UnknownRecipient":
      return ['What to do: agentmail_init lists the agents at work; the person is "person".'];
    case "DaemonUnreachable":
      return ["What to do: call the tool again; what you hold is kept. If it fails again, tell your user."];
    default:
      return [];
  }
};

/** The first few of many, and how many more there are. */
export const listOf = (items: ReadonlyArray<string>, most: number): string => {
  const more = items.length - most;
  return `${items.slice(0, most).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
};
