/** The router's own failure, where a server gives no errors of its own for what the router finds wrong. */
import { Data } from "effect";
import type { Fault } from "./bindRoute.ts";

export class RouteRefused extends Data.TaggedError("RouteRefused")<{
  readonly kind: Fault | "reset";
  readonly message: string;
}> {}

export const refuseRoute = (kind: Fault | "reset", message: string): RouteRefused =>
  new RouteRefused({ kind, message });
