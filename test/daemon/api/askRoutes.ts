/**
 * Asks a daemon raw questions and says what became of each: the tag of the error, or "ok". It runs within a test, and
 * as a program inside a worker's process tree: then its argument is a JSON file with the questions and with where
 * the answers go.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { Schema } from "effect";
import { socketTransport } from "../../../shared/client/transport.ts";
import { contract } from "../../../shared/contract/routes.ts";
import { routesOf } from "../../../shared/router/createRouter.ts";
import { o } from "../../../shared/router/o.ts";

export interface Question {
  readonly path: string;
  readonly stream: boolean;
  readonly input: unknown;
}

export interface Answer {
  readonly tag: string;
  /** What was answered, errors too. */
  readonly body: unknown;
}

const routes = new Map(routesOf(contract));
const unknownRoute = o({ access: "anyone" }).input(Schema.Unknown).output(Schema.Unknown);

/** Of a stream, the first frame is the answer. */
export const askRoute = async (
  socket: string,
  token: string,
  { path, stream, input }: Question,
): Promise<Answer> => {
  const transport = socketTransport({ socket, token });
  const target = { path, route: routes.get(path) ?? unknownRoute };
  try {
    if (!stream) return { tag: "ok", body: await transport.call(target, input, {}) };
    const enough = new AbortController();
    for await (const frame of transport.stream(target, input, { signal: enough.signal })) {
      enough.abort();
      return { tag: "ok", body: frame.data };
    }
    return { tag: "ok", body: null };
  } catch (error) {
    const { _tag, ...rest } = error as { readonly _tag?: string };
    return { tag: _tag ?? "unknown", body: { ...rest, message: String((error as Error).message) } };
  }
};

export const askRoutes = async (socket: string, token: string, questions: ReadonlyArray<Question>) => {
  const answers: Array<readonly [string, Answer]> = [];
  for (const question of questions) answers.push([question.path, await askRoute(socket, token, question)]);
  return answers;
};

if (process.argv[1] === import.meta.filename) {
  const { socket, tokens, questions, out } = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8"));
  const answers: Record<string, unknown> = {};
  for (const [who, token] of Object.entries(tokens))
    answers[who] = await askRoutes(socket, token as string, questions);
  writeFileSync(out, JSON.stringify(answers));
}
