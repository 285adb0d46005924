/** A small table of routes for the tests of the router, with an error of its own. */
import { Cause, Context, Effect, Option, Schema, Stream } from "effect";
import type { HttpHandlerOptions } from "../../../shared/router/createPlainHandler.ts";
import { createRouter } from "../../../shared/router/createRouter.ts";
import { implement } from "../../../shared/router/implement.ts";
import { o } from "../../../shared/router/o.ts";

export class Refused extends Schema.TaggedError<Refused>()("Refused", {
  message: Schema.String,
  kind: Schema.String,
}) {}

export const notes = createRouter({
  double: o({ access: "anyone" })
    .input(Schema.Struct({ number: Schema.Int }))
    .output(Schema.Struct({ number: Schema.Int })),
  deep: {
    when: o({ access: "owner" })
      .input(Schema.Struct({ at: Schema.DateFromString }))
      .output(Schema.Struct({ at: Schema.DateFromString })),
    wrong: o({ access: "anyone" })
      .input(Schema.Struct({ how: Schema.String }))
      .output(Schema.Struct({ text: Schema.NonEmptyString })),
    count: o({ access: "anyone", stream: true })
      .input(Schema.Struct({ to: Schema.Natural }))
      .output(Schema.Struct({ number: Schema.Int })),
  },
});

export interface Who {
  readonly name: string;
}

/** What the handlers did, for the tests to look at. */
export interface Seen {
  pulled: number;
  readonly ended: Array<string>;
}

export const handledNotes = (seen: Seen) =>
  implement<typeof notes, Who, Refused, never>(notes, {
    double: ({ input }) => Effect.succeed({ number: input.number * 2 }),
    deep: {
      when: ({ input }) => Effect.succeed({ at: new Date(input.at.getTime() + 1000) }),
      wrong: ({ input }) => {
        if (input.how === "fail") return Effect.fail(new Refused({ message: "no", kind: "handler" }));
        if (input.how === "die") return Effect.die(new Error("a secret detail"));
        if (input.how === "throw") throw new Error("thrown at once");
        if (input.how === "hang") {
          return Effect.onInterrupt(Effect.never, () => Effect.sync(() => void seen.ended.push("hang")));
        }
        return Effect.succeed({ text: "" });
      },
      count: ({ input, lastEventId }) =>
        Stream.iterate(lastEventId === undefined ? 1 : Number(lastEventId) + 1, (number) => number + 1).pipe(
          Stream.takeWhile((number) => number <= input.to),
          Stream.tap(() => Effect.sync(() => void seen.pulled++)),
          Stream.rechunk(1),
          // Odd numbers are filtered out, and move the reader's position on all the same.
          Stream.map((number) => ({ id: String(number), ...(number % 2 === 0 ? { data: { number } } : {}) })),
          Stream.ensuring(Effect.sync(() => void seen.ended.push("count"))),
        ),
    },
  });

export const httpOptions = (
  seen: Seen,
): HttpHandlerOptions<Who, Refused, never> & { defects: Array<string> } => {
  const defects: Array<string> = [];
  return {
    defects,
    routes: handledNotes(seen),
    services: emptyServices,
    context: (request, access) =>
      access === "owner" && request.headers.get("authorization") !== "Bearer owner"
        ? Effect.fail(new Refused({ message: "not you", kind: "access" }))
        : Effect.succeed({ name: "somebody" }),
    refuse: (kind, detail) => new Refused({ message: detail, kind }),
    encodeFailure: (cause) => {
      const error = Option.getOrUndefined(Cause.findErrorOption(cause));
      if (error instanceof Refused)
        return { status: 400, body: { _tag: "Refused", message: error.message, kind: error.kind } };
      if (!Cause.hasInterruptsOnly(cause)) defects.push(Cause.pretty(cause));
      return { status: 500, body: { _tag: "Defect" } };
    },
  };
};

const emptyServices = Context.empty();
