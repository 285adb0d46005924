import { describe, expect, it } from "vitest";
import { decideLockWarning, type EditFacts } from "../../../extension/reserved/decideLockWarning.ts";

/** The person types in a file of another for the first time. */
const typed: EditFacts = {
  mode: "editor",
  scheme: "file",
  live: true,
  lease: "lease1",
  warned: new Set(),
  hasChange: true,
  reason: "typing",
  isDirty: true,
  isSaving: false,
  isActiveEditor: true,
  isWindowFocused: true,
};

describe("the first edit in a reserved file", () => {
  it("is warned of, in the editor and in problems alike", () => {
    expect(decideLockWarning(typed)).toEqual({ warn: true, lease: "lease1" });
    expect(decideLockWarning({ ...typed, mode: "problems" })).toEqual({ warn: true, lease: "lease1" });
  });

  it("is warned of again for another lease", () => {
    expect(decideLockWarning({ ...typed, warned: new Set(["lease0"]) }).warn).toBe(true);
  });

  const against: ReadonlyArray<readonly [string, Partial<EditFacts>, string]> = [
    ["warnings are off", { mode: "off" }, "off"],
    ["the document is no file", { scheme: "vibe-commit" }, "foreign scheme"],
    ["nobody else holds it", { lease: undefined }, "not held by another"],
    ["the daemon is down", { live: false }, "daemon down"],
    ["it was warned of before", { warned: new Set(["lease1"]) }, "warned before"],
    ["nothing changed", { hasChange: false }, "no change"],
    ["it is an undo", { reason: "undo" }, "undo"],
    ["it is a redo", { reason: "redo" }, "redo"],
    ["the file was reloaded, checked out or landed", { isDirty: false }, "not dirty"],
    ["a formatter works while it is saved", { isSaving: true }, "saving"],
    ["it happens in another editor", { isActiveEditor: false }, "not the active editor"],
    ["the window is in the background", { isWindowFocused: false }, "window not focused"],
  ];

  it.each(against)("is not warned of when %s", (_, fact, because) => {
    expect(decideLockWarning({ ...typed, ...fact })).toEqual({ warn: false, because });
  });

  it("has a row above for every fact", () => {
    const covered = new Set(against.flatMap(([, fact]) => Object.keys(fact)));
    expect([...covered].sort()).toEqual(Object.keys(typed).sort());
  });
});
