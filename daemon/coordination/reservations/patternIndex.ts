/**
 * Finds, among many patterns, the few that may overlap a given one. What it returns is a superset: the caller
 * compares exactly.
 *
 * A pattern is filed under the folders that it begins with. One that begins with a wildcard is filed under a name
 * that every path of its must contain (`**` + `/money.ts`), else under the end of the last name (`**` + `/*.sql`),
 * so that a look-up for one path touches none of the others.
 */
import type { PathElement, Pattern } from "../../../shared/contract/pattern.ts";
import { type Segment, textOf } from "../../../shared/contract/patternSegment.ts";

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
  const byName = shelf<A>();
  const byEnding = shelf<A>();
  const anywhere = new Set<A>();

  const rootless = (alternative: ReadonlyArray<PathElement>): Place<A> => {
    const name = alternative.findLast(isLiteral)?.literal;
    if (name !== undefined) return { shelf: byName, key: name };
    const last = alternative.at(-1);
    const end = last === undefined || last === "**" ? "" : ending(last);
    return end === "" ? undefined : { shelf: byEnding, key: end };
  };

  const add = (pattern: Pattern, value: A) => {
    for (const alternative of pattern.alternatives) {
      const names = beginning(alternative);
      if (names.length > 0) file(root, names, value);
      else {
        const place = rootless(alternative);
        if (place === undefined) anywhere.add(value);
        else place.shelf.add(place.key, value);
      }
    }
  };

  const remove = (pattern: Pattern, value: A) => {
    for (const alternative of pattern.alternatives) {
      const names = beginning(alternative);
      if (names.length > 0) unfile(root, names, value);
      else {
        const place = rootless(alternative);
        if (place === undefined) anywhere.delete(value);
        else place.shelf.remove(place.key, value);
      }
    }
  };

  const candidates = (pattern: Pattern) => {
    const found = new Set<A>(anywhere);
    for (const alternative of pattern.alternatives) {
      under(root, alternative, found);
      if (alternative.every(isLiteral)) {
        const names = alternative.map((element) => element.literal);
        for (const name of names) byName.get(name, found);
        const last = names.at(-1) ?? "";
        for (const length of byEnding.lengths()) byEnding.get(last.slice(-length), found);
      } else {
        byName.all(found);
        byEnding.all(found);
      }
    }
    return found;
  };

  return { add, remove, candidates };
};

type Place<A> = { readonly shelf: Shelf<A>; readonly key: string } | undefined;
type Shelf<A> = ReturnType<typeof shelf<A>>;

const shelf = <A>() => {
  const sets = new Map<string, Set<A>>();
  /** How many keys have this length. */
  const lengths = new Map<number, number>();
  const count = (key: string, by: number) => {
    const left = (lengths.get(key.length) ?? 0) + by;
    if (left === 0) lengths.delete(key.length);
    else lengths.set(key.length, left);
  };
  return {
    add: (key: string, value: A) => {
      const set = sets.get(key);
      if (set !== undefined) return void set.add(value);
      sets.set(key, new Set([value]));
      count(key, 1);
    },
    remove: (key: string, value: A) => {
      const set = sets.get(key);
      if (set?.delete(value) !== true || set.size > 0) return;
      sets.delete(key);
      count(key, -1);
    },
    get: (key: string, into: Set<A>) => {
      for (const value of sets.get(key) ?? []) into.add(value);
    },
    all: (into: Set<A>) => {
      for (const set of sets.values()) for (const value of set) into.add(value);
    },
    lengths: () => lengths.keys(),
  };
};

const isLiteral = (element: PathElement): element is Segment & { readonly literal: string } =>
  element !== "**" && element.literal !== undefined;

const beginning = (alternative: ReadonlyArray<PathElement>): ReadonlyArray<string> => {
  const end = alternative.findIndex((element) => !isLiteral(element));
  const names = end === -1 ? alternative : alternative.slice(0, end);
  return names.filter(isLiteral).map((element) => element.literal);
};

/** The characters that every name of a segment ends in. */
const ending = ({ tokens }: Segment): string =>
  textOf(tokens.slice(tokens.findLastIndex((token) => token < 0) + 1));

const file = <A>(root: Node<A>, names: ReadonlyArray<string>, value: A) => {
  let node = root;
  for (const name of names) {
    const next = node.below.get(name) ?? { below: new Map(), here: new Set() };
    node.below.set(name, next);
    node = next;
  }
  node.here.add(value);
};

const unfile = <A>(root: Node<A>, names: ReadonlyArray<string>, value: A) => {
  const path = [root];
  for (const name of names) {
    const next = path.at(-1)?.below.get(name);
    if (next === undefined) return;
    path.push(next);
  }
  path.at(-1)?.here.delete(value);
  for (let at = names.length; at > 0; at--) {
    const node = path[at] as Node<A>;
    if (node.here.size > 0 || node.below.size > 0) return;
    path[at - 1]?.below.delete(names[at - 1] as string);
  }
};

/** Whatever is filed on the way to a pattern's beginning and, if it goes on with a wildcard, below that. */
const under = <A>(root: Node<A>, alternative: ReadonlyArray<PathElement>, into: Set<A>) => {
  const names = beginning(alternative);
  let node: Node<A> | undefined = root;
  for (const name of names) {
    for (const value of node.here) into.add(value);
    node = node.below.get(name);
    if (node === undefined) return;
  }
  if (names.length === alternative.length) for (const value of node.here) into.add(value);
  else collect(node, into);
};

const collect = <A>(node: Node<A>, into: Set<A>): void => {
  for (const value of node.here) into.add(value);
  for (const next of node.below.values()) collect(next, into);
};
