/** One line for an event of the log, whatever it is. */
import type { StoredEvent } from "../../../shared/contract/events.ts";
import { describeEvent, timeOf } from "./describeEvent.ts";
import { plain } from "./text.ts";

/** Sequence number, time, type, stream, actor, and the meaning where it has one for a person. */
export const eventLine = (event: StoredEvent): string => {
  const meaning = describeEvent(event)?.slice(timeOf(event.at).length + 1);
  const head = `${String(event.seq).padStart(5)} ${timeOf(event.at)} ${plain(event.type).padEnd(21)} ${plain(event.stream)}`;
  return `${head} (${plain(event.actor)})${meaning === undefined ? "" : `: ${meaning}`}`;
};
