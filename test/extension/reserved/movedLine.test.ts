import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { movedLine } from "../../../extension/reserved/movedLine.ts";

const change = (start: number, end: number, text: string) => ({
  range: { start: { line: start }, end: { line: end } },
  text,
});

describe("a line", () => {
  it.each([
    ["stays when text comes below", change(5, 5, "a\nb"), 3],
    ["stays when its own line is edited", change(3, 3, "x"), 3],
    ["goes down with lines above", change(1, 1, "a\nb\n"), 5],
    ["goes up when lines above go", change(0, 2, ""), 1],
    ["ends where a deletion that takes it began", change(1, 9, ""), 1],
  ])("%s", (_, one, expected) => {
    expect(movedLine(3, [one])).toBe(expected);
  });

  it("is where its text went, for edits of whole lines above it", () => {
    const edits = fc.array(fc.record({ at: fc.nat(9), remove: fc.nat(2), add: fc.nat(3) }), { maxLength: 8 });
    fc.assert(
      fc.property(edits, (all) => {
        const lines = [...Array.from({ length: 10 }, (_, n) => `line ${n}`), "marked"];
        let marked = 10;
        for (const { at, remove, add } of all) {
          if (at + remove >= lines.indexOf("marked")) continue;
          lines.splice(at, remove, ...Array.from({ length: add }, () => "new"));
          marked = movedLine(marked, [change(at, at + remove, "new\n".repeat(add))]);
        }
        expect(marked).toBe(lines.indexOf("marked"));
      }),
    );
  });
});
