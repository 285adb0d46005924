/**
 * Offers our tools to the editor's own agent: our MCP server, from the bundle, for each project of the window. It is
 * one process a window, and so one agent: the editor does not say which of its chats calls.
 */
import { basename } from "node:path";
import * as vscode from "vscode";
import { cliCommand } from "../commands/runCli.ts";
import { asPlainText } from "../text/sanitise.ts";
import type { Vibe } from "../Vibe.ts";

export const mcpServers = ({ context, projects, probe }: Vibe): vscode.Disposable => {
  const changes = new vscode.EventEmitter<void>();
  let offered = "";
  // Not each time that a project is in another state: the editor would start its servers anew.
  const look = () => {
    const roots = projects.all().map(({ root }) => root);
    if (roots.join("\n") === offered) return;
    offered = roots.join("\n");
    changes.fire();
  };
  // There are no projects in Restricted Mode, so that nothing is started there.
  const servers = () =>
    projects.all().map(({ root }, _, all) => {
      const { program, args, env } = cliCommand(context, "mcp", "--project", root);
      const label = all.length === 1 ? "Vibe" : `Vibe (${asPlainText(basename(root))})`;
      const server = new vscode.McpStdioServerDefinition(label, program, args, env);
      server.version = context.extension.packageJSON.version;
      server.cwd = vscode.Uri.file(root);
      return server;
    });
  probe?.set("mcpServers", () =>
    servers().map(({ label, command, args, env }) => ({ label, command, args, env })),
  );
  return vscode.Disposable.from(
    changes,
    projects.onDidChangeProjects(look),
    vscode.lm.registerMcpServerDefinitionProvider("vibe.mcp", {
      onDidChangeMcpServerDefinitions: changes.event,
      provideMcpServerDefinitions: servers,
    }),
  );
};
