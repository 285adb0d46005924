/**
 * Reads a plan from the text of a file or of what a planner printed. Models wrap JSON in a Markdown fence or
 * encode it twice; both are undone. Every fault of shape is reported at once, each with its place.
 */
import { Effect, Result, Schema, SchemaIssue } from "effect";
import { InvalidPlan } from "../../../shared/contract/errors.ts";
import { Plan, type PlanFault } from "../../../shared/contract/plan.ts";

const decode = Schema.decodeUnknownResult(Plan, { errors: "all", onExcessProperty: "error" });
const format = SchemaIssue.makeFormatterStandardSchemaV1();

export const readPlan = Effect.fn("readPlan")(function* (text: string) {
  const json = yield* parse(text);
  const decoded = decode(json);
  if (Result.isSuccess(decoded)) return decoded.success;
  const faults = format(decoded.failure.issue).issues.map(
    (issue): PlanFault => ({
      where: placeOf(issue.path ?? [], json),
      message: wordingOf(issue.message, issue.path ?? []),
      severity: "error",
      at: [keysOf(issue.path ?? []).map((key) => (typeof key === "number" ? key : String(key)))],
    }),
  );
  return yield* invalidPlan(faults);
});

/** One error for all faults; its sentence carries the first, the rest are counted. */
export const invalidPlan = (faults: ReadonlyArray<PlanFault>): InvalidPlan => {
  const [first, ...rest] = faults.filter((fault) => fault.severity === "error");
  const more = rest.length === 0 ? "" : ` (and ${rest.length} more)`;
  const where = first === undefined || first.where === "plan" ? "" : `${first.where}: `;
  return new InvalidPlan({
    message: `The plan can't be used: ${where}${first?.message ?? "unknown fault"}${more}. Correct it and start again.`,
    faults,
  });
};

const parse = Effect.fnUntraced(function* (text: string) {
  const fenced = /^\s*```(?:json)?\s*\n([\s\S]*?)\n\s*```\s*$/.exec(text);
  let value = yield* parseJson(fenced?.[1] ?? text);
  if (typeof value === "string") value = yield* parseJson(value);
  return value;
});

const parseJson = (text: string) =>
  Effect.try({
    try: (): unknown => JSON.parse(text),
    catch: (cause) =>
      invalidPlan([
        {
          where: "plan",
          // V8 quotes the text that it can't read, line breaks included.
          message: `it is not JSON (${String(cause instanceof Error ? cause.message : cause).replace(/\s+/g, " ")})`,
          severity: "error",
        },
      ]),
  });

type Path = ReadonlyArray<PropertyKey | { readonly key: PropertyKey }>;
const keysOf = (path: Path) => path.map((part) => (typeof part === "object" ? part.key : part));

/** `subtasks[2] "Add tests" → files[0]`, as a person would point at it. */
const placeOf = (path: Path, json: unknown): string => {
  const keys = keysOf(path);
  if (keys.length === 0) return "plan";
  const text = keys.map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`)).join("");
  const titled = keys[0] === "subtasks" ? titleAt(json, keys[1]) : undefined;
  return text.slice(1) + (titled === undefined ? "" : ` (subtask "${titled}")`);
};

const titleAt = (json: unknown, index: PropertyKey | undefined): string | undefined => {
  const subtasks = (json as { subtasks?: unknown }).subtasks;
  const subtask: unknown = Array.isArray(subtasks) ? subtasks[Number(index)] : undefined;
  const title = (subtask as { title?: unknown } | null | undefined)?.title;
  return typeof title === "string" ? title : undefined;
};

const wordingOf = (message: string, path: Path): string => {
  const key = String(keysOf(path).at(-1) ?? "");
  if (path.length === 0 && message === "Expected object") return "it must be a JSON object";
  if (message === "Expected no excess property") return `unknown field "${key}"`;
  if (/missing key/i.test(message)) return `the field "${key}" is missing`;
  return message.charAt(0).toLowerCase() + message.slice(1);
};
