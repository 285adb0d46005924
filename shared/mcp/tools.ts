/** Every tool that we serve by MCP. */
import { hiveTools } from "./hiveTools.ts";
import { leaseTools } from "./leaseTools.ts";
import { mailTools } from "./mailTools.ts";
import type { Tool } from "./tool.ts";

export const tools: ReadonlyArray<Tool> = [...leaseTools, ...mailTools, ...hiveTools];

/** For the model, once, before any tool. */
export const instructions =
  "You share this repository with other agents and a person. Call agentmail_init first. Before you change files, reserve them with agentmail_reserve; release them with agentmail_release when you are done. Read agentmail_inbox between steps of your work. A call that says 'not yet' gives a ticket: do something else, and call again. Who you are follows from your session; you need not say it.";
