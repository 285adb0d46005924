/**
 * Who an MCP process speaks for. The agent whose token it was given; else the Claude Code session that it belongs to;
 * else itself, an agent that ends with it. It never speaks for the person, and nothing is asked or started before the
 * first call of a tool.
 */
import { randomUUID } from "node:crypto";
import { connect, type DaemonClient } from "../../../shared/client/connect.ts";
import { NotFound, Unauthenticated, UnsupportedRepository } from "../../../shared/contract/errors.ts";
import { notManaged } from "../../../shared/mcp/notManaged.ts";
import type { McpSession } from "../../../shared/mcp/runTool.ts";

export interface BridgeSession {
  /** The session for calls of a client that calls itself so. */
  readonly of: (clientName: string | undefined) => McpSession;
  /** Ends what ends with this process. */
  readonly close: () => Promise<void>;
}

interface Member {
  readonly client: DaemonClient;
  readonly name: string;
}

/** How long the end of the agent may hold up the end of the process. */
const patienceMs = 3000;

export const bridgeSession = (options: {
  readonly project: string;
  readonly environment: NodeJS.ProcessEnv;
}): BridgeSession => {
  const { project, environment } = options;
  const given = environment.OCVIBE_AGENT_TOKEN ?? "";
  const claude = environment.CLAUDE_CODE_SESSION_ID ?? "";
  const itself = { harness: "mcp", session: randomUUID() };
  // What Claude Code runs has the variable too: another harness started by its shell is not that session.
  const identityOf = (clientName: string | undefined) =>
    claude !== "" && clientName === "claude-code" ? { harness: "claude-code", session: claude } : itself;

  const asGiven = async (): Promise<Member> => {
    const client = await connect({ start: true, as: { token: given } });
    const { name } = await client.agents.whoami({ project });
    return { client, name };
  };
  const register = async (
    identity: { readonly harness: string; readonly session: string },
    wishedName: string | undefined,
  ): Promise<Member> => {
    const launcher = await connect({ start: true, as: "launcher" });
    const wish = wishedName === undefined ? {} : { name: wishedName };
    const { name, token } = await launcher.agents
      .register({ project, ...identity, ...wish })
      .catch((cause) => {
        throw cause instanceof NotFound || cause instanceof UnsupportedRepository
          ? notManaged(project)
          : cause;
      });
    endsWithUs = identity === itself ? token : undefined;
    return { client: await connect({ start: true, as: { token } }), name };
  };

  /** The token of an agent that is this process's own. */
  let endsWithUs: string | undefined;
  let member: Promise<Member> | undefined;
  const join = (clientName: string | undefined, wishedName: string | undefined): Promise<Member> => {
    const joining = member ?? (given === "" ? register(identityOf(clientName), wishedName) : asGiven());
    member = joining;
    joining.catch(() => {
      // The next call tries again.
      if (member === joining) member = undefined;
    });
    return joining;
  };

  return {
    of: (clientName) => ({
      project,
      act: async (use, wishedName) => {
        const joining = join(clientName, wishedName);
        const { client, name } = await joining;
        try {
          return await use(client, name);
        } catch (cause) {
          // The agent ended, or its session came back in another process and has a new token.
          if (given !== "" || !(cause instanceof Unauthenticated)) throw cause;
          if (member === joining) member = undefined;
          const again = await join(clientName, wishedName);
          return await use(again.client, again.name);
        }
      },
    }),
    close: async () => {
      // A first call that is still under way makes the agent that is to be ended.
      if (member !== undefined) await Promise.allSettled([member]);
      if (endsWithUs === undefined) return;
      const client = await connect({ start: false, as: { token: endsWithUs } });
      await client.agents.end({ project }, { signal: AbortSignal.timeout(patienceMs) });
    },
  };
};
