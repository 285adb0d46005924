/**
 * A binary heap from which any element can be taken, and which can be looked through in order without being changed.
 * What an element is ordered by must not change while it is in the queue.
 */
export interface PriorityQueue<T> {
  readonly size: () => number;
  readonly first: () => T | undefined;
  /** An element that is in the queue already stays where it is. */
  readonly add: (element: T) => void;
  readonly remove: (element: T) => void;
  /** In order, found as they are asked for: the first `n` of `m` cost about `n · log n`. */
  readonly inOrder: () => Generator<T, void>;
}

export const makePriorityQueue = <T>(before: (a: T, b: T) => boolean): PriorityQueue<T> => {
  const heap: Array<T> = [];
  const places = new Map<T, number>();

  const put = (element: T, at: number) => {
    heap[at] = element;
    places.set(element, at);
  };
  const up = (element: T, from: number) => {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(element, heap[parent]!)) break;
      put(heap[parent]!, at);
      at = parent;
    }
    put(element, at);
  };
  const down = (element: T, from: number) => {
    let at = from;
    for (;;) {
      const left = 2 * at + 1;
      if (left >= heap.length) break;
      const right = left + 1;
      const child = right < heap.length && before(heap[right]!, heap[left]!) ? right : left;
      if (!before(heap[child]!, element)) break;
      put(heap[child]!, at);
      at = child;
    }
    put(element, at);
  };

  return {
    size: () => heap.length,
    first: () => heap[0],
    add: (element) => {
      if (!places.has(element)) up(element, heap.length);
    },
    remove: (element) => {
      const at = places.get(element);
      if (at === undefined) return;
      places.delete(element);
      const last = heap.pop()!;
      if (at === heap.length) return;
      if (at > 0 && before(last, heap[(at - 1) >> 1]!)) up(last, at);
      else down(last, at);
    },
    *inOrder() {
      if (heap.length === 0) return;
      const edge = [0];
      while (edge.length > 0) {
        // Few are looked at, so a sorted list does.
        const at = edge.shift()!;
        yield heap[at]!;
        for (const child of [2 * at + 1, 2 * at + 2]) {
          if (child >= heap.length) continue;
          let place = edge.length;
          while (place > 0 && before(heap[child]!, heap[edge[place - 1]!]!)) place -= 1;
          edge.splice(place, 0, child);
        }
      }
    },
  };
};
