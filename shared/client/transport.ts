/**
 * Carries requests to the daemon: HTTP over its socket, with the caller's token on each. A call that did not go out
 * goes to the daemon that is found or started then; one that did is repeated only if its route says that this is safe.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Duration } from "effect";
import { DaemonUnreachable, InternalError, TimedOut } from "../contract/errors.ts";
import type { CallOptions, Target, Transport } from "../router/createClient.ts";
import type { AnyRoute } from "../router/o.ts";
import { type Address, asError, readJson, send, wasNotSent } from "./send.ts";
import { streamFrames } from "./streamFrames.ts";

/** What a call that could not be sent, or a stream that was cut, finds instead of the daemon that was there. */
export type Revive = (what: "call" | "stream") => Promise<Address | undefined>;

export const socketTransport = (first: Address, revive: Revive = async () => undefined): Transport => {
  let address = first;
  const find = async (what: "call" | "stream") => {
    address = (await revive(what)) ?? address;
    return address;
  };
  const callOnce = async ({ path, route }: Target, input: unknown, options: CallOptions) => {
    const limit = within(route, options.signal);
    try {
      const body = JSON.stringify(input);
      const response = await send(address, "POST", `/api/${path}`, body, limit.options).catch((cause) => {
        if (!(cause instanceof DaemonUnreachable && wasNotSent(cause))) throw cause;
        return find("call").then((found) => send(found, "POST", `/api/${path}`, body, limit.options));
      });
      const answer = await readJson(response);
      if (response.statusCode === 200) return answer;
      throw asError(answer);
    } catch (cause) {
      throw limit.passed() ? limit.error(path) : cause;
    }
  };
  return {
    call: async (target, input, options) => {
      const { times, base } = target.route.retry ?? { times: 0, base: Duration.zero };
      for (let attempt = 0; ; attempt++) {
        try {
          return await callOnce(target, input, options);
        } catch (cause) {
          if (!(cause instanceof DaemonUnreachable) || attempt >= times) throw cause;
          // Many clients of one daemon lose it at once; they are not to come back at once.
          await sleep(Duration.toMillis(base) * 2 ** attempt * (0.5 + Math.random()), undefined, options);
          await find("call");
        }
      }
    },
    stream: (target, input, options) =>
      streamFrames(async (lost) => (lost === undefined ? address : find(lost)), target, input, options),
    unreadable: (path, detail) =>
      new InternalError({
        message: `The daemon's answer to ${path} is not what this version expects (${detail}). \`daemon stop\` lets the next command start one of this version.`,
        reference: "",
      }),
  };
};

/** Milliseconds over a route's own limit, within which the daemon itself says that it has passed. */
const margin = 5000;

const within = ({ timeout }: AnyRoute, signal: AbortSignal | undefined) => {
  const limit =
    timeout === undefined ? undefined : Duration.toMillis(Duration.fromInputUnsafe(timeout)) + margin;
  const over = limit === undefined ? undefined : AbortSignal.timeout(limit);
  const signals = [signal, over].filter((one) => one !== undefined);
  return {
    options: signals.length === 0 ? {} : { signal: AbortSignal.any(signals) },
    passed: () => over?.aborted === true && signal?.aborted !== true,
    error: (path: string) =>
      new TimedOut({
        message: `The daemon did not answer ${path} within ${(limit ?? 0) / 1000} seconds; it is there, and stuck. \`daemon stop\` ends it.`,
      }),
  };
};

/** Answers when a daemon listens and takes requests. */
export const isHealthy = async (socket: string): Promise<boolean> => {
  try {
    const response = await send({ socket, token: "" }, "GET", "/healthz", undefined, {
      signal: AbortSignal.timeout(2000),
    });
    response.resume();
    return response.statusCode === 200;
  } catch {
    return false;
  }
};
