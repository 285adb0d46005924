import { Result } from "effect";
import fc from "fast-check";
import { assert, describe, it } from "vitest";
import { patternIndex } from "../../../../daemon/coordination/reservations/patternIndex.ts";
import { intersects, parsePattern } from "../../../../shared/contract/pattern.ts";

const pattern = (text: string) => Result.getOrThrow(parsePattern(text));
const text = fc
  .array(fc.constantFrom("a", "b", "ab", "*", "a*", "*b", "?b", "{a,b}", "**"), {
    minLength: 1,
    maxLength: 4,
  })
  .map((parts) => parts.join("/"));

describe("patternIndex", () => {
  it("never misses a pattern that overlaps, and forgets what is removed", () => {
    fc.assert(
      fc.property(fc.array(text), fc.array(text), text, (kept, removed, wanted) => {
        const index = patternIndex<string>();
        for (const one of kept) index.add(pattern(one), `kept ${one}`);
        for (const one of removed) index.add(pattern(one), `removed ${one}`);
        for (const one of removed) index.remove(pattern(one), `removed ${one}`);
        const found = index.candidates(pattern(wanted));
        for (const one of kept)
          if (intersects(pattern(one), pattern(wanted))) assert.include([...found], `kept ${one}`);
        assert.isFalse([...index.candidates(pattern("**"))].some((one) => one.startsWith("removed")));
      }),
    );
  });

  it("leaves other folders aside", () => {
    const index = patternIndex<string>();
    const all = ["src/a/**", "src/b.ts", "test/**", "*.md", "**/b.ts", "**/*.tsx", "**/*b*"];
    for (const one of all) index.add(pattern(one), one);
    assert.sameMembers([...index.candidates(pattern("src/b.ts"))], ["src/b.ts", "**/b.ts", "**/*b*"]);
    assert.sameMembers([...index.candidates(pattern("x/y.tsx"))], ["**/*.tsx", "**/*b*"]);
    const others = all.filter((one) => one !== "test/**");
    assert.sameMembers([...index.candidates(pattern("src/**"))], others);
  });
});
