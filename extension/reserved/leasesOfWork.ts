/** The leases of which something else is to be said now, though they are the same: who works on them, and its title. */
import type { ModelChange, ProjectModel } from "../project/ProjectModel.ts";

export const leasesOfWork = (
  model: ProjectModel,
  { agents, cells }: Pick<ModelChange, "agents" | "cells">,
): ReadonlySet<string> => {
  const found = new Set<string>();
  if (agents.size === 0 && cells.size === 0) return found;
  for (const { lease, holder, cell, epic } of model.leases.values()) {
    const work = cell ?? epic;
    if (agents.has(holder) || (work !== undefined && cells.has(work))) found.add(lease);
    // An agent that ended is not in the model any more: whose cell it worked on is not known, so all of them count.
    else if (cell !== undefined && agents.size > 0) found.add(lease);
  }
  return found;
};
