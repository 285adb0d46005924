import { matchesGlob } from "node:path/posix";
import { Result } from "effect";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  intersects,
  matches,
  type Pattern,
  type PatternOptions,
  parsePattern,
  witness,
} from "../../../shared/contract/pattern.ts";

const pattern = (text: string, options?: PatternOptions): Pattern => {
  const result = parsePattern(text, options);
  if (Result.isFailure(result)) throw new Error(result.failure.message);
  return result.success;
};
const refusal = (text: string): string => {
  const result = parsePattern(text);
  return Result.isFailure(result) ? result.failure.message : `accepted as ${result.success.text}`;
};

describe("matching", () => {
  it.each([
    ["src/a.ts", "src/a.ts", true],
    ["./src//a.ts", "src/a.ts", true],
    ["README.md", "docs/README.md", false],
    ["src/*", "src/a.ts", true],
    ["src/*", "src/x/a.ts", false],
    ["src/*", "src/.env", true],
    ["src/**", "src/x/a.ts", true],
    ["src/**", "src", false],
    ["src/", "src/x/a.ts", true],
    ["src/", "src", true],
    ["src/", "src2/a", false],
    ["**", "a", true],
    ["**/a", "a", true],
    ["a/**/b", "a/b", true],
    ["a/**/b", "a/x/y/b", true],
    ["a/**/b", "a/x/y/c", false],
    ["{src,test/unit}/*.ts", "test/unit/a.ts", true],
    ["{src/,}a", "a", true],
    ["{a,{b,c}d}", "cd", true],
    ["{a}", "{a}", true],
    ["{a", "{a", true],
    ["a,b", "a,b", true],
    ["app/[slug]/page.tsx", "app/[slug]/page.tsx", true],
    ["app/[slug]/page.tsx", "app/s/page.tsx", false],
    ["(group)/@modal/+page!.ts", "(group)/@modal/+page!.ts", true],
    ["a\\*b", "a*b", true],
    ["a\\*b", "axb", false],
    ["a?b", "a😀b", true],
    ["?", "/", false],
    ["*", "..", false],
    ["caf\u00e9/*", "cafe\u0301/x", true],
    ["src/a.ts", "SRC/a.ts", false],
  ])("%s and %s: %s", (text, path, expected) => {
    expect(matches(pattern(text), path)).toBe(expected);
  });

  it("folds case for a root that does", () => {
    expect(matches(pattern("SRC/*.TS", { caseInsensitive: true }), "src/ä.ts")).toBe(true);
    expect(intersects(pattern("SRC/A", { caseInsensitive: true }), pattern("src/a"))).toBe(true);
    expect(matches(pattern("stra?e", { caseInsensitive: true }), "STRAßE")).toBe(true);
  });

  it("agrees with Node on what both know", () => {
    const subset = fc
      .array(fc.constantFrom("a", "b", "?", "*", "a*", "*b", "a?", "{a,b}", "{ab,b*}c", "**"), {
        minLength: 1,
        maxLength: 4,
      })
      .map((parts) => parts.join("/"));
    const path = fc
      .array(fc.constantFrom("a", "b", "ab", "bc", "abc", "ba"), { minLength: 1, maxLength: 4 })
      .map((names) => names.join("/"));
    fc.assert(
      fc.property(subset, path, (text, at) => {
        expect(matches(pattern(text), at)).toBe(matchesGlob(at, text));
      }),
      { numRuns: 5000 },
    );
  });
});

describe("the base", () => {
  const folders = ["src", "app/{x,y}", "a,b"];
  const files = ["app/[slug]/page.tsx", "we*ird", "back\\slash", "src/a.ts"];
  const base: PatternOptions = {
    isDirectory: (path) => folders.includes(path),
    exists: (path) => folders.includes(path) || files.includes(path),
  };

  it("makes the name of a folder everything below it", () => {
    expect(matches(pattern("src", base), "src/x/y")).toBe(true);
    expect(matches(pattern("src"), "src/x/y")).toBe(false);
    expect(pattern("src", base).text).toBe("src/");
    expect(pattern("{src,README.md}", base).text).toBe("{src/,README.md}");
    expect(matches(pattern("{src,README.md}", base), "src/a")).toBe(true);
  });

  it("makes the name of anything there literal", () => {
    expect(matches(pattern("we*ird", base), "we*ird")).toBe(true);
    expect(matches(pattern("we*ird", base), "weXird")).toBe(false);
    expect(matches(pattern("app/{x,y}", base), "app/{x,y}/z")).toBe(true);
    expect(matches(pattern("back\\slash", base), "back\\slash")).toBe(true);
  });

  it("is frozen in the text", () => {
    for (const text of [...folders, ...files, "{src,a\\,b}", "{src,app/*,**}", "src/", "\\*x", "x/**"]) {
      const first = pattern(text, base);
      expect(pattern(first.text).alternatives, first.text).toEqual(first.alternatives);
    }
  });
});

