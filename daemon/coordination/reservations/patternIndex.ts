/**
 * Finds, among many patterns, the few that may overlap a given one, by the folders that a pattern begins with.
 * What it returns is a superset: the caller compares exactly.
 */
import type { PathElement, Pattern } from "../../../shared/contract/pattern.ts";

interface Node<A> {
  readonly below: Map<string, Node<A>>;
  /** Values of patterns whose literal beginning ends here. */
  readonly here: Set<A>;
}

export interface PatternIndex<A> {
  readonly add: (pattern: Pattern, value: A) => void;
  readonly remove: (pattern: Pattern, value: A) => void;
  readonly candidates: (pattern: Pattern) => ReadonlySet<A>;
}

export const patternIndex = <A>(): PatternIndex<A> => {
  const root: Node<A> = { below: new Map(), here: new Set() };

  const add = (pattern: Pattern, value: A) => {
    for (const alternative of pattern.alternatives) {
      let node = root;
      for (const name of beginning(alternative)) {
        const next = node.below.get(name) ?? { below: new Map(), here: new Set() };
        node.below.set(name, next);
        node = next;
      }
      node.here.add(value);
    }
  };

  const remove = (pattern: Pattern, value: A) => {
    for (const alternative of pattern.alternatives) {
      const names = beginning(alternative);
      const path = [root];
      for (const name of names) {
        const next = path.at(-1)?.below.get(name);
        if (next === undefined) break;
        path.push(next);
      }
      if (path.length !== names.length + 1) continue;
      path.at(-1)?.here.delete(value);
      for (let at = names.length; at > 0; at--) {
        const node = path[at] as Node<A>;
        if (node.here.size > 0 || node.below.size > 0) break;
        path[at - 1]?.below.delete(names[at - 1] as string);
      }
    }
  };

  const candidates = (pattern: Pattern) => {
    const found = new Set<A>();
    for (const alternative of pattern.alternatives) {
      const names = beginning(alternative);
      let node: Node<A> | undefined = root;
      for (const name of names) {
        for (const value of node.here) found.add(value);
        node = node.below.get(name);
        if (node === undefined) break;
      }
      if (node === undefined) continue;
      if (names.length === alternative.length) for (const value of node.here) found.add(value);
      else collect(node, found);
    }
    return found;
  };

  return { add, remove, candidates };
};

const beginning = (alternative: ReadonlyArray<PathElement>): ReadonlyArray<string> => {
  const names: Array<string> = [];
  for (const element of alternative) {
    if (element === "**" || element.literal === undefined) break;
    names.push(element.literal);
  }
  return names;
};

const collect = <A>(node: Node<A>, into: Set<A>): void => {
  for (const value of node.here) into.add(value);
  for (const next of node.below.values()) collect(next, into);
};
