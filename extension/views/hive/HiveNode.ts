/**
 * What the Hive view is made of. A node is what commands of its context menu are given; it only names what it stands
 * for, so that it stays the same while that changes. There is one object for each node: the editor knows them by
 * identity.
 */

/** A cell of a project; `project` is the common git directory. Given to commands as well from elsewhere. */
export interface CellRef {
  readonly project: string;
  readonly cell: string;
}

export type HiveNode =
  /** Only where the window has several projects. */
  | { readonly kind: "project"; readonly id: string; readonly project: string }
  /** A plan is being made; `planning` names it. */
  | { readonly kind: "planning"; readonly id: string; readonly project: string; readonly planning: string }
  | ({ readonly kind: "cell"; readonly id: string } & CellRef)
  /** There are more below `parent` (the roots, when undefined) than are shown. */
  | {
      readonly kind: "more";
      readonly id: string;
      readonly project: string;
      readonly parent: string | undefined;
    };

export interface HiveNodes {
  readonly project: (project: string) => HiveNode;
  readonly planning: (project: string, planning: string) => HiveNode;
  readonly cell: (project: string, cell: string) => HiveNode;
  readonly more: (project: string, parent: string | undefined) => HiveNode;
}

export const hiveNodes = (): HiveNodes => {
  const known = new Map<string, HiveNode>();
  const one = (node: HiveNode): HiveNode => {
    const old = known.get(node.id);
    if (old !== undefined) return old;
    known.set(node.id, node);
    return node;
  };
  return {
    project: (project) => one({ kind: "project", id: nodeId("project", project, ""), project }),
    planning: (project, planning) =>
      one({ kind: "planning", id: nodeId("planning", project, planning), project, planning }),
    cell: (project, cell) => one({ kind: "cell", id: nodeId("cell", project, cell), project, cell }),
    more: (project, parent) =>
      one({ kind: "more", id: nodeId("more", project, parent ?? ""), project, parent }),
  };
};

/** No two nodes share one: an encoded path has no `/`, so that each part ends where it ends. */
const nodeId = (kind: HiveNode["kind"], project: string, rest: string): string =>
  `${kind}/${encodeURIComponent(project)}/${rest}`;
