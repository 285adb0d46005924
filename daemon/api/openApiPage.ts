/** `/openapi.json`: what the routes take and give, written out from their own table. */
import { Effect, Schema } from "effect";
import { AnyError } from "../../shared/contract/errors.ts";
import * as routes from "../../shared/contract/routes.ts";
import { version } from "../../shared/contract/version.ts";
import { toOpenApi } from "../../shared/router/toOpenApi.ts";
import type { Page } from "./dispatch.ts";

let document: string | undefined;

export const openApiPage: Page<never> = {
  access: "everybody",
  answer: () =>
    Effect.sync(() => {
      document ??= JSON.stringify(
        toOpenApi(routes.contract, { title: "OpenCode Vibe", version, errors: AnyError, schemas: shared }),
      );
      return new Response(document, { headers: { "content-type": "application/json" } });
    }),
};

/** What the table's module exports under a name bears it in the document too. */
const shared = Object.fromEntries(
  Object.entries(routes).flatMap(([name, value]) => (Schema.isSchema(value) ? [[name, value] as const] : [])),
);
