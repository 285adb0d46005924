/**
 * The OpenAPI 3.1 document of a table of routes, as `createHttpHandler` serves it. Schemas are described in their
 * encoded form; those that have an `identifier` become components that the others refer to. A stream is described by
 * what one of its events can be.
 */
import { Duration, JsonSchema, Result, Schema, SchemaRepresentation } from "effect";
import { prefix } from "./createPlainHandler.ts";
import { type RouterTable, routesOf } from "./createRouter.ts";
import type { AnyRoute } from "./o.ts";

export interface OpenApiOptions {
  readonly title: string;
  readonly version: string;
  /** The server's tagged errors: any answer but a 200, and the data of an `error` event. */
  readonly errors: Schema.Constraint;
}

export interface OpenApiDocument {
  readonly openapi: "3.1.0";
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, { readonly post?: Operation; readonly get?: Operation }>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonSchema.JsonSchema>>;
    readonly securitySchemes: { readonly bearer: { readonly type: "http"; readonly scheme: "bearer" } };
  };
  readonly security: ReadonlyArray<{ readonly bearer: [] }>;
}

export interface Operation {
  readonly operationId: string;
  readonly tags: ReadonlyArray<string>;
  readonly description: string;
  readonly parameters?: ReadonlyArray<Parameter>;
  readonly requestBody?: { readonly required: boolean; readonly content: Content };
  readonly responses: Readonly<Record<"200" | "default", Answer>>;
}

interface Answer {
  readonly description: string;
  readonly content: Content;
}

interface Parameter {
  readonly name: string;
  readonly in: "query" | "header";
  readonly required: boolean;
  readonly description?: string;
  readonly schema?: JsonSchema.JsonSchema;
  readonly content?: Content;
}

type Content = Readonly<Record<string, { readonly schema: JsonSchema.JsonSchema }>>;

export const toOpenApi = (
  table: RouterTable,
  { title, version, errors }: OpenApiOptions,
): OpenApiDocument => {
  const routes = routesOf(table);
  const { schemas, definitions } = describe([
    errors,
    ...routes.flatMap(([, route]) => [route.input, route.output]),
  ]);
  const [error = {}, ...rest] = schemas;
  const paths = routes.map(([path, route], index) => {
    const [input = {}, output = {}] = rest.slice(2 * index);
    const about = {
      operationId: path.replaceAll("/", "."),
      tags: [path.split("/")[0] ?? path],
      description: promises(route),
    };
    const failed = { description: "A tagged error.", content: json(error) };
    const required = Result.isFailure(Schema.decodeUnknownResult(route.input)({}));
    const operation = route.stream
      ? {
          get: {
            ...about,
            parameters: parameters(route, input, required),
            responses: { 200: events(output, error), default: failed },
          },
        }
      : {
          post: {
            ...about,
            requestBody: { required, content: json(input) },
            responses: { 200: { description: "The output.", content: json(output) }, default: failed },
          },
        };
    return [`${prefix}${path}`, operation] as const;
  });
  return {
    openapi: "3.1.0",
    info: { title, version },
    paths: Object.fromEntries(paths),
    components: { schemas: definitions, securitySchemes: { bearer: { type: "http", scheme: "bearer" } } },
    security: [{ bearer: [] }],
  };
};

/** All of them in one go, so that they share their definitions. */
const describe = (roots: readonly [Schema.Constraint, ...Array<Schema.Constraint>]) => {
  const [first, ...rest] = roots;
  const document = SchemaRepresentation.toRepresentations([first.ast, ...rest.map(({ ast }) => ast)], {
    // Effect marks the encoded form of what has an identifier; the decoded one is not described here.
    referencePolicy: ({ identifier }) => identifier?.replace(/Encoded$/, ""),
  });
  return JsonSchema.toMultiDocumentOpenApi3_1(
    // Inputs with unknown fields are refused, and none are sent.
    SchemaRepresentation.toJsonSchemaMultiDocument(document, { onExcessProperty: "error" }),
  );
};

const promises = ({ access, retry, timeout, stream }: AnyRoute) =>
  [
    ...(access === "" ? [] : [`Access: ${access}.`]),
    ...(retry === undefined || stream ? [] : ["Safe to repeat."]),
    ...(timeout === undefined || stream
      ? []
      : [`Fails if it takes longer than ${Duration.format(timeout)}.`]),
  ].join(" ");

const json = (schema: JsonSchema.JsonSchema): Content => ({ "application/json": { schema } });

const parameters = (
  { resume }: AnyRoute,
  input: JsonSchema.JsonSchema,
  required: boolean,
): ReadonlyArray<Parameter> => [
  { name: "input", in: "query", required, content: json(input) },
  ...(resume === "none"
    ? []
    : [
        {
          name: "Last-Event-ID",
          in: "header" as const,
          required: false,
          description: "Continue after the event with this id.",
          schema: { type: "string" },
        },
      ]),
];

const events = (output: JsonSchema.JsonSchema, error: JsonSchema.JsonSchema): Answer => {
  const id = { type: "string" };
  const text = (contentSchema: JsonSchema.JsonSchema) => ({
    type: "string",
    contentMediaType: "application/json",
    contentSchema,
  });
  const event = (required: ReadonlyArray<string>, properties: JsonSchema.JsonSchema) => ({
    type: "object",
    properties,
    required,
    additionalProperties: false,
  });
  const one = [
    event(["data"], { id, data: text(output) }),
    event(["event"], { id, event: { const: "position" } }),
    event(["event"], { id, event: { const: "reset" }, data: text(output) }),
    event(["event", "data"], { event: { const: "end" }, data: { const: "null" } }),
    event(["event", "data"], { event: { const: "error" }, data: text(error) }),
  ];
  return {
    description:
      "Server-sent events, each as the schema says: outputs without a name; `position`, which only moves the position on; `reset`: what was sent before is void; at last `end` or `error`. Comments come while there is nothing to say.",
    content: { "text/event-stream": { schema: { oneOf: one } } },
  };
};
