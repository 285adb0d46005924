/**
 * Many patterns as one tree of their segments, walked once for a path: the editor asks for every file that it shows,
 * on the thread that runs all extensions, and a walk costs about as much with 10,000 patterns as with ten. It is
 * exact, so nothing is compared a second time. What a pattern means is `shared/contract/pattern.ts`'s to say.
 */
import type { PathElement } from "../../shared/contract/pattern.ts";
import { anyRun, type Segment, segmentWitness, textOf } from "../../shared/contract/patternSegment.ts";

export interface PatternTree<A> {
  readonly add: (elements: ReadonlyArray<PathElement>, value: A) => void;
  readonly remove: (elements: ReadonlyArray<PathElement>, value: A) => void;
  /** Everything whose elements match the whole path. */
  readonly find: (path: ReadonlyArray<Segment>) => ReadonlySet<A>;
}

interface Node<A> {
  /** Below a `**`: it takes any number of segments. */
  readonly loops: boolean;
  readonly names: Map<string, Node<A>>;
  /** Segments with wildcards, by the characters that all of their names end in: most are ruled out by these. */
  readonly wild: Map<string, Map<string, readonly [Segment, Node<A>]>>;
  deep: Node<A> | undefined;
  readonly here: Set<A>;
}

export const patternTree = <A>(): PatternTree<A> => {
  const root = node<A>(false);
  return {
    add: (elements, value) => {
      let at = root;
      for (const element of elements) at = child(at, element) ?? grow(at, element);
      at.here.add(value);
    },
    remove: (elements, value) => {
      const way = [root];
      for (const element of elements) {
        const next = child(way.at(-1) as Node<A>, element);
        if (next === undefined) return;
        way.push(next);
      }
      way.at(-1)?.here.delete(value);
      for (let depth = elements.length; depth > 0 && isEmpty(way[depth] as Node<A>); depth--)
        cut(way[depth - 1] as Node<A>, elements[depth - 1] as PathElement);
    },
    find: (path) => {
      let current = new Set<Node<A>>();
      enter(root, current);
      for (const name of path) {
        const next = new Set<Node<A>>();
        for (const at of current) step(at, name, next);
        if (next.size === 0) return new Set();
        current = next;
      }
      const found = new Set<A>();
      for (const at of current) for (const value of at.here) found.add(value);
      return found;
    },
  };
};

const node = <A>(loops: boolean): Node<A> => ({
  loops,
  names: new Map(),
  wild: new Map(),
  deep: undefined,
  here: new Set(),
});

const child = <A>(at: Node<A>, element: PathElement): Node<A> | undefined => {
  if (element === "**") return at.deep;
  if (element.literal !== undefined) return at.names.get(element.literal);
  return at.wild.get(ending(element))?.get(keyOf(element))?.[1];
};

const grow = <A>(at: Node<A>, element: PathElement): Node<A> => {
  const next = node<A>(element === "**");
  if (element === "**") at.deep = next;
  else if (element.literal !== undefined) at.names.set(element.literal, next);
  else {
    const shelf = at.wild.get(ending(element)) ?? new Map();
    at.wild.set(ending(element), shelf.set(keyOf(element), [element, next]));
  }
  return next;
};

const cut = <A>(at: Node<A>, element: PathElement): void => {
  if (element === "**") at.deep = undefined;
  else if (element.literal !== undefined) at.names.delete(element.literal);
  else {
    const shelf = at.wild.get(ending(element));
    shelf?.delete(keyOf(element));
    if (shelf?.size === 0) at.wild.delete(ending(element));
  }
};

const isEmpty = <A>(at: Node<A>): boolean =>
  at.here.size === 0 && at.names.size === 0 && at.wild.size === 0 && at.deep === undefined;

const keyOf = ({ tokens }: Segment): string => tokens.join(" ");

const ending = ({ tokens }: Segment): string =>
  textOf(tokens.slice(tokens.findLastIndex((token) => token < 0) + 1));

/** A `**` may stand for no segment at all. */
const enter = <A>(at: Node<A>, into: Set<Node<A>>): void => {
  into.add(at);
  if (at.deep !== undefined && !into.has(at.deep)) enter(at.deep, into);
};

const step = <A>(at: Node<A>, name: Segment, into: Set<Node<A>>): void => {
  if (at.loops) enter(at, into);
  const text = name.literal as string;
  const exact = at.names.get(text);
  if (exact !== undefined) enter(exact, into);
  if (at.wild.size === 0) return;
  // By the end of the name where there are many endings, else one after the other.
  if (at.wild.size > text.length) {
    for (let from = 0; from <= text.length; from++) tryAll(at.wild.get(text.slice(from)), name, into);
  } else {
    for (const [end, shelf] of at.wild) if (text.endsWith(end)) tryAll(shelf, name, into);
  }
};

const tryAll = <A>(
  shelf: ReadonlyMap<string, readonly [Segment, Node<A>]> | undefined,
  name: Segment,
  into: Set<Node<A>>,
): void => {
  if (shelf === undefined) return;
  for (const [segment, next] of shelf.values()) {
    const isAny = segment.tokens.length === 1 && segment.tokens[0] === anyRun;
    if (!into.has(next) && (isAny || segmentWitness(segment, name) !== undefined)) enter(next, into);
  }
};
