/** What an answer is: what the contract says, an error with a tag of ours, or a fault. */
import { Result, Schema } from "effect";
import { AnyError } from "../../shared/contract/errors.ts";
import type { AnyRoute } from "../../shared/router/o.ts";
import type { Answered } from "./ask.ts";

const decodeError = Schema.decodeUnknownResult(AnyError, { onExcessProperty: "error" });

/** Sentences of what stands before the handlers. */
const before =
  /^(The request|Wrong method|There is no route|A token is needed|The token is not known|The caller speaks|Only the person may|The launcher may only|Sessions are registered by|This process was started|The daemon takes no|The daemon is asked as)|is no request that the daemon takes/;

export type Verdict =
  | { readonly fault: string }
  | { readonly tag: string; readonly reached: boolean; readonly answers: ReadonlyArray<unknown> };

/** `route` is undefined for an address that is none of the contract's. */
export const judge = (
  path: string,
  route: AnyRoute | undefined,
  { status, type, text }: Answered,
): Verdict => {
  // A page: a document, figures.
  if (route === undefined && status === 200) return { tag: "ok", reached: false, answers: [] };
  if (route !== undefined && type.startsWith("text/event-stream")) return judgeStream(path, route, text);
  const body = parse(text);
  if (body === undefined) return { fault: `status ${status}, and no JSON: ${text.slice(0, 200)}` };
  return status === 200 && route !== undefined ? judgeOutput(route, body) : judgeError(status, body);
};

const judgeOutput = (route: AnyRoute, body: unknown): Verdict => {
  const decoded = Schema.decodeUnknownResult(route.output, { onExcessProperty: "error" })(body);
  if (Result.isSuccess(decoded)) return { tag: "ok", reached: true, answers: [body] };
  return { fault: `not what the contract says: ${decoded.failure.message.slice(0, 500)}` };
};

export const judgeError = (status: number, body: unknown): Verdict => {
  const decoded = decodeError(body);
  if (Result.isFailure(decoded)) {
    return {
      fault: `status ${status}, an error without a tag of ours: ${JSON.stringify(body).slice(0, 300)}`,
    };
  }
  const { _tag: tag, message } = decoded.success;
  if (tag === "InternalError") return { fault: `${message}` };
  if (message === "") return { fault: `${tag} without a sentence` };
  return { tag, reached: !before.test(message), answers: [body] };
};

const judgeStream = (path: string, route: AnyRoute, text: string): Verdict => {
  const answers: Array<unknown> = [];
  // The last part may have been cut.
  for (const frame of text.split("\n\n").slice(0, -1)) {
    const lines = frame.split("\n");
    const event = lines.find((line) => line.startsWith("event: "))?.slice(7);
    const data = lines.find((line) => line.startsWith("data: "))?.slice(6);
    if (data === undefined || event === "end") continue;
    const body = parse(data);
    if (event === "error") return judgeError(200, body);
    const verdict = judgeOutput(route, body);
    if ("fault" in verdict) return { fault: `${path}: ${verdict.fault}` };
    answers.push(body);
  }
  return { tag: "ok", reached: true, answers };
};

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
