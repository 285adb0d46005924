/** Inputs are refused with all their faults at once; a field that the route does not know is one. */
import { Schema } from "effect";

export const decodeInput = (schema: Schema.Codec<unknown, unknown>) =>
  Schema.decodeUnknownResult(schema, { errors: "all", onExcessProperty: "error" });
