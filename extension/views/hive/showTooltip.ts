/** A tooltip's parts as Markdown. What the parts say is appended as text, so nothing in it is read as markup. */
import * as vscode from "vscode";
import type { TooltipPart } from "./cellTooltip.ts";

export const showTooltip = (parts: ReadonlyArray<TooltipPart>): vscode.MarkdownString => {
  const tooltip = new vscode.MarkdownString();
  tooltip.supportThemeIcons = false;
  tooltip.isTrusted = false;
  let before: TooltipPart["kind"] | undefined;
  for (const part of parts) {
    // Facts are one paragraph, each on a line of its own.
    if (before !== undefined)
      tooltip.appendMarkdown(before === "fact" && part.kind === "fact" ? "  \n" : "\n\n");
    before = part.kind;
    switch (part.kind) {
      case "title":
        tooltip.appendMarkdown("**").appendText(part.text).appendMarkdown("**");
        break;
      case "text":
        tooltip.appendText(part.text);
        break;
      case "fact":
        tooltip.appendText(`${part.name}: ${part.text}`);
        break;
      case "list":
        tooltip.appendText(`${part.name}:`);
        for (const item of part.items) tooltip.appendMarkdown("\n- ").appendText(item);
        break;
    }
  }
  return tooltip;
};
