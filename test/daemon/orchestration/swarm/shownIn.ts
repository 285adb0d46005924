/** A model as it can be compared with another that came about in another way. */
import type { ProjectModel } from "../../../../extension/project/ProjectModel.ts";

export const shownIn = ({ seq: _, lines: __, ...model }: ProjectModel) => ({
  ...model,
  cells: Object.fromEntries(model.cells),
  swarms: Object.fromEntries(model.swarms),
  agents: Object.fromEntries(model.agents),
  leases: Object.fromEntries(model.leases),
});
