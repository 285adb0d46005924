/** The document is read back as schemas by Effect's own reader, and compared with what the routes really do. */
import { assert, describe, it } from "@effect/vitest";
import { Arbitrary, Effect, JsonSchema, Result, Schema, SchemaRepresentation } from "effect";
import { AnyError } from "../../../shared/contract/errors.ts";
import { contract } from "../../../shared/contract/routes.ts";
import { createHttpHandler } from "../../../shared/router/createHttpHandler.ts";
import { createRouter, type RouterTable, routesOf } from "../../../shared/router/createRouter.ts";
import type { AnyRoute } from "../../../shared/router/o.ts";
import { o } from "../../../shared/router/o.ts";
import { type OpenApiDocument, type Operation, toOpenApi } from "../../../shared/router/toOpenApi.ts";
import { httpOptions, notes, Refused } from "./notes.ts";

const describeTable = (table: RouterTable, errors: Schema.Constraint): OpenApiDocument =>
  // As whoever fetches it has it.
  JSON.parse(JSON.stringify(toOpenApi(table, { title: "Test", version: "1.2.3", errors })));
const ours = describeTable(contract, AnyError.annotate({ identifier: "TaggedError" }));

const operationOf = (document: OpenApiDocument, path: string): Operation => {
  const operation = document.paths[`/api/${path}`]?.post ?? document.paths[`/api/${path}`]?.get;
  assert.isDefined(operation, path);
  return operation;
};

/** Whether values are as a schema of the document says. */
const reader = (document: OpenApiDocument, schema: JsonSchema.JsonSchema | undefined) => {
  assert.isDefined(schema);
  const read = (one: JsonSchema.JsonSchema) => JsonSchema.fromSchemaOpenApi3_1(one).schema;
  const definitions = Object.entries(document.components.schemas).map(([name, one]) => [name, read(one)]);
  const [codec] = SchemaRepresentation.fromJsonSchemaMultiDocument({
    dialect: "draft-2020-12",
    schemas: [read(schema)],
    definitions: Object.fromEntries(definitions),
  });
  const decode = Schema.decodeUnknownResult(codec as Schema.Codec<unknown>, { onExcessProperty: "error" });
  return (value: unknown): string | undefined => {
    const result = decode(JSON.parse(JSON.stringify(value)));
    return Result.isSuccess(result) ? undefined : result.failure.message;
  };
};

const inputReader = (document: OpenApiDocument, path: string) => {
  const { requestBody, parameters } = operationOf(document, path);
  const given = requestBody ?? parameters?.find(({ name }) => name === "input");
  return reader(document, given?.content?.["application/json"]?.schema);
};
const outputReader = (document: OpenApiDocument, path: string) => {
  const content = operationOf(document, path).responses[200].content;
  if (content["application/json"] !== undefined) return reader(document, content["application/json"].schema);
  const [plain] = (content["text/event-stream"]?.schema.oneOf ?? []) as ReadonlyArray<{
    readonly properties: { readonly data: { readonly contentSchema: JsonSchema.JsonSchema } };
  }>;
  return reader(document, plain?.properties.data.contentSchema);
};

const samples = (schema: AnyRoute["input"], count: number): ReadonlyArray<unknown> => {
  const values = Effect.runSync(Arbitrary.sampleEffect(Arbitrary.schema(schema), { count, seed: 1 }));
  return values.map((value) => Schema.encodeUnknownSync(schema)(value));
};

