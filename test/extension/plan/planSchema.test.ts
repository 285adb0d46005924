/** The schema that VS Code checks plans by is the contract's, and what translators are given is what the code says. */
import { readFileSync } from "node:fs";
import { assert, describe, it } from "vitest";
import { bundle, manifestBundle, textsOf } from "../../../scripts/l10n.ts";
import { withKeys } from "../../../scripts/manifestTexts.ts";
import { planSchema } from "../../../scripts/planSchema.ts";

const read = (path: string) => JSON.parse(readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8"));
const advice = "run `npm run generate`";

describe("generated files", () => {
  it("the schema of plans is that of the contract", () => {
    assert.deepStrictEqual(read("schemas/plan.schema.json"), JSON.parse(planSchema()), advice);
  });

  it("refuses fields that the daemon refuses", () => {
    const { additionalProperties, properties } = JSON.parse(planSchema());
    const { items } = properties.subtasks;
    assert.deepStrictEqual(
      [additionalProperties, properties.epic.additionalProperties, items.additionalProperties],
      [false, false, false],
    );
  });

  it("the texts for translators are those of the extension", () => {
    assert.deepStrictEqual(read("l10n/bundle.l10n.json"), JSON.parse(bundle()), advice);
    assert.deepStrictEqual(read("package.nls.json"), JSON.parse(manifestBundle()), advice);
  });

  it("in what ships the manifest's texts are keys, and nothing else is", () => {
    const command = { command: "a.b", title: "Do it", category: "A", icon: "$(x)" };
    const setting = {
      type: "string",
      default: "title",
      enum: ["x"],
      enumDescriptions: ["An x"],
      description: "D",
    };
    const given = {
      name: "n",
      contributes: { commands: [command], configuration: { properties: { title: setting } } },
    };
    const { manifest, texts } = withKeys(given);
    assert.deepStrictEqual(manifest, {
      name: "n",
      contributes: {
        commands: [{ ...command, title: "%Do it%", category: "%A%" }],
        configuration: {
          properties: { title: { ...setting, enumDescriptions: ["%An x%"], description: "%D%" } },
        },
      },
    });
    assert.sameMembers(Object.keys(texts), ["Do it", "A", "An x", "D"]);
  });

  it("texts are found however they are quoted, and nothing else is", () => {
    const source = `t("One {0}", a); vscode.l10n.t('Say "two"'); t(\n  \`three's\`,\n); at("no"); x.t("no"); t(text); t("a \\"b\\"")`;
    assert.deepStrictEqual(textsOf(source), ["One {0}", 'Say "two"', "three's", 'a "b"']);
  });
});
