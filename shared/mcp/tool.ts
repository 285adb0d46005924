/**
 * A tool of MCP is one or more routes under a name that a model reads. What it takes is what the routes take, without
 * the project, which the session knows; only arguments that the tool describes are its own, all else is refused.
 */
import { Result, Schema } from "effect";
import type { DaemonClient } from "../client/connect.ts";
import { InvalidInput } from "../contract/errors.ts";

/** What a call came to: a text that a model can act on, and the same as data. */
export interface Told {
  readonly text: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** In whose name a call is made, and how it is ended early. */
export interface Call {
  readonly client: DaemonClient;
  /** The caller's own. */
  readonly name: string;
  readonly project: string;
  readonly options: { readonly signal: AbortSignal };
}

/** One route of a tool's, with what its answer means. */
export interface Way {
  /** Taken when this argument is there; the last way has none. */
  readonly given: string | undefined;
  readonly input: Schema.Codec<unknown, unknown>;
  readonly call: (call: Call, input: never) => Promise<Told>;
}

export interface Tool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** It changes nothing. */
  readonly readOnly?: true;
  /** By argument: what it means. Those of the route that are not here are not the tool's. */
  readonly takes: Readonly<Record<string, string>>;
  readonly ways: ReadonlyArray<Way>;
}

export const way = <Input>(
  input: Schema.Codec<Input, unknown>,
  call: (call: Call, input: Input) => Promise<Told>,
  given?: string,
): Way => ({ given, input, call });

/** Seconds that a call waits for at most. Harnesses give up after 60, and a call does more than wait. */
export const longestWait = 20;

/** Accepted everywhere, and believed nowhere: who calls follows from its token. */
const agentName = {
  type: "string",
  description: "Your own name, if you like to say it; another's is refused.",
};

type JsonSchema = Readonly<Record<string, unknown>>;

/** A JSON schema without a union at its top, which providers of models refuse. */
export const inputSchema = ({ ways, takes }: Tool): JsonSchema & { readonly type: "object" } => {
  const schemas = ways.map(({ input }) => objectSchema(input));
  const known: Record<string, JsonSchema> = Object.assign({}, ...schemas.map(({ properties }) => properties));
  const properties = Object.entries(takes).map(([name, description]) => {
    const schema = tidy(known[name] ?? {});
    return [
      name,
      { ...schema, ...(name === "waitSeconds" ? { maximum: longestWait } : {}), description },
    ] as const;
  });
  const required = Object.keys(takes).filter((name) =>
    schemas.every((schema) => schema.required.includes(name)),
  );
  return {
    type: "object",
    properties: { ...Object.fromEntries(properties), agent_name: agentName },
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: false,
  };
};

const objectSchema = (input: Schema.Codec<unknown, unknown>) => {
  const { schema } = Schema.toJsonSchemaDocument(input);
  return {
    properties: (schema.properties ?? {}) as Readonly<Record<string, JsonSchema>>,
    required: (schema.required ?? []) as ReadonlyArray<string>,
  };
};

/** Without bounds that only say what a number is in JavaScript, and without what is the default anyway. */
const tidy = (value: unknown): JsonSchema => {
  const clean = (part: unknown): unknown => {
    if (Array.isArray(part)) return part.map(clean);
    if (typeof part !== "object" || part === null) return part;
    const kept = Object.entries(part).filter(
      ([key, entry]) =>
        Math.abs(Number(entry)) !== Number.MAX_SAFE_INTEGER &&
        !(key === "additionalProperties" && entry === true),
    );
    return Object.fromEntries(kept.map(([key, entry]) => [key, clean(entry)]));
  };
  return clean(value) as JsonSchema;
};

/** The way that the arguments ask for, with its input. */
export const chooseWay = (
  tool: Tool,
  given: Readonly<Record<string, unknown>>,
  project: string,
): { readonly call: Way["call"]; readonly input: never } => {
  const strangers = Object.keys(given).filter((name) => !Object.hasOwn(tool.takes, name));
  if (strangers.length > 0) {
    const takes = Object.keys(tool.takes);
    const known = takes.length === 0 ? "nothing" : takes.join(", ");
    throw new InvalidInput({
      message: `${tool.name} does not take ${strangers.slice(0, 5).map(shortened).join(", ")}. It takes ${known}.`,
    });
  }
  const chosen = tool.ways.find((one) => one.given === undefined || given[one.given] !== undefined);
  if (chosen === undefined) throw new Error(`the tool ${tool.name} has no way for any argument`);
  const { waitSeconds } = given;
  const shorter =
    typeof waitSeconds === "number" && waitSeconds > longestWait ? { waitSeconds: longestWait } : {};
  const decoded = Schema.decodeUnknownResult(chosen.input, { errors: "all", onExcessProperty: "error" })({
    ...given,
    ...shorter,
    project,
  });
  if (Result.isSuccess(decoded)) return { call: chosen.call, input: decoded.success as never };
  const detail = decoded.failure.message.replace(/\n\s*at /g, ", at ").slice(0, 1000);
  throw new InvalidInput({
    message: `The arguments of ${tool.name} are not valid: ${detail}. Correct them, and call it again.`,
  });
};

const shortened = (text: string) => JSON.stringify(text.slice(0, 40));
