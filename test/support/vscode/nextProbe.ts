/** The extension host that comes up by an act, which has to be one window's. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ProbeAddress } from "../../vscode/probe-extension/protocol.ts";
import { pause } from "../sandbox.ts";
import { Probe } from "./Probe.ts";

/** `folder` is the one that the probe extension was told of. */
export const nextProbe = async (folder: string, act: () => Promise<unknown>): Promise<Probe> => {
  const before = new Set(readdirSync(folder));
  await act();
  for (;;) {
    const file = readdirSync(folder).find((name) => name.endsWith(".json") && !before.has(name));
    if (file !== undefined)
      return new Probe(JSON.parse(readFileSync(join(folder, file), "utf8")) as ProbeAddress);
    await pause(25);
  }
};