describe("toOpenApi of the daemon's routes", () => {
  it("has every route in its place, and nothing else", () => {
    assert.strictEqual(ours.openapi, "3.1.0");
    const expected = routesOf(contract).map(
      ([path, { stream }]) => `${stream ? "get" : "post"} /api/${path}`,
    );
    const found = Object.entries(ours.paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method} ${path}`),
    );
    assert.deepStrictEqual(found, expected);
    const ids = routesOf(contract).map(([path]) => operationOf(ours, path).operationId);
    assert.strictEqual(new Set(ids).size, ids.length);
  });

  it("refers to nothing that is not in it, and has nothing in it that is not referred to", () => {
    const referred = new Set(JSON.stringify(ours).match(/#\/components\/schemas\/[^"]+/g));
    const defined = Object.keys(ours.components.schemas).map((name) => `#/components/schemas/${name}`);
    assert.deepStrictEqual([...referred].toSorted(), defined.toSorted());
    // A number at the end would be of another schema by the same name.
    assert.deepStrictEqual(
      defined.filter((name) => /_?\d+$/.test(name)),
      [],
    );
  });

  it("describes what each route takes and gives, and refuses what the route refuses", () => {
    for (const [path, route] of routesOf(contract)) {
      const readsInput = inputReader(ours, path);
      const readsOutput = outputReader(ours, path);
      for (const input of samples(route.input, 20)) {
        assert.isUndefined(readsInput(input), path);
        assert.isDefined(readsInput({ ...Object(input), unknown: 1 }), path);
      }
      for (const output of samples(route.output, 20)) assert.isUndefined(readsOutput(output), path);
      assert.isDefined(readsInput("nothing of the kind"), path);
    }
  });

  it("describes every error of ours", () => {
    const failed = operationOf(ours, "hive/show").responses.default.content["application/json"]?.schema;
    const reads = reader(ours, failed);
    for (const error of samples(AnyError, 200)) assert.isUndefined(reads(error));
    assert.isDefined(reads({ _tag: "Unheard", message: "" }));
  });
});

describe("toOpenApi", () => {
  const Empty = Schema.Record(Schema.String, Schema.Never);
  const Named = Schema.Struct({ at: Schema.DateFromString }).annotate({ identifier: "Named" });

  it("says what a route promises", () => {
    const document = describeTable(
      createRouter({
        plain: o({})
          .input(Schema.Struct({ a: Schema.String }))
          .output(Named),
        patient: o({ access: "owner", retry: "exponential", timeout: "30s" }).input(Empty).output(Named),
        resumed: o({ stream: true })
          .input(Schema.Struct({ a: Schema.String }))
          .output(Named),
        flow: o({ stream: true, resume: "none", retry: "exponential", timeout: 1 })
          .input(Empty)
          .output(Named),
      }),
      Refused,
    );
    const about = (path: string) => {
      const { description, requestBody, parameters } = operationOf(document, path);
      return [
        description,
        requestBody?.required ?? parameters?.map(({ name, required }) => [name, required]),
      ];
    };
    assert.deepStrictEqual(about("plain"), ["", true]);
    assert.deepStrictEqual(about("patient"), [
      "Access: owner. Safe to repeat. Fails if it takes longer than 30s.",
      false,
    ]);
    assert.deepStrictEqual(about("flow"), ["", [["input", false]]]);
    assert.deepStrictEqual(about("resumed"), [
      "",
      [
        ["input", true],
        ["Last-Event-ID", false],
      ],
    ]);
  });

  it("describes schemas as they are on the wire, by their names", () => {
    const document = describeTable(createRouter({ plain: o({}).input(Named).output(Named) }), Refused);
    assert.deepStrictEqual(Object.keys(document.components.schemas).toSorted(), ["Named", "Refused"]);
    assert.isUndefined(inputReader(document, "plain")({ at: "2026-01-01T00:00:00.000Z" }));
  });

  it("describes each event that a stream can have", async () => {
    const document = describeTable(notes, Refused);
    const content = operationOf(document, "deep/count").responses[200].content["text/event-stream"];
    const reads = reader(document, content?.schema);
    const readsOutput = outputReader(document, "deep/count");
    const handler = createHttpHandler(httpOptions({ pulled: 0, ended: [] }));
    const query = encodeURIComponent('{"to":3}');
    const text = await (await handler(new Request(`http://localhost/api/deep/count?input=${query}`))).text();
    const events = text.split("\n\n").filter((block) => block !== "" && !block.startsWith(":"));
    const seen = events.map((block) => {
      const fields = block.split("\n").map((line) => line.split(/: (.*)/).slice(0, 2));
      const { event, data, ...rest } = Object.fromEntries(fields);
      assert.isUndefined(reads(Object.fromEntries(fields)), block);
      if (event === undefined) assert.isUndefined(readsOutput(JSON.parse(data)));
      return [event, ...Object.values(rest)];
    });
    assert.deepStrictEqual(seen, [["position", "1"], [undefined, "2"], ["position", "3"], ["end"]]);
    assert.isDefined(reads({ event: "other" }));
    assert.isDefined(reads({ id: "1" }));
  });
});
