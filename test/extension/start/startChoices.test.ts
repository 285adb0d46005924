/** What *Start Swarm* offers while one types. */
import { assert, describe, it } from "vitest";
import { describeRuntime, startChoices } from "../../../extension/start/startChoices.ts";
import { visibleText } from "../../../extension/text/visibleText.ts";

const runtime = { planner: "command:plan.sh", agent: "command:agent.sh" };
const kinds = (typed: string, past: ReadonlyArray<string> = [], planner = runtime.planner) =>
  startChoices(typed, past, { ...runtime, planner }).map(({ kind }) => kind);

describe("startChoices", () => {
  it("offers the new task first, then past ones, then the longer ways", () => {
    assert.deepStrictEqual(kinds(""), ["write", "hand"]);
    assert.deepStrictEqual(kinds(" Tidy ", ["Older", "Old"]), ["new", "past", "past", "write", "hand"]);
    const [first] = startChoices(" Tidy ", [], runtime);
    assert.deepInclude(first, { kind: "new", task: "Tidy" });
  });

  it("a past task that is typed again is offered once, as the new one", () => {
    assert.deepStrictEqual(kinds("Old", ["Older", "Old"]), ["new", "past", "write", "hand"]);
  });

  it("without a planner it says so, and offers to choose one", () => {
    assert.deepStrictEqual(kinds("Tidy", [], ""), ["new", "write", "hand", "planner"]);
    const [first] = startChoices("Tidy", [], { ...runtime, planner: "" });
    assert.include(first?.detail, "No planner is set");
    assert.strictEqual(
      describeRuntime({ planner: "", agent: "" }),
      "planner: none, agent: named in the plan",
    );
  });

  it("shows what was typed as text, and plans exactly that", () => {
    const task = "$(zap)[x](command:y)\u001b[31m\nand more";
    const [first] = startChoices(task, [], runtime);
    assert.strictEqual(first?.kind === "new" ? first.task : "", task);
    assert.notMatch(first?.label.slice("$(rocket) ".length) ?? "", /\$\(|\]\(|\p{Cc}/u);
  });
});

describe("visibleText", () => {
  it("hides nothing of a command: what can't be seen is written out", () => {
    assert.strictEqual(visibleText("npm test\n\tnode x.js"), "npm test\n\tnode x.js");
    assert.strictEqual(
      visibleText("rm\u200b -rf \u202e/\u001b[2K\r"),
      "rm\\u{200b} -rf \\u{202e}/\\u{1b}[2K\\u{d}",
    );
    assert.strictEqual(visibleText("\u{e0041}é漢"), "\\u{e0041}é漢");
  });
});
