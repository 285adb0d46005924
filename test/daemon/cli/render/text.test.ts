import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  clock,
  joinSpans,
  painter,
  plain,
  plainLines,
  shorten,
  widthOf,
} from "../../../../daemon/cli/render/text.ts";

const anyText = fc.string({ unit: "grapheme" });
const hostile = fc
  .array(
    fc.oneof(
      anyText,
      fc.constantFrom(
        "\u001b[2J",
        "\u001b]0;title\u0007",
        "\u009b31m",
        "\r",
        "\n",
        "\t",
        "\b",
        "\u202e",
        "\u0000",
      ),
    ),
  )
  .map((parts) => parts.join(""));

describe("plain", () => {
  it("leaves nothing that moves the cursor or turns the text round", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(plain(text)).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
      }),
    );
  });

  it("keeps what is text", () => {
    expect(plain("größe 日本 👩‍👩‍👧 a\tb")).toBe("größe 日本 👩‍👩‍👧 a b");
    expect(plain("\u001b[31mred\u001b[0m")).toBe("red");
  });

  it("keeps the lines of output apart and drops the empty end", () => {
    expect(plainLines("one\r\n\u001b[1mtwo\u001b[0m\n\n")).toEqual(["one", "two"]);
  });
});

describe("shorten", () => {
  it("never exceeds the width, and leaves what fits alone", () => {
    fc.assert(
      fc.property(hostile.map(plain), fc.integer({ min: 0, max: 40 }), (text, width) => {
        const short = shorten(text, width);
        expect(widthOf(short)).toBeLessThanOrEqual(width);
        if (widthOf(text) <= width) expect(short).toBe(text);
      }),
    );
  });

  it("counts wide characters as two columns", () => {
    expect(shorten("日本語", 5)).toBe("日本…");
    expect(shorten("日本語", 4)).toBe("日…");
  });
});

describe("joinSpans", () => {
  it("cuts by visible width, never inside an escape sequence", () => {
    const spans = [{ text: "abc", style: "red" as const }, { text: "defgh" }];
    expect(joinSpans(spans, 6, painter(true))).toBe("\u001b[31mabc\u001b[39mde…");
    expect(joinSpans(spans, 6, painter(false))).toBe("abcde…");
  });
});

describe("clock", () => {
  it("reads like a stop watch", () => {
    expect([0, 7_900, 760_000, 3_723_000, -5].map(clock)).toEqual([
      "0:00",
      "0:07",
      "12:40",
      "1:02:03",
      "0:00",
    ]);
  });
});
