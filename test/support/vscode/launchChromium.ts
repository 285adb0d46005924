/** The browser that VS Code is shown in. It reaches nothing but this machine. */
import { type Browser, chromium } from "playwright-core";
import { findChromium } from "./findChromium.ts";

const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];

export const launchChromium = (options: { readonly headless: boolean }): Promise<Browser> =>
  chromium.launch({ executablePath: findChromium(), args: flags, ...options });
