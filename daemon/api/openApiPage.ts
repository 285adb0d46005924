/** `/openapi.json`: what the routes take and give, written out from their own table. */
import { Effect } from "effect";
import { AnyError } from "../../shared/contract/errors.ts";
import { contract } from "../../shared/contract/routes.ts";
import { version } from "../../shared/contract/version.ts";
import { toOpenApi } from "../../shared/router/toOpenApi.ts";
import type { Page } from "./dispatch.ts";

/** Written out when it is first asked for: a daemon that starts has no time for it. */
let document: string | undefined;

export const openApiPage: Page<never> = {
  access: "everybody",
  answer: () =>
    Effect.sync(() => {
      document ??= JSON.stringify(
        toOpenApi(contract, {
          title: "OpenCode Vibe",
          version,
          errors: AnyError.annotate({ identifier: "TaggedError" }),
        }),
      );
      return { status: 200, headers: { "content-type": "application/json" }, body: document };
    }),
};
