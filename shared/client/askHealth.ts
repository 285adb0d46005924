/**
 * Asks a server whether it is what it is said to be. Whoever is on the network may be the one who answers, so that
 * little is read, nothing is followed, no token is sent, and what comes back is cleaned before anybody sees it.
 */
import { stripVTControlCharacters } from "node:util";

const { request } = process.getBuiltinModule("node:http");

export type Role = "opencode server" | "vibe daemon";
export type Health =
  | "healthy"
  /** It answers, and wants to know who asks. */
  | "locked"
  /** Nobody answers at this address, or not in time. */
  | "unreachable"
  /** What answers is something else. */
  | "something else";

export interface HealthAnswer {
  readonly health: Health;
  readonly version: string | undefined;
}

/** Where it listens: a TCP port, or a socket's path. */
export type Endpoint = { readonly host: string; readonly port: number } | { readonly socketPath: string };

const paths: Readonly<Record<Role, string>> = {
  "opencode server": "/global/health",
  "vibe daemon": "/healthz",
};
const mostRead = 16 * 1024;

/** Never fails; `signal` ends the waiting. */
export const askHealth = (role: Role, endpoint: Endpoint, signal: AbortSignal): Promise<HealthAnswer> =>
  new Promise((resolve) => {
    const conclude = (health: Health, version?: string) => resolve({ health, version });
    const outgoing = request(
      { ...endpoint, path: paths[role], agent: false, maxHeaderSize: mostRead, signal },
      (response) => {
        const { statusCode } = response;
        if (statusCode !== 200) {
          response.destroy();
          return conclude(statusCode === 401 || statusCode === 403 ? "locked" : "something else");
        }
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          text += chunk;
          if (text.length > mostRead) response.destroy();
        });
        response.on("error", () => conclude("something else"));
        response.on("close", () => {
          const version = readAnswer[role](text);
          if (version === false) conclude("something else");
          else conclude("healthy", version);
        });
      },
    );
    outgoing.on("error", () => conclude("unreachable"));
    outgoing.end();
  });

/** The version that an answer gives, if it does; false for an answer of something else. */
const readAnswer: Readonly<Record<Role, (text: string) => string | undefined | false>> = {
  "opencode server": (text) => {
    const answer = parse(text);
    return answer?.healthy === true && versionOf(answer.version);
  },
  "vibe daemon": (text) => {
    // Daemons before protocol pages said no more.
    if (text === "ok") return undefined;
    const answer = parse(text);
    return answer?.role === "vibe-daemon" && versionOf(answer.version);
  },
};

const parse = (text: string): Readonly<Record<string, unknown>> | undefined => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
};

const versionOf = (value: unknown) => (typeof value === "string" ? clean(value, 40) : undefined);

/** One short line without control characters, of what a stranger said. */
export const clean = (text: string, longest: number): string =>
  stripVTControlCharacters(text.slice(0, 10 * longest))
    .replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, "")
    .slice(0, longest);
