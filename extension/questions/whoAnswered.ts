/** Who was first, where the person's word comes too late: read from the log. */
import { isKnown, type StoredEvent } from "../../shared/contract/events.ts";
import { asPlainText } from "../text/sanitise.ts";
import { t } from "../text/t.ts";
import { timeOfDay } from "../text/timeOfDay.ts";

/** A sentence on the last event that answered; undefined when there is none. */
export const whoAnswered = (
  events: ReadonlyArray<StoredEvent>,
  about: { readonly cell?: string; readonly mail?: string },
  now = new Date(),
): string | undefined => {
  const answer = events.findLast((event) => isAnswer(event, about));
  return answer === undefined ? undefined : sentence(answer, timeOfDay(answer.at, now));
};

const isAnswer = (event: StoredEvent, { cell, mail }: Parameters<typeof whoAnswered>[1]): boolean => {
  if (!isKnown(event)) return false;
  switch (event.type) {
    case "gate_answered":
      return event.data.cell === cell;
    case "mail_acked":
      return event.data.id === mail;
    case "deferred_resolved":
    case "deferred_rejected":
    case "deferred_expired":
    case "landing_approved":
    case "swarm_cancelled":
    case "swarm_discarded":
      return true;
    default:
      return false;
  }
};

const sentence = (event: StoredEvent, at: string): string => {
  const who = nameOf(event.actor);
  const known = isKnown(event) ? event : undefined;
  switch (known?.type) {
    case "gate_answered":
      return known.data.accepted
        ? t("It was accepted at {0} already, by {1}.", at, who)
        : t("It was rejected at {0} already, by {1}.", at, who);
    case "mail_acked":
      return t("It was seen to at {0} already, by {1}.", at, who);
    case "landing_approved":
      return t("Its landing was approved at {0} already, by {1}.", at, who);
    case "swarm_cancelled":
      return t("The swarm was cancelled at {0}, by {1}.", at, who);
    case "swarm_discarded":
      return t("The swarm was discarded at {0}, by {1}.", at, who);
    case "deferred_expired":
      return t("The question was taken back at {0}: its time was over.", at);
    default:
      return t("It was answered at {0} already, by {1}.", at, who);
  }
};

/** The person has other windows, and a command line. */
const nameOf = (actor: string): string => {
  if (actor === "person") return t("you, in another window or on the command line");
  return actor.startsWith("agent:") ? asPlainText(actor.slice("agent:".length), 80) : asPlainText(actor, 80);
};
