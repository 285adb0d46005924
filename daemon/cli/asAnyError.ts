/** Gives whatever a call to the daemon threw its place among the errors that the command line knows. */
import { type AnyError, InternalError, isAnyError } from "../../shared/contract/errors.ts";

export const asAnyError = (thrown: unknown): AnyError =>
  isAnyError(thrown)
    ? thrown
    : new InternalError({
        message: `Something went wrong in ocvibe itself: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
        reference: "",
      });
