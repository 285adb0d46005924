import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { terminalFilter } from "../../../extension/logs/terminalFilter.ts";

const whole = (text: string) => terminalFilter()(text);

describe("what an agent printed, in a terminal", () => {
  it("obeys no escape code and keeps the text", () => {
    expect(
      whole(
        "\u001b[31mred\u001b[0m \u001b]0;title\u0007plain\u001b]8;;command:x\u001b\\link\u001b]8;;\u001b\\",
      ),
    ).toBe("red plainlink");
    expect(whole("\u001b(Bletters\u001b7\u001bc\u001b[2J\u001b[H!")).toBe("letters!");
  });

  it("ends lines as a terminal wants them, however they were ended", () => {
    expect(whole("a\nb\r\nc\rd\te")).toBe("a\r\nb\r\nc\r\nd\te");
  });

  it("shows what follows a code that never ends, from the next line on", () => {
    expect(whole("\u001b]0;never ended\nshown \u001b[12\nalso")).toBe("\r\nshown \r\nalso");
  });

  it("drops characters that turn the direction of writing", () => {
    expect(whole("safe\u202efdp.exe\u2066\u200f\u0000\u009b31m")).toBe("safefdp.exe31m");
  });

  it("shows the same whatever pieces it arrives in", () => {
    const part = fc.constantFrom(
      "\u001b",
      "[",
      "]",
      "31",
      "m",
      ";",
      "\u0007",
      "\\",
      "\r",
      "\n",
      "text",
      "é",
      "😀",
      "\t",
      "(",
      "B",
      "\u009b",
      " ",
    );
    const cuts = fc.array(fc.nat(200), { maxLength: 8 });
    fc.assert(
      fc.property(fc.array(part, { maxLength: 40 }), cuts, (parts, places) => {
        const text = [...parts.join("")];
        const filter = terminalFilter();
        const ends = [...new Set([...places.map((place) => place % (text.length + 1)), text.length])].sort(
          (a, b) => a - b,
        );
        let from = 0;
        let shown = "";
        for (const end of ends) {
          shown += filter(text.slice(from, end).join(""));
          from = end;
        }
        expect(shown).toBe(whole(text.join("")));
      }),
    );
  });

  it("never lets through a character that a terminal obeys", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(whole(text)).not.toMatch(/[^\P{Cc}\n\r\t]/u);
      }),
    );
  });
});
