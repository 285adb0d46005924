/** Whatever an agent calls itself or prints, it stays text. */
import fc from "fast-check";
import { assert, describe, it } from "vitest";
import { asPlainText, forTerminal } from "../../../extension/text/sanitise.ts";

/** Texts that are mostly made of what is dangerous. */
const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "$(",
        "$",
        "(",
        "zap)",
        "[x]",
        "](",
        "]",
        "(command:y)",
        "\u001b",
        "\u001b[2J",
        "\u009b",
      ),
      fc.constantFrom(
        "\u001b]8;;http://x\u0007",
        "\u202e",
        "\u200b",
        "\u2060",
        "\n",
        "\r",
        "\t",
        "\0",
        "\u0007",
      ),
      fc.string({ unit: "binary" }),
    ),
  )
  .map((parts) => parts.join(""));

describe("plain text", () => {
  it.each([
    ["$(zap)[x](command:y)", "$\u2060(zap)[x]\u2060(command:y)"],
    ["two\nlines\tand more", "two lines and more"],
    ["\u001b[31mred\u001b[0m", "red"],
    ["\u001b]8;;http://example.com\u0007link\u001b]8;;\u0007", "link"],
    ["abc\u202egnp.exe", "abcgnp.exe"],
    ["  über ⟦x⟧ 世界 ", "über ⟦x⟧ 世界"],
  ])("of %j", (text, shown) => assert.strictEqual(asPlainText(text), shown));

  it("has no icon, no link, no second line and nothing unseen", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const shown = asPlainText(text);
        assert.notInclude(shown, "$(");
        assert.notInclude(shown, "](");
        assert.notMatch(shown, /\p{Cc}|[\u202a-\u202e\u2066-\u2069]/u);
      }),
    );
  });

  it("is cut between characters", () => {
    assert.strictEqual(asPlainText("😀".repeat(600), 10), `${"😀".repeat(9)}…`);
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 20 }), (text) => {
        assert.isAtMost([...asPlainText(text, 10)].length, 10);
      }),
    );
  });
});

describe("a terminal's text", () => {
  it("keeps its lines, and nothing that a terminal obeys", () => {
    assert.strictEqual(forTerminal("a\nb\r\nc\u001b[2J\u0007\td"), "a\r\nb\r\nc\td");
    fc.assert(
      fc.property(hostile, (text) => {
        assert.notMatch(forTerminal(text).replaceAll("\r\n", "\n"), /[^\P{Cc}\n\t]/u);
      }),
    );
  });
});
