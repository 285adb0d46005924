import { Result } from "effect";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { leaseLookup } from "../../../extension/reserved/LeaseLookup.ts";
import { matches, type Pattern, parsePattern } from "../../../shared/contract/pattern.ts";
import type { LeaseView } from "../../../shared/contract/reservationRoutes.ts";
import { lease, leasesOf } from "./views.ts";

const lookup = (...leases: ReadonlyArray<LeaseView>) => {
  const made = leaseLookup(false);
  made.update(leasesOf(...leases));
  return made;
};
const ids = (leases: ReadonlyArray<LeaseView>) => leases.map((one) => one.lease);

const read = (text: string, caseInsensitive: boolean): Pattern => {
  const pattern = parsePattern(text, { caseInsensitive });
  if (Result.isFailure(pattern)) throw new Error(pattern.failure.message);
  return pattern.success;
};

const segment = fc
  .array(fc.constantFrom("a", "b", "A", ".", "?", "*", "{a,b}", "{a*,.b}", "é", "😀"), {
    minLength: 1,
    maxLength: 4,
  })
  .map((tokens) => tokens.join(""));
const pattern = fc
  .array(fc.oneof({ weight: 2, arbitrary: fc.constant("**") }, { weight: 5, arbitrary: segment }), {
    minLength: 1,
    maxLength: 5,
  })
  .chain((parts) => fc.constantFrom(parts.join("/"), `${parts.join("/")}/`))
  .filter((text) => Result.isSuccess(parsePattern(text)));
const name = fc
  .array(fc.constantFrom("a", "b", "A", ".", "e\u0301", "😀", "ab"), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join(""));
const path = fc.array(name, { minLength: 1, maxLength: 5 }).map((names) => names.join("/"));
/** `.` and `..` are no names, and what they are in is no path below the root. */
const realPath = path.filter((text) => !text.split("/").some((one) => one === "." || one === ".."));

