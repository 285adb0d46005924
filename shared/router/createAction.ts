/**
 * A single route as an async function, for instance a server action of Next.js: it takes an input and gives the
 * output, both as the handler knows them, or throws the tagged error. What it is called with is validated, since a
 * server action can be called by anybody; an input in its encoded form does as well.
 */
import type { LocalOptions } from "./callRoute.ts";
import { createCaller } from "./createCaller.ts";
import type { HandledRoute } from "./o.ts";

export type ActionOptions<Context, E, R> = Omit<LocalOptions<Context, E, R>, "context"> & {
  /** Asked at each call, for what is known then only, for instance who is logged in. */
  readonly context: () => Context | Promise<Context>;
};

export const createAction =
  <Input, Output, Context, E, R>(
    route: HandledRoute<Input, Output, false, Context, E, R>,
    options: ActionOptions<Context, E, R>,
  ) =>
  async (input: Input): Promise<Output> => {
    const given = { ...options, context: await options.context() };
    const { action } = createCaller({ action: route }, given as never) as {
      readonly action: (input: Input) => Promise<Output>;
    };
    return action(input);
  };
