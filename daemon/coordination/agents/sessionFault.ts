/** What is wrong with a session that is to be registered, as a sentence; undefined when nothing is. */
import type { SessionRegistration } from "./Agents.ts";
import { nameFault } from "./agentName.ts";

const longestId = 200;

export const sessionFault = ({ name, harness, session }: SessionRegistration): string | undefined => {
  if (name !== undefined && nameFault(name) !== undefined) return nameFault(name);
  if ((harness === undefined) !== (session === undefined))
    return "A session is known by its harness and its id: give both, or neither.";
  for (const [what, id] of [
    ["harness", harness],
    ["session", session],
  ] as const) {
    if (id !== undefined && !(id.length >= 1 && id.length <= longestId && !/[\p{Cc}\p{Cs}]/u.test(id)))
      return `The ${what} of a session is 1 to ${longestId} characters, without control characters.`;
  }
  return undefined;
};
