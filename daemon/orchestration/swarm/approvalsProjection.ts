/** What the person approved to run in a project, and what the checks said of a base. */
import type { Projection } from "../../primitives/Projection.ts";

export const approvalsProjection: Projection = {
  name: "approvals",
  version: 1,
  tables: [
    { name: "approved_checks", columns: { hash: "text", name: "text", text: "text" }, key: ["hash"] },
    {
      name: "base_results",
      columns: { tree: "text", checks: "text", results: "json" },
      key: ["tree", "checks"],
    },
  ],
  types: ["checks_approved", "base_checked"],
  apply: (event) => {
    switch (event.type) {
      case "checks_approved":
        return event.data.checks.map(({ hash, name, text }) => ({
          table: "approved_checks",
          key: { hash },
          set: { name, text },
        }));
      case "base_checked": {
        const { tree, checks, results } = event.data;
        return [{ table: "base_results", key: { tree, checks: checks.join(" ") }, set: { results } }];
      }
      default:
        return [];
    }
  },
};
