/** What `@vscode/test-electron` runs in the desktop's extension host: the checks that every VS Code must pass. */
import * as vscode from "vscode";
import { smokeChecks } from "../vscode/smokeChecks.ts";

export const run = async (): Promise<void> => {
  const failed: Array<string> = [];
  for (const [name, check] of Object.entries(smokeChecks)) {
    try {
      await check(vscode);
      console.log(`ok   ${name}`);
    } catch (cause) {
      console.log(`FAIL ${name}: ${cause instanceof Error ? cause.message : cause}`);
      failed.push(name);
    }
  }
  if (failed.length > 0) throw new Error(`${failed.length} of ${Object.keys(smokeChecks).length} failed`);
};
