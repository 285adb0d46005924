/** The view as it stands, for tests: what a person would see if every node were open. */
import type * as vscode from "vscode";
import type { HiveNode } from "./HiveNode.ts";

export interface HiveLine {
  readonly id: string;
  readonly label: string;
  readonly description: string;
  readonly words: string;
  readonly children: ReadonlyArray<HiveLine>;
}

export const hiveSnapshot = async (
  provider: vscode.TreeDataProvider<HiveNode>,
  node?: HiveNode,
): Promise<ReadonlyArray<HiveLine>> => {
  const children = (await provider.getChildren(node)) ?? [];
  return Promise.all(
    children.map(async (child) => {
      const { label, description, contextValue } = await provider.getTreeItem(child);
      return {
        id: child.id,
        label: String(label),
        description: String(description ?? ""),
        words: contextValue ?? "",
        children: await hiveSnapshot(provider, child),
      };
    }),
  );
};
