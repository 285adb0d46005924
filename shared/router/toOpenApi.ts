/**
 * The OpenAPI 3.1 document of a table of routes, as `createHttpHandler` serves it. Schemas are described in their
 * encoded form. Those that have an identifier, or a name in `schemas`, become components that the others refer to.
 */
import { JsonSchema, Schema, type SchemaAST, SchemaRepresentation } from "effect";
import { type RouterTable, routesOf } from "./createRouter.ts";
import type { AnyRoute } from "./o.ts";

export interface OpenApiOptions {
  readonly title: string;
  readonly version: string;
  /** The server's tagged errors: any answer but a 200, and the data of an `error` frame. */
  readonly errors: Schema.Constraint;
  /** Schemas that several routes share, by the names that they are to have. */
  readonly schemas?: Readonly<Record<string, Schema.Constraint>>;
}

export interface OpenApiDocument {
  readonly openapi: "3.1.0";
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, PathItem>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonSchema.JsonSchema>>;
    readonly securitySchemes: { readonly bearer: { readonly type: "http"; readonly scheme: "bearer" } };
  };
  readonly security: ReadonlyArray<{ readonly bearer: [] }>;
}

export interface PathItem {
  readonly post?: Operation;
  readonly get?: Operation;
}

export interface Operation {
  readonly operationId: string;
  readonly tags: ReadonlyArray<string>;
  readonly description: string;
  readonly parameters?: ReadonlyArray<Parameter>;
  readonly requestBody?: { readonly required: true; readonly content: Content };
  readonly responses: Readonly<
    Record<"200" | "default", { readonly description: string; readonly content: Content }>
  >;
}

export interface Parameter {
  readonly name: string;
  readonly in: "query" | "header";
  readonly required: boolean;
  readonly description?: string;
  readonly schema?: JsonSchema.JsonSchema;
  readonly content?: Content;
}

type Content = Readonly<Record<string, { readonly schema: JsonSchema.JsonSchema }>>;

export const toOpenApi = (table: RouterTable, options: OpenApiOptions): OpenApiDocument => {
  const routes = routesOf(table);
  const roots = routes.flatMap(([, route]) => [
    route.input,
    route.stream ? eventOf(route, options) : route.output,
  ]);
  const { schemas, definitions } = describe([options.errors, ...roots], {
    TaggedError: options.errors,
    ...options.schemas,
  });
  const [error = {}, ...bodies] = schemas;
  const paths = routes.map(([path, route], index): [string, PathItem] => {
    const [input = {}, output = {}] = bodies.slice(2 * index);
    const about = {
      operationId: path.replaceAll("/", "."),
      tags: [path.split("/")[0] ?? path],
      description: route.access === "" ? "" : `Access: ${route.access}.`,
    };
    const failed = { description: "A tagged error.", content: json(error) };
    return [
      `/api/${path}`,
      route.stream
        ? {
            get: { ...about, ...asStream(route, input), responses: { 200: events(output), default: failed } },
          }
        : {
            post: {
              ...about,
              requestBody: { required: true, content: json(input) },
              responses: { 200: { description: "The output.", content: json(output) }, default: failed },
            },
          },
    ];
  });
  return {
    openapi: "3.1.0",
    info: { title: options.title, version: options.version },
    paths: Object.fromEntries(paths),
    components: { schemas: definitions, securitySchemes: { bearer: { type: "http", scheme: "bearer" } } },
    security: [{ bearer: [] }],
  };
};

const json = (schema: JsonSchema.JsonSchema): Content => ({ "application/json": { schema } });

/** What one server-sent event of a route can be. */
const eventOf = ({ output }: AnyRoute, { errors }: OpenApiOptions) => {
  const id = Schema.optionalKey(Schema.String);
  const data = Schema.fromJsonString(output);
  return Schema.Union([
    Schema.Struct({ id, data }),
    Schema.Struct({ id, event: Schema.Literal("position") }),
    Schema.Struct({ id, event: Schema.Literal("reset"), data: Schema.optionalKey(data) }),
    Schema.Struct({ event: Schema.Literal("end"), data: Schema.Literal("null") }),
    Schema.Struct({
      event: Schema.Literal("error"),
      data: Schema.fromJsonString(errors as Schema.Codec<unknown, unknown>),
    }),
  ]);
};

const events = (schema: JsonSchema.JsonSchema) => ({
  description:
    "Server-sent events, each as the schema says: outputs without a name; `position`, which only moves the position on; `reset`: what was sent before is void; at last `end` or `error`. Comments come while there is nothing to say.",
  content: { "text/event-stream": { schema } },
});

const asStream = ({ resume }: AnyRoute, input: JsonSchema.JsonSchema) => {
  const parameters: ReadonlyArray<Parameter> = [
    { name: "input", in: "query", required: false, content: json(input) },
  ];
  if (resume === "none") return { parameters };
  const position: Parameter = {
    name: "Last-Event-ID",
    in: "header",
    required: false,
    description: "Continue after the event with this id.",
    schema: { type: "string" },
  };
  return { parameters: [...parameters, position] };
};

/** All of them in one go, so that they share their definitions. */
const describe = (
  roots: readonly [Schema.Constraint, ...Array<Schema.Constraint>],
  named: Readonly<Record<string, Schema.Constraint>>,
) => {
  const names = new Map(Object.entries(named).map(([name, { ast }]) => [described(ast), name]));
  const [first, ...rest] = roots;
  const document = SchemaRepresentation.toRepresentations([first.ast, ...rest.map(({ ast }) => ast)], {
    // Effect tells the encoded form of what has an identifier from the decoded one, which is not described here.
    referencePolicy: ({ ast, identifier }) => names.get(ast) ?? identifier?.replace(/Encoded$/, ""),
  });
  return JsonSchema.toMultiDocumentOpenApi3_1(
    // Inputs with unknown fields are refused, and none are sent.
    SchemaRepresentation.toJsonSchemaMultiDocument(document, { onExcessProperty: "error" }),
  );
};

/** The part of a schema that is described: what its last transformation encodes to, if it has one. */
const described = (ast: SchemaAST.AST): SchemaAST.AST => {
  const last = ast.encoding?.at(-1);
  return last === undefined ? ast : described(last.to);
};
