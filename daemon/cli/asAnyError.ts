/** Gives whatever a call to the daemon threw its place among the errors that the command line knows. */
import { type AnyError, exitCodeOf, InternalError } from "../../shared/contract/errors.ts";

export const isAnyError = (value: unknown): value is AnyError =>
  value instanceof Error &&
  "_tag" in value &&
  typeof value._tag === "string" &&
  Object.hasOwn(exitCodeOf, value._tag);

export const asAnyError = (thrown: unknown): AnyError =>
  isAnyError(thrown)
    ? thrown
    : new InternalError({
        message: `Something went wrong in ocvibe itself: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
        reference: "",
      });
