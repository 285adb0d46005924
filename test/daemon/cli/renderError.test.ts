import { describe, expect, it } from "vitest";
import { asAnyError } from "../../../daemon/cli/asAnyError.ts";
import { jsonError, renderError } from "../../../daemon/cli/renderError.ts";
import {
  BaseRed,
  ChecksNotApproved,
  exitCodeOf,
  InternalError,
  InvalidPlan,
  LeaseConflict,
  NotNow,
} from "../../../shared/contract/errors.ts";

describe("jsonError", () => {
  it("is one line with tag, message and the error's own fields", () => {
    const conflicts = [{ requested: "src/**", held: "src/a.ts", holder: "BlueLake" }];
    const line = jsonError(new LeaseConflict({ message: "held\nby another", conflicts, ahead: 0 }));
    expect(line).not.toContain("\n");
    expect(JSON.parse(line)).toEqual({
      error: { tag: "LeaseConflict", message: "held\nby another", conflicts, ahead: 0 },
    });
  });
});

describe("renderError", () => {
  it("is the sentence alone where there is nothing to add", () => {
    expect(renderError(new NotNow({ message: "Not while it lands." }))).toEqual(["Not while it lands."]);
  });

  it("lists all faults of a plan when there are several", () => {
    const faults = ["a", "b"].map((where) => ({ where, message: "is wrong", severity: "error" as const }));
    const warning = { where: "c", message: "is odd", severity: "warning" as const };
    const error = new InvalidPlan({ message: "Two faults.", faults: [...faults, warning] });
    expect(renderError(error)).toEqual(["Two faults.", "  a: is wrong", "  b: is wrong"]);
    expect(renderError(new InvalidPlan({ message: "One.", faults: faults.slice(0, 1) }))).toEqual(["One."]);
  });

  it("shows the end of what a red check printed, without its escapes, and no green one", () => {
    const output = Array.from({ length: 40 }, (_, n) => `\u001b[31mline ${n}\u001b[0m`).join("\n");
    const results = [
      { name: "test", passed: false, exitCode: 1, durationMs: 1, output },
      { name: "lint", passed: true, exitCode: 0, durationMs: 1, output: "fine" },
    ];
    const lines = renderError(new BaseRed({ message: "Red.", results }));
    expect(lines.slice(0, 4)).toEqual(["Red.", "  test:", "    …", "    line 25"]);
    expect(lines).toHaveLength(18);
  });

  it("shows the exact commands that wait for approval", () => {
    const check = {
      name: "test",
      argv: ["npm", "run", "test"],
      text: "npm run test\ntest: rm -rf x",
      hash: "h",
    };
    expect(renderError(new ChecksNotApproved({ message: "No.", checks: [check] }))).toEqual([
      "No.",
      "    npm run test",
      "      test: rm -rf x",
    ]);
  });

  it("says where to look after a defect, and shows no stack", () => {
    const lines = renderError(new InternalError({ message: "Something broke.", reference: "ab12" }));
    expect(lines.slice(0, 2)).toEqual(["Something broke.", "  Reference: ab12"]);
    expect(lines[2]).toMatch(/^ {2}The log: .*daemon\.log$/);
    const own = asAnyError(new TypeError("x is not a function"));
    expect(exitCodeOf[own._tag]).toBe(1);
    expect(renderError(own).join("\n")).not.toMatch(/\bat .*:\d+/);
  });
});
