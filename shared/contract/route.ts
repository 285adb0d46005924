/** How the contract's routes are begun, and the parts that many of them share. */
import { Schema } from "effect";
import { type RouteOptions, o as route } from "../router/o.ts";
import type { RouteDuration } from "../router/toDuration.ts";

/**
 * Whose token a route takes. The launcher is the program that a harness's hooks call: it may register a session and
 * ask the write check, and nothing else.
 */
export type Access =
  | "person"
  /** The person, and agents. */
  | "anyone"
  /** The person, and the launcher. */
  | "registrar"
  /** The person, agents, and the launcher. */
  | "everybody";

export const o = <Streams extends boolean = false>(
  options: RouteOptions<Streams> & { readonly access: Access },
) => route<Streams>(options);

/** What only looks: safe to repeat when its connection was lost, and soon done unless something is stuck. */
export const read = (access: Access, timeout: RouteDuration = "1 minute") =>
  o({ access, retry: "exponential", timeout });

export const Str = Schema.String;
export const opt = Schema.optionalKey;

/** The input of a route that takes none. A struct without fields would take anything. */
export const nothing = Schema.Record(Schema.String, Schema.Never);

/** An absolute path inside the project; the daemon finds the repository from it. */
export const project = { project: Str };

/** Seconds that a call waits for at most: harnesses give up after 60, and then would not know what became of it. */
export const waitSeconds = opt(Schema.Natural.check(Schema.isLessThanOrEqualTo(25)));
