/** Where in a plan's text its faults are: each at the JSON value that it is about, with the values it clashes with. */
import { findNodeAtLocation, type JSONPath, type Node, parseTree } from "jsonc-parser";
import type { PlanFault } from "../../shared/contract/plan.ts";

export interface Place {
  readonly offset: number;
  readonly length: number;
}

export interface PlacedFault extends Place {
  readonly message: string;
  readonly severity: PlanFault["severity"];
  /** The other places, each with what stands there. */
  readonly related: ReadonlyArray<Place & { readonly path: string }>;
}

export const placeFaults = (text: string, faults: ReadonlyArray<PlanFault>): ReadonlyArray<PlacedFault> => {
  const root = parseTree(text);
  return faults.map((fault) => {
    const [first = [], ...others] = fault.at ?? [];
    return {
      ...placeOf(root, text, first),
      message: fault.where === "plan" ? fault.message : `${fault.where}: ${fault.message}`,
      severity: fault.severity,
      related: others.map((path) => ({ ...placeOf(root, text, path), path: written(path) })),
    };
  });
};

/** Of something that is missing, the nearest thing around it that is there. */
const placeOf = (root: Node | undefined, text: string, path: ReadonlyArray<string | number>): Place => {
  if (root === undefined) return { offset: 0, length: Math.min(1, text.length) };
  for (let length = path.length; length > 0; length--) {
    const found = findNodeAtLocation(root, path.slice(0, length) as JSONPath);
    if (found !== undefined) return named(found, length === path.length);
  }
  return named(root, path.length === 0);
};

/**
 * A value stands for itself while it is short. Of one with others in it the name is marked, or its opening bracket: a
 * line below half of the document would say nothing.
 */
const named = (node: Node, isItself: boolean): Place => {
  const isLeaf = node.type !== "object" && node.type !== "array";
  if (isLeaf || (isItself && (node.children ?? []).length === 0))
    return { offset: node.offset, length: node.length };
  const [key] = node.parent?.type === "property" ? (node.parent.children ?? []) : [];
  if (key !== undefined) return { offset: key.offset, length: key.length };
  const title = node.type === "object" ? findNodeAtLocation(node, ["title"]) : undefined;
  if (title !== undefined) return { offset: title.offset, length: title.length };
  return { offset: node.offset, length: 1 };
};

const written = (path: ReadonlyArray<string | number>): string =>
  path
    .map((key) => (typeof key === "number" ? `[${key}]` : `.${key}`))
    .join("")
    .replace(/^\./, "");
