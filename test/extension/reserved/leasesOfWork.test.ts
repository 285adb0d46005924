import { describe, expect, it } from "vitest";
import { leasesOfWork } from "../../../extension/reserved/leasesOfWork.ts";
import { lease, model } from "./views.ts";

const leases = [
  lease("cell", ["a"], { holder: "x.1", cell: "x.1", epic: "x" }),
  lease("epic", ["b"], { holder: "x", epic: "x" }),
  lease("hand", ["c"], { holder: "RedFox" }),
];
const touched = (change: {
  readonly agents?: ReadonlyArray<string>;
  readonly cells?: ReadonlyArray<string>;
}) =>
  [
    ...leasesOfWork(model({ leases }), { agents: new Set(change.agents), cells: new Set(change.cells) }),
  ].sort();

describe("leases that look otherwise, though they are the same", () => {
  it("are those of a cell or epic that changed", () => {
    expect(touched({ cells: ["x.1"] })).toEqual(["cell"]);
    expect(touched({ cells: ["x"] })).toEqual(["epic"]);
    expect(touched({ cells: ["y"] })).toEqual([]);
  });

  it("are those of cells when an agent came or went, and its own", () => {
    expect(touched({ agents: ["BlueLake"] })).toEqual(["cell"]);
    expect(touched({ agents: ["RedFox"] })).toEqual(["cell", "hand"]);
    expect(touched({})).toEqual([]);
  });
});