describe("refusals", () => {
  it.each([
    ["", "is empty"],
    ["/etc/passwd", "is absolute"],
    ["{a,/b}", "is absolute"],
    ["C:/x", "is absolute"],
    ["{C:x,b}", "is absolute"],
    ["../x", 'leaves the repository with ".."'],
    ["a/{b,..}/c", 'leaves the repository with ".."'],
    [".", "names the repository's root"],
    ["{,a}", "names the repository's root"],
    ["a\\", "ends in a backslash"],
    ["src\\a.ts", "write / between folders"],
    ["a**", "** stands for whole segments"],
    ["a/***", "** stands for whole segments"],
    ["a\0b", "has a NUL"],
    ["x".repeat(4097), "is longer than 4096 bytes"],
    ["{a,b}".repeat(9), "more than 256 alternatives"],
    ["{".repeat(2000) + "a,b}".repeat(500), "more than 256 alternatives"],
  ])("%j %s", (text, why) => {
    expect(refusal(text)).toContain(why);
    expect(refusal(text)).toContain("The pattern");
  });

  it("never throws", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."ab/.*?{},\\[é"), maxLength: 30 }), (text) => {
        const result = parsePattern(text);
        if (Result.isSuccess(result)) expect(pattern(result.success.text)).toEqual(result.success);
      }),
      { numRuns: 3000 },
    );
  });
});

/** The same dialect told by a regular expression, for patterns whose braces hold no slash. */
const oracle = (text: string): RegExp => {
  const parts = text.split("/");
  const source = parts.map((part, at) => {
    const isLast = at === parts.length - 1;
    if (part === "**") return isLast ? "[^/]+(?:/[^/]+)*" : "(?:[^/]+/)*";
    const one = part.replace(/[.*?{},]/g, (mark) => {
      const is = { ".": "\\.", "*": "[^/]*", "?": "[^/]", "{": "(?:", "}": ")", ",": "|" } as Record<
        string,
        string
      >;
      return is[mark] ?? mark;
    });
    return isLast ? `(?=[^/])${one}` : `(?=[^/])${one}/`;
  });
  return new RegExp(`^${source.join("")}$`);
};

const names = (() => {
  const found: Array<string> = [];
  const grow = (text: string) => {
    if (text !== "" && text !== "." && text !== "..") found.push(text);
    if (text.length < 3) for (const character of ["a", "b", "."]) grow(text + character);
  };
  grow("");
  return found;
})();
const paths = names.flatMap((a) => [a, ...names.map((b) => `${a}/${b}`)]);
const deep = ["a/a/a", "a/b/a", "b/a/b", "a/a/a/a", "b/b/.a/ab", "ab/a/.b/a", "..a/a/b"];

const part = fc.oneof(
  { weight: 1, arbitrary: fc.constant("**") },
  {
    weight: 4,
    arbitrary: fc
      .array(fc.constantFrom("a", "b", ".", "?", "*", "{a,b}", "{a*,.b}"), { minLength: 1, maxLength: 4 })
      .map((tokens) => tokens.join("")),
  },
);
const small = fc
  .array(part, { minLength: 1, maxLength: 4 })
  .map((parts) => parts.filter((one, at) => one !== "**" || parts[at - 1] !== "**").join("/"))
  .filter(
    (text) => Result.isSuccess(parsePattern(text)) && text.split("/").every((one) => !/^\.*$/.test(one)),
  );

describe("intersection", () => {
  it.each([
    ["src/**", "src/a.ts", true],
    ["src/a.ts", "src/**", true],
    ["src/", "src", true],
    ["*.ts", "a.*", true],
    ["src/*.ts", "src/*.js", false],
    ["**/a", "b/**", true],
    ["a/**", "**/b/c", true],
    ["a/**", "b/**", false],
    ["?.", ".*", false],
    ["?.", "*.*", true],
    ["??", ".*", true],
    [".?", "?.", false],
    ["a?c", "?b?", true],
    ["*a*", "*b*", true],
    ["a*b", "ab*c", false],
    ["a*bc", "ab*c", true],
    ["{a,b}/x", "{b,c}/*", true],
    ["{a,b}/x", "{c,d}/*", false],
  ])("%s and %s: %s", (left, right, expected) => {
    expect(intersects(pattern(left), pattern(right))).toBe(expected);
  });

  it("is exact, symmetric, and shows a path", () => {
    let meeting = 0;
    fc.assert(
      fc.property(small, small, (left, right) => {
        const [a, b] = [pattern(left), pattern(right)];
        const shown = witness(a, b);
        expect(intersects(b, a)).toBe(shown !== undefined);
        if (shown === undefined) {
          const [inA, inB] = [oracle(left), oracle(right)];
          expect([...paths, ...deep].filter((path) => inA.test(path) && inB.test(path))).toEqual([]);
          return;
        }
        meeting++;
        expect(oracle(left).test(shown) && oracle(right).test(shown), shown).toBe(true);
        expect(shown.split("/")).not.toContain("..");
        expect(matches(a, shown) && matches(b, shown)).toBe(true);
      }),
      { numRuns: 20_000 },
    );
    // Both answers have to be common for this to mean anything.
    expect(meeting).toBeGreaterThan(3000);
    expect(meeting).toBeLessThan(17_000);
  });

  it("matches what the oracle matches", () => {
    fc.assert(
      fc.property(small, (text) => {
        const expected = oracle(text);
        const compiled = pattern(text);
        for (const path of deep.concat(paths.slice(0, 300)))
          expect(matches(compiled, path)).toBe(expected.test(path));
      }),
      { numRuns: 300 },
    );
  });

  it("does not blow up", () => {
    const nasty = pattern(`${"*a".repeat(800)}/${"**/*a/".repeat(200)}b`);
    const other = pattern(`${"a*".repeat(800)}/${"**/a*/".repeat(200)}c`);
    expect(intersects(nasty, other)).toBe(false);
    expect(matches(nasty, `${"a".repeat(1600)}/${"aa/".repeat(600)}c`)).toBe(false);
  });
});
