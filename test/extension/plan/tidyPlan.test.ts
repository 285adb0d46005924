/** A planner's text becomes a document that can be read; what it says is never another. */
import fc from "fast-check";
import { assert, describe, it } from "vitest";
import { emptyPlan, planTitle, tidyPlan } from "../../../extension/plan/tidyPlan.ts";

describe("tidyPlan", () => {
  it("undoes a fence, a second encoding, and a single line", () => {
    const plan = { epic: { title: "All" }, subtasks: [] };
    const expected = `${JSON.stringify(plan, null, 2)}\n`;
    const line = JSON.stringify(plan);
    for (const printed of [
      line,
      `\n\`\`\`json\n${line}\n\`\`\`\n`,
      JSON.stringify(line),
      `\`\`\`\n${line}\n\`\`\``,
    ])
      assert.strictEqual(tidyPlan(printed), expected);
  });

  it("leaves alone what is no JSON", () => {
    for (const printed of ["", "I could not make a plan.", '{"epic": '])
      assert.strictEqual(tidyPlan(printed), printed);
    assert.strictEqual(tidyPlan('"words"'), '"words"');
  });

  it("keeps every value", () => {
    fc.assert(
      fc.property(
        fc.jsonValue().filter((value) => typeof value !== "string"),
        (value) => {
          const json = JSON.stringify(value);
          assert.deepStrictEqual(JSON.parse(tidyPlan(json)), JSON.parse(json));
        },
      ),
    );
  });

  it("a plan by hand has a title, and what else it must have", () => {
    const plan = JSON.parse(emptyPlan('Say "hi"'));
    assert.strictEqual(planTitle(emptyPlan('Say "hi"')), 'Say "hi"');
    assert.sameMembers(Object.keys(plan.subtasks[0]), [
      "title",
      "description",
      "files",
      "dependencies",
      "estimated_complexity",
    ]);
    for (const text of ["", "[]", "null", '{"epic": {"title": 3}}', '{"epic": {"title": " "}}'])
      assert.isUndefined(planTitle(text));
  });
});
