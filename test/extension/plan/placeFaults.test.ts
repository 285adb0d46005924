/** Faults of a plan stand at the JSON values that they are about, whatever the plan's text looks like. */
import fc from "fast-check";
import { assert, describe, it } from "vitest";
import { placeFaults } from "../../../extension/plan/placeFaults.ts";
import type { PlanFault } from "../../../shared/contract/plan.ts";

const plan = {
  epic: { title: "All" },
  subtasks: [
    { title: "One", files: ["src/**", "a.ts"], dependencies: [], estimated_complexity: 1 },
    {
      title: 'Two" and subtasks[0]',
      files: ["b.ts", "src/x.ts"],
      dependencies: [7],
      estimated_complexity: 1,
    },
  ],
};
const fault = (...at: NonNullable<PlanFault["at"]>): PlanFault => ({
  where: "here",
  message: "wrong",
  severity: "error",
  at,
});
const marked = (text: string, place: { readonly offset: number; readonly length: number }) =>
  text.slice(place.offset, place.offset + place.length);

describe("placeFaults", () => {
  const text = JSON.stringify(plan, null, 2);
  const placeOf = (...at: NonNullable<PlanFault["at"]>) => {
    const [placed] = placeFaults(text, [fault(...at)]);
    assert.isDefined(placed);
    return placed;
  };

  it("an overlap is at one subtask's pattern, and names the other's", () => {
    const placed = placeOf(["subtasks", 0, "files", 0], ["subtasks", 1, "files", 1]);
    assert.strictEqual(marked(text, placed), '"src/**"');
    assert.deepStrictEqual(
      placed.related.map((place) => [place.path, marked(text, place)]),
      [["subtasks[1].files[1]", '"src/x.ts"']],
    );
    assert.strictEqual(placed.message, "here: wrong");
  });

  it("a value that holds others is marked by its name, or its title, never as a whole", () => {
    assert.strictEqual(marked(text, placeOf(["subtasks", 0, "files"])), '"files"');
    assert.strictEqual(marked(text, placeOf(["subtasks"])), '"subtasks"');
    assert.strictEqual(marked(text, placeOf(["subtasks", 0])), '"One"');
    assert.strictEqual(marked(text, placeOf([])), "{");
    assert.strictEqual(marked(text, placeOf(["subtasks", 0, "dependencies"])), "[]");
    assert.strictEqual(marked(text, placeOf(["subtasks", 1, "dependencies", 0])), "7");
  });

  it("what is missing is marked where it should be", () => {
    assert.strictEqual(
      marked(text, placeOf(["subtasks", 1, "agent"])),
      JSON.stringify(plan.subtasks[1]?.title),
    );
    assert.strictEqual(marked(text, placeOf(["epic", "description"])), '"epic"');
    assert.strictEqual(marked(text, placeOf(["subtasks", 9, "title"])), '"subtasks"');
  });

  it("a fault without a place, or in what is no JSON, is at the beginning", () => {
    for (const broken of ["", "{", "no plan", '{"epic": ', "[1,"]) {
      const [placed] = placeFaults(broken, [{ where: "plan", message: "it is not JSON", severity: "error" }]);
      assert.deepInclude(placed, { offset: 0, message: "it is not JSON" });
    }
  });

  it("never points out of the text, whatever stands in it", () => {
    const key = fc.oneof(fc.nat({ max: 3 }), fc.constantFrom("subtasks", "files", "title", "epic", "x"));
    fc.assert(
      fc.property(
        fc.json(),
        fc.nat({ max: 80 }),
        fc.array(fc.array(key, { maxLength: 5 }), { maxLength: 3 }),
        (json, cut, at) => {
          const some = json.slice(0, cut);
          for (const placed of placeFaults(some, [fault(...at)])) {
            for (const { offset, length } of [placed, ...placed.related]) {
              assert.isAtLeast(offset, 0);
              assert.isAtMost(offset + length, some.length);
            }
          }
        },
      ),
    );
  });
});
