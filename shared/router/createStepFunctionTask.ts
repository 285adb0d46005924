/**
 * A single route as the Lambda function of a Step Functions task: JSON in, JSON out. Step Functions match errors by
 * their `name`, so that of a tagged error is its tag. A route that streams can't be one.
 */
import { bindRoute } from "./bindRoute.ts";
import { callRoute, type LocalOptions } from "./callRoute.ts";
import type { HandledRoute } from "./o.ts";

export const createStepFunctionTask = <Input, Output, Context, E, R>(
  route: HandledRoute<Input, Output, false, Context, E, R>,
  options: LocalOptions<Context, E, R>,
) => {
  const call = callRoute(bindRoute("task", route, route.handle, route.middleware), options);
  return async (input: unknown): Promise<unknown> => {
    try {
      return await call(input);
    } catch (error) {
      throw named(error);
    }
  };
};

const named = (error: unknown): unknown => {
  const { _tag: tag, message } = Object(error) as { readonly _tag?: unknown; readonly message?: unknown };
  if (typeof tag !== "string" || (error instanceof Error && error.name === tag)) return error;
  return Object.assign(new Error(String(message ?? tag), { cause: error }), { name: tag });
};
