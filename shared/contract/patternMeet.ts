/**
 * Where two sequences with stars meet: the one algorithm behind file patterns. A star stands for any number of
 * elements. It is used twice: for the characters of a segment (star `*`) and for the segments of a path
 * (star `**`).
 *
 * When both sequences have a star, only what stands before the first and after the last one can contradict:
 * whatever lies between fits into the stars. When one has none, its length is fixed, and placing the parts
 * between the other's stars as far left as they go is exact, because each element is met by itself. Hence no
 * search, and no pattern that takes for ever.
 */
export interface Meeting<A, W> {
  readonly isStar: (element: A) => boolean;
  /** What two elements, neither a star, have in common; undefined when nothing. */
  readonly both: (left: A, right: A) => W | undefined;
  /** What an element stands for when a star of the other side takes it. */
  readonly alone: (element: A) => W;
}

/** A sequence that both `left` and `right` stand for, or undefined when there is none. */
export const meet = <A, W>(
  left: ReadonlyArray<A>,
  right: ReadonlyArray<A>,
  on: Meeting<A, W>,
): ReadonlyArray<W> | undefined => {
  const stars = [left.findIndex(on.isStar), right.findIndex(on.isStar)] as const;
  if (stars[0] === -1 && stars[1] === -1) return meetFixed(left, right, on);
  if (stars[0] === -1) return place(right, left, on);
  if (stars[1] === -1) return place(left, right, on);
  const lastLeft = left.findLastIndex(on.isStar);
  const lastRight = right.findLastIndex(on.isStar);
  const head = overlay(left.slice(0, stars[0]), right.slice(0, stars[1]), on);
  const tail = overlay(left.slice(lastLeft + 1).reverse(), right.slice(lastRight + 1).reverse(), on);
  if (head === undefined || tail === undefined) return undefined;
  const middle = [...left.slice(stars[0], lastLeft), ...right.slice(stars[1], lastRight)];
  return [...head, ...middle.filter((element) => !on.isStar(element)).map(on.alone), ...tail.reverse()];
};

const meetFixed = <A, W>(left: ReadonlyArray<A>, right: ReadonlyArray<A>, on: Meeting<A, W>) =>
  left.length === right.length ? overlay(left, right, on) : undefined;

/** Element by element, the rest of the longer one by itself. */
const overlay = <A, W>(left: ReadonlyArray<A>, right: ReadonlyArray<A>, on: Meeting<A, W>) => {
  const common: Array<W> = [];
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const [a, b] = [left[at], right[at]];
    const found = a === undefined ? on.alone(b as A) : b === undefined ? on.alone(a) : on.both(a, b);
    if (found === undefined) return undefined;
    common.push(found);
  }
  return common;
};

/** Fits `starred` onto `fixed`, which has no star. */
const place = <A, W>(starred: ReadonlyArray<A>, fixed: ReadonlyArray<A>, on: Meeting<A, W>) => {
  const common: Array<W> = [];
  let next = 0;
  let star = -1;
  let resume = 0;
  for (let at = 0; at < fixed.length; ) {
    const element = starred[next];
    if (element !== undefined && on.isStar(element)) {
      star = next++;
      resume = at;
      continue;
    }
    const found = element === undefined ? undefined : on.both(element, fixed[at] as A);
    if (found !== undefined) {
      common[at++] = found;
      next++;
      continue;
    }
    if (star === -1) return undefined;
    // The last star takes one element more, and what follows it is tried again from there.
    common[resume] = on.alone(fixed[resume] as A);
    at = ++resume;
    next = star + 1;
  }
  return starred.slice(next).every(on.isStar) ? common : undefined;
};
