/** What a failure looks like on the wire: a tagged error as it is; a defect as a reference into the daemon's log. */
import { randomUUID } from "node:crypto";
import { Cause, Effect, Option, Result, Schema } from "effect";
import { AnyError, InternalError, InvalidInput, NotFound, TimedOut } from "../../shared/contract/errors.ts";
import type { HttpError } from "../../shared/router/answerRoute.ts";
import type { Fault } from "../../shared/router/bindRoute.ts";

/** Made at the first failure: it takes a daemon longer than to read its store. */
let encode: ReturnType<typeof Schema.encodeUnknownResult<typeof AnyError>> | undefined;

const statuses: Partial<Record<AnyError["_tag"], number>> = {
  InvalidInput: 400,
  InvalidPlan: 400,
  UnsupportedRepository: 400,
  ChecksNotApproved: 400,
  Unauthenticated: 401,
  NotAllowed: 403,
  NotFound: 404,
  LeaseConflict: 409,
  LockNotHeld: 409,
  ConcurrencyConflict: 409,
  NotNow: 409,
  LandingRefused: 409,
  ProtocolMismatch: 426,
  TimedOut: 504,
};

/** `log` is given the whole cause of a defect. */
export const encodeFailure =
  (log: (reference: string, cause: Cause.Cause<unknown>) => void) =>
  (cause: Cause.Cause<AnyError>): HttpError => {
    const failure = Option.getOrUndefined(Cause.findErrorOption(cause));
    if (failure !== undefined) {
      encode ??= Schema.encodeUnknownResult(AnyError);
      const encoded = encode(failure);
      if (Result.isSuccess(encoded)) return { status: statuses[failure._tag] ?? 500, body: encoded.success };
    }
    // Its caller has gone, or the daemon is stopping: nothing failed that the log should tell of.
    const interrupted = Cause.hasInterruptsOnly(cause);
    const reference = interrupted ? "" : randomUUID();
    if (!interrupted) log(reference, cause);
    const message = interrupted
      ? "The daemon is stopping; run the command again."
      : `Something went wrong inside the daemon. Its log, logs/daemon.log in the data folder, has it under ${reference}.`;
    return {
      status: interrupted ? 503 : 500,
      body: Effect.runSync(Schema.encodeEffect(InternalError)(new InternalError({ message, reference }))),
    };
  };

/** Failures that pass by themselves: another program, a backup for instance, holds the store for a moment. */
export const isTransient = (error: AnyError): boolean =>
  error._tag === "StorageError" && error.code.startsWith("SQLITE_BUSY");

/** Faults of a request itself, as errors of ours. */
export const refuseRequest = (kind: Fault, detail: string): AnyError => {
  switch (kind) {
    case "no-route":
      return new NotFound({ message: `There is no route ${detail}.` });
    case "method":
      return new InvalidInput({ message: `Wrong method: ${detail}.` });
    case "too-large":
      return new InvalidInput({ message: `The request is larger than ${detail}.` });
    case "not-json":
      return new InvalidInput({ message: `The request is not JSON: ${detail}.` });
    case "input":
      return new InvalidInput({
        message: `The request's input is not valid: ${detail.replace(/\n\s*at /g, ", at ")}.`,
      });
    case "timeout":
      return new TimedOut({ message: `${detail}, and was given up.` });
  }
};
