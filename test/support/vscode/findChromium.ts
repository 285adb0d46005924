/** The browser that VS Code is shown in: the one that `CHROMIUM_EXECUTABLE` names, the system's, or Playwright's own. */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { chromium } from "playwright-core";

const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];

export const findChromium = (): string => {
  const named = process.env.CHROMIUM_EXECUTABLE;
  if (named !== undefined && named !== "") {
    if (existsSync(named)) return named;
    throw new Error(`CHROMIUM_EXECUTABLE names ${named}, which is not there.`);
  }
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  const places = [
    ...folders.flatMap((folder) => names.map((name) => join(folder, name))),
    chromium.executablePath(),
  ];
  const found = places.find((place) => existsSync(place));
  if (found !== undefined) return found;
  throw new Error(
    "This needs Chromium. Install it (on Debian: apt install chromium; anywhere: npx playwright-core install chromium), or set CHROMIUM_EXECUTABLE.",
  );
};
