/**
 * The fields of a cell, by beads' names: what may be set, and what follows from it. Unknown fields are kept and
 * passed on, as are unknown statuses and types.
 */
import { Result, type Schema } from "effect";
import { canonicalJson } from "../../../shared/contract/canonicalJson.ts";

export type Fields = Readonly<Record<string, Schema.Json>>;

/** Written by us, never by a caller. */
const derived = new Set([
  "id",
  "created_at",
  "created_by",
  "updated_at",
  "closed_at",
  "dependencies",
  "comments",
  "_vibe",
]);
const texts = new Set([
  "description",
  "design",
  "acceptance_criteria",
  "notes",
  "assignee",
  "close_reason",
  "parent_id",
  "external_ref",
]);
const longestTitle = 500;
const longestWord = 64;

/** All fields of a new cell. */
export const createdFields = (
  given: Fields,
  { now, actor }: { readonly now: string; readonly actor: string },
): Result.Result<Fields, string> => {
  const fields: Fields = { title: "", status: "open", priority: 2, issue_type: "task", ...given };
  const fault = faultOf(fields);
  if (fault !== undefined) return Result.fail(fault);
  return Result.succeed({
    ...normal(fields),
    created_at: now,
    created_by: actor,
    updated_at: now,
    ...(fields.status === "closed" && { closed_at: now }),
  });
};

/** The fields that change, empty when none does. Null clears a field. */
export const changedFields = (before: Fields, given: Fields, now: string): Result.Result<Fields, string> => {
  const fault = faultOf(given);
  if (fault !== undefined) return Result.fail(fault);
  const wasClosed = before.status === "closed";
  const isClosed = (given.status ?? before.status) === "closed";
  const wanted: Fields = {
    ...normal(given),
    ...(isClosed && !wasClosed && { closed_at: now }),
    ...(!isClosed && wasClosed && { closed_at: null, close_reason: null }),
  };
  const changed = Object.entries(wanted).filter(
    ([name, value]) => canonicalJson(value) !== canonicalJson(before[name] ?? null),
  );
  return Result.succeed(changed.length === 0 ? {} : { ...Object.fromEntries(changed), updated_at: now });
};

const faultOf = (fields: Fields): string | undefined => {
  for (const [name, value] of Object.entries(fields)) {
    const fault = derived.has(name) ? "is set by the hive itself; leave it out" : valueFault(name, value);
    if (fault !== undefined) return `The field "${name}" ${fault}.`;
  }
  return undefined;
};

const valueFault = (name: string, value: Schema.Json): string | undefined => {
  if (name === "title") {
    if (typeof value !== "string" || value.trim() === "") return "must say something; give the cell a title";
    return value.length > longestTitle
      ? `is longer than ${longestTitle} characters; say the rest in the description`
      : undefined;
  }
  if (name === "priority") {
    return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 4
      ? undefined
      : "must be a whole number from 0 (highest) to 4";
  }
  if (name === "status" || name === "issue_type") {
    return typeof value === "string" && /\S/.test(value) && value.length <= longestWord
      ? undefined
      : `must be a word of at most ${longestWord} characters`;
  }
  if (name === "labels") {
    const isList = Array.isArray(value) && value.every((label) => typeof label === "string" && label !== "");
    return value === null || isList ? undefined : "must be a list of words";
  }
  if (texts.has(name)) return value === null || typeof value === "string" ? undefined : "must be text";
  return undefined;
};

const normal = (fields: Fields): Fields => ({
  ...fields,
  ...(typeof fields.title === "string" && { title: fields.title.trim() }),
  ...(Array.isArray(fields.labels) && { labels: [...new Set(fields.labels)] }),
});
