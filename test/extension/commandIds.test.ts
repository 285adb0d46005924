/** The list of commands in the code and that in package.json are one list. */
import { readFileSync } from "node:fs";
import { assert, describe, it } from "vitest";
import { commandIds } from "../../extension/commands/commandIds.ts";

const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));

describe("commands", () => {
  it("are the same in package.json and in the code", () => {
    const declared = manifest.contributes.commands.map(({ command }: { command: string }) => command);
    assert.deepStrictEqual(declared.toSorted(), Object.values(commandIds).toSorted());
  });

  it("that a menu names are declared", () => {
    const named = Object.values<ReadonlyArray<{ command?: string }>>(manifest.contributes.menus).flatMap(
      (items) => items.flatMap(({ command }) => command ?? []),
    );
    for (const command of named) assert.include(Object.values(commandIds) as ReadonlyArray<string>, command);
  });
});