describe("the look-up of a file", () => {
  it.each([
    ["src/a.ts", "src/a.ts", true],
    ["src/a.ts", "src/A.ts", false],
    ["src/", "src/x/y.ts", true],
    ["src/**", "src", false],
    ["**/a.ts", "a.ts", true],
    ["**/a.ts", "x/y/a.ts", true],
    ["src/*/a?.ts", "src/x/ab.ts", true],
    ["src/*/a?.ts", "src/x/y/ab.ts", false],
    ["app/[slug]/page.tsx", "app/[slug]/page.tsx", true],
    ["caf\u00e9/*", "cafe\u0301/x", true],
    ["a", "../a", false],
    ["**", "", false],
  ])("%s and %s: %s", (text, at, expected) => {
    expect(lookup(lease("one", [text])).ofFile(at).length > 0).toBe(expected);
  });

  it("agrees with the contract for every path and set of leases, through every change of them", () => {
    const held = fc.array(fc.array(pattern, { minLength: 1, maxLength: 3 }), { maxLength: 8 });
    fc.assert(
      fc.property(
        fc.array(held, { minLength: 1, maxLength: 4 }),
        fc.array(path, { minLength: 1, maxLength: 20 }),
        fc.boolean(),
        (states, paths, folds) => {
          const made = leaseLookup(folds);
          for (const state of states) {
            const leases = state.map((patterns, at) => lease(`lease${at}`, patterns, { token: at }));
            made.update(leasesOf(...leases));
            const patterns = state.map((texts) => texts.map((text) => read(text, folds)));
            for (const at of paths) {
              const expected = leases.filter((_, index) => patterns[index]?.some((one) => matches(one, at)));
              expect(ids(made.ofFile(at)), at).toEqual(ids(expected));
            }
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it("tells the oldest first", () => {
    const made = lookup(lease("late", ["a"], { token: 9 }), lease("early", ["*"], { token: 2 }));
    expect(ids(made.ofFile("a"))).toEqual(["early", "late"]);
  });

  it("passes over a pattern that it does not understand", () => {
    const made = lookup(lease("one", ["../x", "a"]));
    expect(ids(made.ofFile("a"))).toEqual(["one"]);
  });
});

describe("the look-up of a folder", () => {
  it.each([
    ["src/", "src", true],
    ["src/", "src/x", true],
    ["src/**", "src", true],
    ["src/**", "src/x", true],
    ["src/**", "other", false],
    ["src/*", "src", false],
    ["src/*", "src/x", false],
    ["src/a.ts", "src", false],
    ["src/**/x/", "src/y/x", true],
    ["src/**/x/", "src/y", false],
    ["**", "", true],
    ["**", "src", true],
    ["src/", "", false],
  ])("%s and %s: %s", (text, at, expected) => {
    expect(lookup(lease("one", [text])).ofFolder(at).length > 0).toBe(expected);
  });

  it("says so only where every path below is covered", () => {
    fc.assert(
      fc.property(
        pattern,
        path,
        fc.array(realPath, { minLength: 1, maxLength: 10 }),
        (text, folder, below) => {
          if (lookup(lease("one", [text])).ofFolder(folder).length === 0) return;
          const covers = read(text, false);
          for (const at of below) expect(matches(covers, `${folder}/${at}`), at).toBe(true);
        },
      ),
      { numRuns: 3000 },
    );
  });
});

describe("what a change touches", () => {
  const a = lease("a", ["src/a.ts"]);
  const b = lease("b", ["lib/"]);

  it("is nothing when nothing changed", () => {
    const made = lookup(a, b);
    expect(made.update(leasesOf(a, b))).toBeUndefined();
  });

  it("is what came, what went, and what says something else", () => {
    const made = lookup(a, b);
    const came = made.update(leasesOf(a, b, lease("c", ["*.md"])));
    expect([came?.("README.md"), came?.("src/a.ts"), came?.("lib")]).toEqual([true, false, false]);
    const went = made.update(leasesOf(a, b));
    expect([went?.("README.md"), went?.("src/a.ts")]).toEqual([true, false]);
    const renewed = made.update(leasesOf(a, { ...b, expiresAt: "2026-11-21T15:42:00.000Z" }));
    expect([renewed?.("lib"), renewed?.("lib/x"), renewed?.("src/a.ts")]).toEqual([true, true, false]);
    const moved = made.update(leasesOf({ ...a, patterns: ["src/b.ts"] }, b));
    expect([moved?.("src/a.ts"), moved?.("src/b.ts")]).toEqual([true, true]);
  });

  it("includes whatever is held by another than before", () => {
    const states = fc.array(fc.dictionary(fc.constantFrom("p", "q", "r"), pattern), {
      minLength: 2,
      maxLength: 5,
    });
    fc.assert(
      fc.property(states, fc.array(path, { minLength: 1, maxLength: 10 }), (each, paths) => {
        const made = leaseLookup(false);
        const shown = () => paths.map((at) => JSON.stringify([made.ofFile(at), made.ofFolder(at)]));
        for (const state of each) {
          const before = shown();
          const touched = made.update(
            leasesOf(...Object.entries(state).map(([id, text]) => lease(id, [text]))),
          );
          for (const [index, after] of shown().entries())
            if (after !== before[index]) expect(touched?.(paths[index] as string)).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("is everything when very much changed", () => {
    const made = leaseLookup(false);
    const leases = Array.from({ length: 2000 }, (_, n) => lease(`l${n}`, [`src/${n}.ts`]));
    expect(made.update(leasesOf(...leases))?.("unrelated")).toBe(true);
  });

  it("covers the files of named leases", () => {
    const made = lookup(a, b);
    const covered = made.coveredBy(new Set(["b", "gone"]));
    expect([covered?.("lib/x"), covered?.("src/a.ts")]).toEqual([true, false]);
    expect(made.coveredBy(new Set())).toBeUndefined();
  });
});
