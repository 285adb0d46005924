/**
 * One call of a tool: its arguments are checked, the routes asked in the session's name, and whatever comes of it is
 * told. It never rejects, and never takes longer than `limitSeconds`.
 */

import type { DaemonClient } from "../client/connect.ts";
import {
  type AnyError,
  InternalError,
  InvalidInput,
  isAnyError,
  NotAllowed,
  TimedOut,
} from "../contract/errors.ts";
import { tellError } from "./tellError.ts";
import { chooseWay, type Told, type Tool } from "./tool.ts";

/** Who calls, for as long as a connection (or a harness's session) lasts. */
export interface McpSession {
  /** An absolute path. */
  readonly project: string;
  /** Gives the session's own client, registering it if need be: with the name that it wishes for, if it has none yet. */
  readonly act: <A>(
    use: (client: DaemonClient, name: string) => Promise<A>,
    wishedName: string | undefined,
  ) => Promise<A>;
}

export interface ToolResult {
  readonly content: ReadonlyArray<{ readonly type: "text"; readonly text: string }>;
  /** The data, and the text once more: Claude Code shows its model nothing else when there is data. */
  readonly structuredContent: { readonly text: string } & Told["data"];
  readonly isError: boolean;
}

/** Harnesses give up after 60 seconds, and then would not know what became of a call. */
export const limitSeconds = 25;

export const runTool = async (
  tool: Tool,
  given: unknown,
  session: McpSession,
  signal: AbortSignal,
): Promise<ToolResult> => {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), limitSeconds * 1000);
  const options = { signal: AbortSignal.any([signal, late.signal]) };
  try {
    const { agent_name: claimed, ...rest } = argumentsOf(tool, given);
    const { call, input } = chooseWay(tool, rest, session.project);
    const wished = tool.name === "agentmail_init" ? claimed : undefined;
    const told = session.act((client, name) => {
      if (claimed !== undefined && claimed !== name) throw notYou(claimed, name);
      return call({ client, name, project: session.project, options }, input);
    }, wished);
    const { text, data } = await Promise.race([told, whenAborted(options.signal)]);
    return { content: [{ type: "text", text }], structuredContent: { text, ...data }, isError: false };
  } catch (cause) {
    const error = late.signal.aborted && !signal.aborted ? tooLate(tool) : asAnyError(cause);
    const { text, data } = tellError(error);
    return { content: [{ type: "text", text }], structuredContent: { text, ...data }, isError: true };
  } finally {
    clearTimeout(timer);
  }
};

const argumentsOf = (
  tool: Tool,
  given: unknown,
): Record<string, unknown> & { readonly agent_name?: string } => {
  if (typeof (given ?? {}) !== "object" || Array.isArray(given)) {
    throw new InvalidInput({ message: `The arguments of ${tool.name} are an object, by name.` });
  }
  const known = { ...(given as Record<string, unknown> | null | undefined) };
  const { agent_name: name } = known;
  if (name === undefined || typeof name === "string") return known as ReturnType<typeof argumentsOf>;
  throw new InvalidInput({ message: "agent_name is a text: your own name, or leave it out." });
};

const notYou = (claimed: string, name: string) =>
  new NotAllowed({
    message: `You are ${name}, not ${claimed.slice(0, 80)}: who you are follows from your session. Leave agent_name out.`,
  });

/** The request itself is told to stop; this is for what does not listen. */
const whenAborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });

const tooLate = (tool: Tool) =>
  new TimedOut({
    message: `${tool.name} was given up after ${limitSeconds} seconds. It may have been done all the same: look with agentmail_init before you call it again.`,
  });

export const asAnyError = (cause: unknown): AnyError => {
  if (isAnyError(cause)) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  return new InternalError({
    message: `Something went wrong in OpenCode Vibe itself: ${message}`,
    reference: "",
  });
};
