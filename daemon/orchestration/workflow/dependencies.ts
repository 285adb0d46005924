/**
 * The directed acyclic graph of a plan: which node waits for which, by position. Built on Effect's `Graph`;
 * an edge points from the node that comes first to the one that waits for it.
 */
import { Graph, Option } from "effect";

export type Dependencies = Graph.DirectedGraph<number, void>;

/** `dependencies[i]` are the positions that node `i` waits for; positions out of range are left out. */
export const dependencyGraph = (dependencies: ReadonlyArray<ReadonlyArray<number>>): Dependencies =>
  Graph.directed<number, void>((graph) => {
    const nodes = dependencies.map((_, index) => Graph.addNode(graph, index));
    dependencies.forEach((before, index) => {
      for (const position of before) {
        const from = nodes[position];
        const to = nodes[index];
        if (from !== undefined && to !== undefined) Graph.addEdge(graph, from, to, undefined);
      }
    });
  });

/** The nodes of one cycle in order, the first one repeated at the end, or undefined. */
export const findCycle = (graph: Dependencies): ReadonlyArray<number> | undefined =>
  Option.getOrUndefined(Graph.findCycle(graph))?.path;

/** True when one of the two must be finished before the other starts, even indirectly. */
export const areOrdered = (graph: Dependencies, a: number, b: number): boolean =>
  Graph.hasPath(graph, a, b) || Graph.hasPath(graph, b, a);
