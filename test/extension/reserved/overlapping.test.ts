import { describe, expect, it } from "vitest";
import { overlapping } from "../../../extension/reserved/overlapping.ts";
import { lease, leasesOf } from "./views.ts";

const leases = leasesOf(
  lease("deep", ["src/x/a.ts"], { token: 3 }),
  lease("wild", ["**/*.ts"], { token: 1 }),
  lease("other", ["lib/", "docs/x.md"], { token: 2 }),
);
const ids = (...wanted: ReadonlyArray<string>) => overlapping(leases, wanted, false).map((one) => one.lease);

describe("who is in the way of a wish", () => {
  it("is whoever shares a path with it, the oldest first", () => {
    expect(ids("src/")).toEqual(["wild", "deep"]);
    expect(ids("src/y.ts")).toEqual(["wild"]);
    expect(ids("docs/", "README.md")).toEqual(["wild", "other"]);
    expect(ids("docs/*.md")).toEqual(["other"]);
    expect(ids("README.md")).toEqual([]);
    expect(ids("**")).toEqual(["wild", "other", "deep"]);
  });
});
