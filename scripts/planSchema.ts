/**
 * Writes `schemas/plan.schema.json`, by which VS Code completes and checks plan documents, from the contract's `Plan`.
 * `npm run generate` runs it; a test says when it was forgotten.
 */
import { writeFileSync } from "node:fs";
import { Schema } from "effect";
import { Plan } from "../shared/contract/plan.ts";

type Json = { [key: string]: unknown };

const file = new URL("../schemas/plan.schema.json", import.meta.url);

export const planSchema = (): string => {
  const { schema } = Schema.toJsonSchemaDocument(Plan);
  const document = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "A plan of OpenCode Vibe",
    ...(closed(schema) as Json),
  };
  const { subtasks } = (document as unknown as { properties: { subtasks: Json } }).properties;
  (subtasks.items as Json).defaultSnippets = [
    {
      label: "New subtask",
      description: "A part of the work, with the files that it may change",
      body: {
        title: "$1",
        description: "$2",
        files: ["$3"],
        dependencies: [],
        estimated_complexity: 2,
      },
    },
  ];
  return `${JSON.stringify(document, null, 2)}\n`;
};

/** The daemon refuses a field that it does not know, so the editor says it as well. */
const closed = (schema: unknown): unknown => {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== "object" || schema === null) return schema;
  const entries = Object.entries(schema).map(([key, value]) => [
    key,
    key === "additionalProperties" ? false : closed(value),
  ]);
  return Object.fromEntries(
    entries.filter(([key, value]) => !(key === "maximum" && value === Number.MAX_SAFE_INTEGER)),
  );
};

if (import.meta.main) writeFileSync(file, planSchema());
